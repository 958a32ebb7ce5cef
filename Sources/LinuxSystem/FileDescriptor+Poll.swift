internal import Glibc

extension FileDescriptor {
  /// What to wait for.
  public enum Readiness: Sendable {
    case readable
    case writable
  }

  /// Waits until the descriptor is ready, or has failed; `false` when `timeout` passes first.
  public func wait(for readiness: Readiness, timeout: Duration) throws(SystemError) -> Bool {
    let deadline = ContinuousClock.now + timeout
    while true {
      let (seconds, fraction) = max(.zero, ContinuousClock.now.duration(to: deadline)).components
      let milliseconds = seconds * 1000 + (fraction + 999_999_999_999_999) / 1_000_000_000_000_000
      var entry = pollfd(fd: rawValue, events: Int16(readiness == .readable ? POLLIN : POLLOUT), revents: 0)
      let count = poll(&entry, 1, Int32(clamping: milliseconds))
      let code = errno
      if count > 0 { return true }
      if count == 0 { return false }
      // Unlike other calls poll must not simply be repeated: the time already waited counts.
      if code != EINTR { throw SystemError(operation: "poll", code: code) }
    }
  }
}
