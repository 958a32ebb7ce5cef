import Synchronization
import Wire

/// Nanoseconds since the rack's power came.
public typealias Nanoseconds = Int64

let microsecond: Nanoseconds = 1000
let millisecond: Nanoseconds = 1_000_000
let second: Nanoseconds = 1_000_000_000

/// Virtual time as the parts under test want it. All begin at the same moment, so only differences matter.
final class VirtualTime: Sendable {
  private static let origin = ContinuousClock.now
  private static let wallOrigin: Int64 = 1_800_000_000_000

  private let nanoseconds = Atomic<Int64>(0)

  var now: Nanoseconds {
    get { nanoseconds.load(ordering: .relaxed) }
    set { nanoseconds.store(newValue, ordering: .relaxed) }
  }

  /// For what measures.
  var instant: ContinuousClock.Instant { Self.instant(now) }
  /// For what outlives the process.
  var timestamp: Timestamp { Self.timestamp(now) }

  static func instant(_ time: Nanoseconds) -> ContinuousClock.Instant { origin + .nanoseconds(time) }
  static func timestamp(_ time: Nanoseconds) -> Timestamp {
    Timestamp(milliseconds: wallOrigin + time / millisecond)
  }

  /// Rounded up: a timer that fires before its deadline is set for the same moment again, for ever.
  static func nanoseconds(_ instant: ContinuousClock.Instant) -> Nanoseconds {
    let parts = (instant - origin).components
    return parts.seconds * second + (parts.attoseconds + 999_999_999) / 1_000_000_000
  }

  static func nanoseconds(_ timestamp: Timestamp) -> Nanoseconds {
    (timestamp.milliseconds - wallOrigin) * millisecond
  }
}
