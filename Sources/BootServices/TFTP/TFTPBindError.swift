import LinuxSystem
public import NIOCore

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Why the service cannot listen, in one line that says what to do.
public struct TFTPBindError: Error, CustomStringConvertible {
  public let address: SocketAddress

  /// The operating system's error number.
  public let errno: CInt

  public let description: String

  init(_ error: SystemError, listeningOn address: SocketAddress) {
    let errno = error.code
    self.address = address
    self.errno = errno
    let place = "UDP port \(address.port ?? 0) of \(address.ipAddress ?? "\(address)")"
    self.description =
      switch errno {
      case EADDRINUSE:
        "\(place) is in use: stop the other TFTP server (ss -lunp sport = \(address.port ?? 0) shows it)"
      case EACCES, EPERM:
        "not permitted to listen on \(place): run as root or grant CAP_NET_BIND_SERVICE"
      case EADDRNOTAVAIL:
        "cannot listen on \(place): no interface has this address"
      default:
        "cannot listen on \(place): \(error)"
      }
  }
}
