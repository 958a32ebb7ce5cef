import FoundationEssentials
import Wire

/// How long ago, as kubectl writes it: `42s`, `5m`, `3h`, `12d`.
enum Age {
  static func text(of duration: Duration) -> String {
    let seconds = max(0, duration.components.seconds)
    return switch seconds {
    case ..<120: "\(seconds)s"
    case ..<7200: "\(seconds / 60)m"
    case ..<172_800: "\(seconds / 3600)h"
    default: "\(seconds / 86_400)d"
    }
  }
}

extension Timestamp {
  /// The wall clock.
  static var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}
