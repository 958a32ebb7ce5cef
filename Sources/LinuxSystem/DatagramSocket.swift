internal import CLinux
internal import Glibc
public import Wire

/// A UDP socket bound to a port of one interface, for sending.
public struct DatagramSocket: ~Copyable, Sendable {
  private let descriptor: FileDescriptor

  public init(port: UInt16, interface: NetworkInterface) throws(SystemError) {
    let socket = try FileDescriptor.socket(domain: AF_INET, type: Int32(SOCK_DGRAM.rawValue))
    try systemCall("SO_BINDTODEVICE", interface.name) {
      setsockopt(
        socket.rawValue, SOL_SOCKET, SO_BINDTODEVICE, interface.name, socklen_t(interface.name.utf8.count))
    }
    var address = sockaddr(.any, port: port)
    try systemCall("bind", "\(interface.name):\(port)") {
      bind(socket.rawValue, &address, socklen_t(MemoryLayout<sockaddr>.size))
    }
    descriptor = socket
  }

  /// Sends one datagram.
  public func send(_ bytes: [UInt8], to address: IPv4Address, port: UInt16) throws(SystemError) {
    var target = sockaddr(address, port: port)
    try systemCall("sendto", "\(address):\(port)") {
      sendto(descriptor.rawValue, bytes, bytes.count, 0, &target, socklen_t(MemoryLayout<sockaddr>.size))
    }
  }
}
