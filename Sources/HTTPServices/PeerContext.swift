import Hummingbird
import NIOCore
import Wire

/// A request's context: who is at the two ends of its connection.
struct PeerContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// The connection.
  let channel: any Channel
  /// The client's address; `nil` on a Unix socket.
  let client: IPAddress?
  /// The address and port the client connected to; `nil` on a Unix socket.
  let local: Endpoint?

  /// Whether the client came by IPv6.
  var isIPv6: Bool {
    if case .v6? = client { true } else { false }
  }

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
    client = source.channel.remoteAddress.flatMap { Endpoint($0)?.address }
    local = source.channel.localAddress.flatMap { Endpoint($0) }
  }
}

extension Endpoint {
  /// The IP endpoint of a socket, or `nil`.
  init?(_ address: SocketAddress) {
    // The C library writes the zone behind a link-local address, `fe80::1%eth0`, in some places.
    guard let text = address.ipAddress, let host = IPAddress(text.prefix { $0 != "%" }), let port = address.port,
      let port = UInt16(exactly: port)
    else { return nil }
    self.init(address: host, port: port)
  }
}
