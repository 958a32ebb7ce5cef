import LinuxSystem
import Synchronization

/// Tells a listener's thread, from any other, to end.
final class TFTPShutdown: Sendable {
  enum Manner: Int, Sendable {
    case none

    /// Take no requests, let transfers end.
    case graceful

    /// End them now.
    case immediate
  }

  private let event: EventDescriptor
  private let manner = Mutex(Manner.none)

  init() throws(SystemError) { event = try EventDescriptor() }

  /// What can be read when there is something to take.
  var descriptor: Int32 { event.rawValue }

  func begin(_ manner: Manner) {
    self.manner.withLock { $0 = manner.rawValue > $0.rawValue ? manner : $0 }
    event.signal()
  }

  func take() -> Manner {
    event.take()
    return manner.withLock { $0 }
  }
}
