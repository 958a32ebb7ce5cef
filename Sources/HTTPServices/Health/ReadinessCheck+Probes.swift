import NIOCore
import NIOPosix
import Wire

extension ReadinessCheck {
  /// That a `GET` there is answered with 200, in the daemon's own process as from outside.
  public static func http(_ endpoint: Endpoint, path: String = "/boot.ipxe") -> ReadinessCheck {
    let reachable = endpoint.address.isUnspecified ? Endpoint(address: .loopback, port: endpoint.port) : endpoint
    return ReadinessCheck("TCP \(endpoint)") {
      await probe(path) { bootstrap, initializer in
        try await bootstrap.connect(
          host: reachable.address.description, port: Int(reachable.port), channelInitializer: initializer)
      }
    }
  }

  /// The same over a Unix socket.
  public static func http(socketPath: String, path: String = "/version") -> ReadinessCheck {
    ReadinessCheck(socketPath) {
      await probe(path) { bootstrap, initializer in
        try await bootstrap.connect(unixDomainSocketPath: socketPath, channelInitializer: initializer)
      }
    }
  }

  private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>
  private typealias Initializer = @Sendable (any Channel) -> EventLoopFuture<Connection>

  private static func probe(
    _ path: String, connect: (ClientBootstrap, @escaping Initializer) async throws -> Connection
  ) async -> String? {
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(1))
    do {
      let connection = try await connect(bootstrap) { channel in
        channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
      }
      return try await connection.executeThenClose { inbound, outbound in
        try await outbound.write(
          ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        var answer = ByteBuffer()
        let wanted = "HTTP/1.1 200"
        for try await bytes in inbound where answer.readableBytes < wanted.utf8.count {
          answer.writeImmutableBuffer(bytes)
        }
        return answer.readString(length: wanted.utf8.count) == wanted ? nil : "it answers, but not with 200"
      }
    } catch {
      return "nothing answers"
    }
  }
}
