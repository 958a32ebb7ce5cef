import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization
import Wire

/// The same answers on one or several TCP addresses, within ``ConnectionLimits``.
struct HTTPListener: Sendable {
  let addresses: [IPAddress]
  /// 0: any that is free, for tests.
  let port: UInt16
  let limits: ConnectionLimits
  let logger: Logger
  /// What TLS shows; `nil`: none.
  var tls: TLSIdentity?
  /// Called once, when every address listens.
  let onListening: @Sendable ([Endpoint]) async -> Void

  /// Connections that are not accepted yet: a client that finds no room there tries again after a whole second.
  private static let backlog: Int32 = 1024
  /// Connections that are accepted at a time, before what came on others is looked at. There may be as many more than
  /// ``ConnectionLimits/connections``.
  private static let accepted: UInt = 64

  /// Serves until graceful shutdown, when requests under way are finished.
  /// - Throws: ``ListenError``
  func run(_ responder: some HTTPResponder<PeerContext>) async throws {
    let listening = Listening(expected: addresses.count)
    let table = ConnectionTable(limit: limits.connectionsPerClient)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for address in addresses {
        group.addTask {
          try await serve(responder, on: address, table: table) { endpoint in
            if let all = listening.add(endpoint) { await onListening(all) }
          }
        }
      }
      // The first that fails ends the others.
      while try await group.next() != nil {}
    }
  }

  private func serve(
    _ responder: some HTTPResponder<PeerContext>, on address: IPAddress, table: ConnectionTable,
    whenListening: @escaping @Sendable (Endpoint) async -> Void
  ) async throws {
    let wanted = Endpoint(address: address, port: port)
    let group = MultiThreadedEventLoopGroup.singleton
    let connections = ServerQuiescingHelper(group: group)
    let respond: HTTPConnection.Responder = { [logger] request, channel in
      let context = PeerContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
      do {
        return try await responder.respond(to: request, context: context)
      } catch {
        // The router turns every error of a handler into an answer: what comes here is a broken connection.
        return Response(status: .badRequest, headers: [.connection: "close"])
      }
    }
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Self.backlog)
      .serverChannelOption(.maxMessagesPerRead, value: Self.accepted)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { [limits] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandlers([
            AvailableConnectionsChannelHandler(maxConnections: limits.connections),
            connections.makeServerChannelHandler(channel: channel),
          ])
        }
      }
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try setUp(channel, table, respond) }
      }
    let channel: any Channel
    do {
      channel = try await bootstrap.bind(host: address.description, port: Int(port)).get()
    } catch let error as IOError {
      throw ListenError(wanted, error)
    }
    let ended = channel.eventLoop.makePromise(of: Void.self)
    try await withTaskCancellationHandler {
      try await withGracefulShutdownHandler {
        await whenListening(channel.localAddress.flatMap { Endpoint($0) } ?? wanted)
        try await ended.futureResult.get()
      } onGracefulShutdown: {
        connections.initiateShutdown(promise: ended)
      }
    } onCancel: {
      connections.initiateShutdown(promise: ended)
    }
  }

  private func setUp(_ channel: any Channel, _ table: ConnectionTable, _ respond: @escaping HTTPConnection.Responder)
    throws
  {
    var decoder = NIOHTTPDecoderLimitConfiguration()
    decoder.maxHeaderFieldSize = limits.headerBytes
    decoder.maxHeaderListSize = limits.headerBytes
    decoder.maxHeaderFieldCount = limits.headerFields
    let pipeline = channel.pipeline.syncOperations
    if let tls { try pipeline.addHandler(try tls.handler()) }
    try pipeline.addHandlers([
      FileSender(), HTTPResponseEncoder(),
      ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoder)),
      HTTPConnection(channel.eventLoop, limits: limits, table: table, respond: respond),
    ])
  }
}

/// Collects what listens, until all of it does.
private final class Listening: Sendable {
  private let endpoints = Mutex<[Endpoint]>([])
  private let expected: Int

  init(expected: Int) { self.expected = expected }

  /// All of them, by address, when this was the last.
  func add(_ endpoint: Endpoint) -> [Endpoint]? {
    endpoints.withLock { endpoints in
      endpoints.append(endpoint)
      return endpoints.count == expected ? endpoints.sorted { $0.address < $1.address } : nil
    }
  }
}
