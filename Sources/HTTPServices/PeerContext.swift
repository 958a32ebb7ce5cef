import Glibc
import Hummingbird
import NIOCore
import Wire

/// A request's context: who is at the two ends of its connection.
struct PeerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The connection.
  let channel: any Channel
  /// The client's address; `nil` on a Unix socket.
  let client: IPv4Address?
  /// The address and port the client connected to; `nil` on a Unix socket.
  let local: Endpoint?

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
    client = source.channel.remoteAddress.flatMap { Endpoint($0)?.address }
    local = source.channel.localAddress.flatMap { Endpoint($0) }
  }
}

extension Endpoint {
  /// The IPv4 endpoint of a socket, or `nil`.
  init?(_ address: SocketAddress) {
    guard case .v4(let address) = address else { return nil }
    self.init(
      address: IPv4Address(rawValue: UInt32(bigEndian: address.address.sin_addr.s_addr)),
      port: UInt16(bigEndian: address.address.sin_port))
  }
}
