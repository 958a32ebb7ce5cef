internal import CLinux
internal import Glibc

/// A descriptor that any thread can make readable, to wake the one that polls it: eventfd(2).
public final class EventDescriptor: Sendable {
  private let descriptor: FileDescriptor

  /// Opens one, not signalled, non-blocking.
  public init() throws(SystemError) {
    descriptor = FileDescriptor(
      owning: try systemCall("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) })
  }

  /// The number to poll for reading. It stays ours: never close it.
  public var rawValue: Int32 { descriptor.rawValue }

  /// Makes it readable. It never blocks: signals that were not taken yet count as one.
  public func signal() { _ = eventfd_write(descriptor.rawValue, 1) }

  /// Takes the signals that came, so that it is no longer readable. Whether there were any.
  @discardableResult
  public func take() -> Bool {
    var count: eventfd_t = 0
    return eventfd_read(descriptor.rawValue, &count) == 0
  }
}
