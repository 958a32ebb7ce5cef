internal import CLinux
internal import Glibc

/// A descriptor that becomes readable at a time, for those who wait for descriptors: timerfd(2).
public struct TimerDescriptor: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  /// Opens one that is not set.
  public init() throws(SystemError) {
    descriptor = FileDescriptor(owning: try systemCall("timerfd_create") { clinux_timer_create() })
  }

  /// The number to poll. It stays ours: never close it.
  public var rawValue: Int32 { descriptor.rawValue }

  /// Becomes readable once, in so long from now; the time set before no longer counts.
  public func set(in delay: Duration) {
    let nanoseconds = Int64(min(max(.zero, delay), .seconds(86_400)) / .nanoseconds(1))
    // Fails for no descriptor and no time.
    _ = clinux_timer_set(descriptor.rawValue, nanoseconds)
  }

  /// Takes it, so that it is no longer readable.
  public func take() {
    var count: UInt64 = 0
    _ = read(descriptor.rawValue, &count, MemoryLayout<UInt64>.size)
  }
}
