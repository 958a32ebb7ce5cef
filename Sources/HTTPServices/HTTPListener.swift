import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
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
    let server = HTTPServer(
      address: .hostname(address.description, port: Int(port)),
      channel: .init(
        additionalChannelHandlers: [ConnectionGuard(limits: limits, table: table)],
        idleTimeout: limits.idle,
        httpDecoderConfiguration: .init(
          maxHeaderFieldSize: limits.headerBytes, maxHeaderListSize: limits.headerBytes,
          maxHeaderFieldCount: limits.headerFields)),
      stall: limits.stall, tls: tls, connections: limits.connections, logger: logger)
    do {
      try await server.run(responder) { channel in
        await whenListening(channel.localAddress.flatMap { Endpoint($0) } ?? wanted)
      }
    } catch let error as IOError {
      throw ListenError(wanted, error)
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
