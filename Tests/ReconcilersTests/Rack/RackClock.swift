import Synchronization
import Wire

/// Virtual time.
final class RackClock: Sendable {
  private let seconds = Mutex<Int64>(1_800_000_000)
  private let origin = ContinuousClock.now

  var now: Timestamp { Timestamp(seconds: seconds.withLock { $0 }) }
  var instant: ContinuousClock.Instant { origin + .seconds(seconds.withLock { $0 }) }

  func advance(to other: ContinuousClock.Instant) {
    let target = (other - origin).components
    seconds.withLock { $0 = max($0, target.seconds + (target.attoseconds > 0 ? 1 : 0)) }
  }
}
