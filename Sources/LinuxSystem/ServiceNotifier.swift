internal import CLinux
internal import Glibc

/// Tells systemd how the service is: the datagrams of sd_notify(3), without libsystemd.
///
/// Started with `NOTIFY_SOCKET` unset (by hand, in a test) it says nothing, so callers need not ask.
public struct ServiceNotifier: Sendable {
  /// One line of a notification.
  public enum State: Hashable, Sendable {
    /// `READY=1`: every enabled listener answers.
    case ready
    /// `STOPPING=1`: shutting down has begun.
    case stopping
    /// `WATCHDOG=1`: still alive.
    case watchdog
    /// `STATUS=…`: one line that `systemctl status` shows.
    case status(String)

    fileprivate var line: String {
      switch self {
      case .ready: "READY=1"
      case .stopping: "STOPPING=1"
      case .watchdog: "WATCHDOG=1"
      case .status(let text): "STATUS=" + String(text.map { $0.isNewline ? " " : $0 })
      }
    }
  }

  private let socketPath: String

  /// - Parameter socketPath: the value of `NOTIFY_SOCKET`: a path, or `@name` in the abstract namespace.
  public init(socketPath: String?) { self.socketPath = socketPath ?? "" }

  /// Whether somebody listens.
  public var isEnabled: Bool { !socketPath.isEmpty }

  /// Sends the states as one datagram.
  public func notify(_ states: State...) throws(SystemError) {
    guard isEnabled else { return }
    var address = sockaddr_un()
    var path = Array(socketPath.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else {
      throw SystemError(operation: "sd_notify", subject: socketPath, code: ENAMETOOLONG)
    }
    if path.first == UInt8(ascii: "@") { path[0] = 0 }
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)

    let socket = try FileDescriptor.socket(domain: AF_UNIX, type: Int32(SOCK_DGRAM.rawValue))
    let message = Array(states.map(\.line).joined(separator: "\n").utf8)
    try systemCall("sd_notify", socketPath) {
      withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          sendto(socket.rawValue, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
        }
      }
    }
  }
}
