import Glibc
import NIOCore

/// Asks the kernel whether it has a way to an address, without sending anything.
///
/// Sending where there is none is an error that closes the socket, which is every BMC's. And it is an answer at once
/// instead of a timeout.
struct RouteProbe: ~Copyable {
  private let ipv4 = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  private let ipv6 = socket(AF_INET6, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)

  deinit {
    if ipv4 >= 0 { close(ipv4) }
    if ipv6 >= 0 { close(ipv6) }
  }

  /// Why nothing can be sent there; `nil` when it can.
  func objection(to address: SocketAddress) -> String? {
    guard address.port != 0 else { return "port 0" }
    guard !address.isMulticast else { return "it is a multicast address" }
    let descriptor = address.protocol == .inet6 ? ipv6 : ipv4
    guard descriptor >= 0 else { return nil }
    let (result, code) = address.withSockAddr { pointer, size in
      let result = connect(descriptor, pointer, socklen_t(size))
      return (result, errno)
    }
    return result == 0 ? nil : String(cString: strerror(code)).lowercased()
  }
}
