import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// One listening socket and what answers on it: Hummingbird's server without its `Application`, whose second group of
/// services and timer each listener would bring along.
struct HTTPServer: Sendable {
  let address: BindAddress
  let channel: HTTP1Channel.Configuration
  /// Connections at a time; the others wait in the kernel's backlog.
  let connections: Int
  let logger: Logger

  /// Connections that are not accepted yet: a client that finds no room there tries again after a whole second.
  private static let backlog = 1024

  /// Serves until graceful shutdown, when requests under way are finished, or cancellation.
  /// - Throws: `IOError` when the address cannot be listened on.
  func run(
    _ responder: some HTTPResponder<PeerContext>, onListening: @escaping @Sendable (any Channel) async -> Void
  ) async throws {
    let builder = HTTPServerBuilder { [channel] responder in
      HTTP1Channel(responder: responder, configuration: channel)
    }
    let server = try builder.buildServer(
      configuration: ServerConfiguration(
        address: address, backlog: Self.backlog,
        availableConnectionsDelegate: .maximum(connections, logger: logger)),
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
      responder: { [logger] request, writer, channel in
        let context = PeerContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
        var response: Response
        do {
          response = try await responder.respond(to: request, context: context)
        } catch {
          // The router turns every error of a handler into an answer: what comes here is a broken connection.
          response = Response(status: .badRequest, headers: [.connection: "close"])
        }
        response.headers[.date] = HTTPDate.now
        try await writer.write(response: response.head, body: response.body)
      },
      onServerRunning: onListening)
    try await server.run()
  }
}
