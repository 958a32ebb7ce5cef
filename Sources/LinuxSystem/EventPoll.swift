internal import CLinux
internal import Glibc

/// Says which of many descriptors can be read: epoll(7), level-triggered, so what was left is told again, in turn.
public struct EventPoll: ~Copyable, Sendable {
  /// The most told by one call.
  public static let mostEvents = Int(CLINUX_MOST_DATAGRAMS)

  private let descriptor: FileDescriptor

  public init() throws(SystemError) {
    descriptor = FileDescriptor(owning: try systemCall("epoll_create1") { clinux_poll_create() })
  }

  /// Watches a descriptor until it is closed; `number` is what ``wait(milliseconds:into:)`` tells.
  public func add(_ descriptor: Int32, number: Int) throws(SystemError) {
    try systemCall("epoll_ctl") { clinux_poll_add(self.descriptor.rawValue, descriptor, UInt64(number)) }
  }

  /// Waits until something can be read, or, if not `nil`, the time has passed.
  ///
  /// - Parameter numbers: as many as may be told, at most ``mostEvents``; so many as is returned are filled in.
  public func wait(milliseconds: Int32?, into numbers: inout [UInt64]) throws(SystemError) -> Int {
    let count = clinux_poll_wait(descriptor.rawValue, &numbers, Int32(clamping: numbers.count), milliseconds ?? -1)
    let code = errno
    if count >= 0 { return Int(count) }
    // A signal counts as nothing to read: whoever waits in a loop knows how long still.
    if code == EINTR { return 0 }
    throw SystemError(operation: "epoll_wait", code: code)
  }
}
