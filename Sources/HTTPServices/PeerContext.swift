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
    guard case .v4 = address, let host = address.ipAddress.flatMap({ IPv4Address($0) }), let port = address.port,
      let port = UInt16(exactly: port)
    else { return nil }
    self.init(address: host, port: port)
  }
}
