import Glibc
import NIOCore

/// Why a listener did not start: one line that says what to do.
public struct ListenError: Error, Sendable, CustomStringConvertible {
  /// `TCP 10.0.0.1:8081`, `/run/siderite/admin.sock`
  public var listener: String
  /// The errno of the failed call; 0 when it was not a call that failed.
  public var errno: Int32
  public var message: String

  public var description: String { "cannot listen on \(listener): \(message)" }

  init(listener: String, errno: Int32 = 0, message: String) {
    self.listener = listener
    self.errno = errno
    self.message = message
  }

  init(_ endpoint: Endpoint, _ error: IOError) {
    let message =
      switch error.errnoCode {
      case EADDRINUSE: "another program uses the port: find it with ss -ltnp 'sport = :\(endpoint.port)'"
      case EADDRNOTAVAIL: "no interface of this host has that address"
      case EACCES: "not permitted: run as root or with CAP_NET_BIND_SERVICE"
      default: String(cString: strerror(error.errnoCode))
      }
    self.init(listener: "TCP \(endpoint)", errno: error.errnoCode, message: message)
  }
}
