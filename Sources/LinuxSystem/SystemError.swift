internal import Glibc

/// A system call that failed: what was tried, on what, and the error number the kernel gave.
public struct SystemError: Error, Hashable, Sendable {
  /// The call, `open` or `SIOCSIFADDR`, fixed text that can be searched for.
  public let operation: String

  /// What it was done to: a path, an interface, an address. Empty when there is nothing to name.
  public let subject: String

  /// The error number, `errno` right after the call.
  public let code: Int32

  public init(operation: StaticString, subject: String = "", code: Int32) {
    self.operation = operation.description
    self.subject = subject
    self.code = code
  }

  /// The thing does not exist.
  public var isNotFound: Bool { code == ENOENT || code == ENODEV || code == ENXIO }

  /// A time limit passed (`SO_RCVTIMEO`, `SO_SNDTIMEO`, `poll`).
  public var isTimeout: Bool { code == EAGAIN || code == ETIMEDOUT || code == EINPROGRESS }
}

extension SystemError: CustomStringConvertible {
  /// `open /dev/kmsg: Permission denied`
  public var description: String {
    let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
    return "\(operation)\(subject.isEmpty ? "" : " " + subject): \(reason)"
  }
}

/// Makes one system call, again for as long as a signal interrupts it, and turns -1 into an error.
///
/// The one place that retries EINTR. Not for `close`, which has closed the descriptor even then.
@discardableResult
func systemCall<Result: SignedInteger>(
  _ operation: StaticString, _ subject: @autoclosure () -> String = "", _ call: () -> Result
) throws(SystemError) -> Result {
  while true {
    let result = call()
    let code = errno
    if result != -1 { return result }
    if code != EINTR { throw SystemError(operation: operation, subject: subject(), code: code) }
  }
}
