internal import Glibc
public import LinuxSystem
public import Wire

/// Keeps a UDP port of one address on one interface open without reading it.
///
/// The link reads below the socket layer, so without this the kernel would find nobody at the port and answer unicast
/// requests with ICMP "port unreachable", on which clients give up. What the socket receives is thrown away.
///
/// Bound to address and interface, with `SO_REUSEADDR`, it takes nothing from a server of this host that has the port
/// on other interfaces or all addresses, except what is unicast to this very address.
public final class PortKeeper: Sendable {
  private let socket: FileDescriptor

  /// - Throws: ``SystemError``: when another server holds the port for itself, which then answers for it just as well.
  public init(port: UInt16, of address: IPv4Address, on interface: String) throws(SystemError) {
    let socket = try FileDescriptor.socket(domain: AF_INET, type: Int32(SOCK_DGRAM.rawValue))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = address.rawValue.bigEndian
    guard Self.set(SO_REUSEADDR, to: 1, of: socket), Self.set(SO_RCVBUF, to: 0, of: socket),
      setsockopt(socket.rawValue, SOL_SOCKET, SO_BINDTODEVICE, interface, socklen_t(interface.utf8.count)) == 0,
      withUnsafePointer(
        to: &name,
        { pointer in
          pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(socket.rawValue, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
          }
        }) == 0
    else {
      throw SystemError(operation: "keeping UDP port", subject: "\(port) of \(address) on \(interface)", code: errno)
    }
    self.socket = socket
  }

  private static func set(_ option: Int32, to value: Int32, of socket: borrowing FileDescriptor) -> Bool {
    var value = value
    return setsockopt(socket.rawValue, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Int32>.size)) == 0
  }
}
