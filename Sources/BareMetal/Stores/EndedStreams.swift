import Synchronization

/// Which streams have ended, for an owner that yields to its streams under a lock.
///
/// A task that is cancelled calls the `onTermination` of the stream that it reads with the runtime's lock of that task held,
/// and a yield to a waiting task takes the same lock. So a handler must never wait for the lock that its stream is yielded
/// to under: it leaves a note here instead, and the owner forgets the stream when it next holds its own lock.
public final class EndedStreams: Sendable {
  private let keys = Mutex<[UInt64]>([])

  public init() {}

  /// Called by the stream's `onTermination`, once.
  public func note(_ key: UInt64) { keys.withLock { $0.append(key) } }

  /// Those noted since the last time.
  public func take() -> [UInt64] {
    keys.withLock { keys in
      defer { keys.removeAll() }
      return keys
    }
  }
}
