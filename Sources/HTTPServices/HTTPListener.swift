import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Wire

/// The same answers on one or several TCP addresses, within ``ConnectionLimits``.
struct HTTPListener: Sendable {
  let addresses: [IPv4Address]
  /// 0: any that is free, for tests.
  let port: UInt16
  let limits: ConnectionLimits
  let logger: Logger
  /// Called once, when every address listens.
  let onListening: @Sendable ([Endpoint]) async -> Void

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
      try await group.waitForAll()
    }
  }

  private func serve(
    _ responder: some HTTPResponder<PeerContext>, on address: IPv4Address, table: ConnectionTable,
    whenListening: @escaping @Sendable (Endpoint) async -> Void
  ) async throws {
    let (limits, fallback) = (limits, Endpoint(address: address, port: port))
    let application = Application(
      responder: responder,
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [
            IdleStateHandler(allTimeout: limits.stall), ConnectionGuard(limits: limits, table: table),
          ],
          idleTimeout: limits.idle,
          httpDecoderConfiguration: .init(
            maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
            maxHeaderFieldCount: limits.headerFields))),
      configuration: .init(
        address: .hostname(address.description, port: Int(port)),
        availableConnectionsDelegate: .maximum(limits.connections, logger: logger)),
      onServerRunning: { channel in
        await whenListening(channel.localAddress.flatMap { Endpoint($0) } ?? fallback)
      },
      logger: logger)
    do {
      try await application.run()
    } catch let error as IOError {
      throw ListenError(fallback, error)
    }
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
