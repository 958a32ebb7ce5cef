import BareMetal
import Synchronization
import Wire

/// Which management controllers did not say whether their machine is on, and when they may be asked again: a rack whose
/// management network is down must not keep all hands busy with waiting.
///
/// In memory only: after a restart everybody is asked once. As many at most as there are Servers.
final class PowerQuestions: Sendable {
  /// After the first silence, doubled for each in a row, up to the longest.
  private static let first = Duration.seconds(30)
  private static let longest = Duration.seconds(600)

  private let silent = Mutex<[String: (failures: Int, notBefore: Timestamp)]>([:])

  /// How long it is too early to ask; `nil`: ask.
  func delay(_ name: String, now: Timestamp) -> Duration? {
    silent.withLock { $0[name].flatMap { $0.notBefore > now ? $0.notBefore.since(now) : nil } }
  }

  /// - Returns: when to ask again.
  func failed(_ name: String, now: Timestamp) -> Duration {
    silent.withLock { silent in
      let failures = silent[name]?.failures ?? 0
      let delay = min(Self.longest, Self.first * (1 << min(failures, 10)))
      silent[name] = (failures + 1, now.advanced(bySeconds: delay.components.seconds))
      return delay
    }
  }

  func forget(_ name: String) { silent.withLock { _ = $0.removeValue(forKey: name) } }
}
