import LinuxSystem
import NIOCore

extension SocketEndpoint {
  /// `nil` for a Unix domain socket.
  init?(_ address: SocketAddress) {
    self.init(socketAddressBytes: address.withSockAddr { Array(UnsafeRawBufferPointer(start: $0, count: $1)) })
  }

  /// The same for those who speak NIO. An endpoint is always an IP address, so there always is one.
  var socketAddress: SocketAddress? {
    try? SocketAddress(packedIPAddress: ByteBuffer(bytes: addressBytes), port: Int(port))
  }
}
