import BareMetal
import HTTPTypes
import Hummingbird
import Synchronization

extension AdminAPI {
  /// `POST /servers/{name}/console`: what the machine writes, a ``ConsoleOutput`` a line after ``ConsoleOpened``, until
  /// either side ends it. With the stream goes the console.
  func openConsole(_ request: Request, _ context: PeerContext) async throws -> Response {
    var request = request
    let order: ConsoleOrder = try await request.json(limit: Limits.setting)
    let name = try await serverName(context)
    let console: any SerialConsole
    do {
      console = try await servers.openConsole(of: name, takingOver: order.takeOver ?? false)
    } catch {
      throw Refusal(error)
    }
    guard let lease = consoles.add(console) else {
      await console.close()
      throw Refusal(
        .serviceUnavailable, "\(ConsoleTable.limit) consoles are open already",
        retryAfterSeconds: Refusal.storeRetrySeconds)
    }
    return stream(request) { write in
      do {
        try await write(ConsoleOpened(console: lease.id))
        for await output in console.output { try await write(output) }
      } catch {
        await lease.close()
        throw error
      }
      await lease.close()
    }
  }

  /// `POST /consoles/{id}/input`: what was typed.
  func type(_ request: Request, _ context: PeerContext) async throws -> Response {
    var request = request
    let input: ConsoleInput = try await request.json(limit: Limits.input)
    guard let console = consoles.console(try context.parameters.require("id")) else {
      throw Refusal(.notFound, "that console is closed")
    }
    do {
      if let bytes = input.bytes, !bytes.isEmpty { try await console.type(bytes) }
      if input.sendBreak == true { try await console.sendBreak() }
    } catch {
      throw Refusal(error)
    }
    return Response(status: .noContent)
  }
}

/// The serial consoles that are open.
final class ConsoleTable: Sendable {
  /// People at keyboards, and recorders; the socket's connections bound it too.
  static let limit = 32

  private let consoles = Mutex<[String: any SerialConsole]>([:])

  /// One console's place; closes the console at the latest when nobody has it any more.
  final class Lease: Sendable {
    let id: String
    private let table: ConsoleTable

    init(id: String, table: ConsoleTable) {
      self.id = id
      self.table = table
    }

    deinit { table.drop(id) }

    /// Lets go of the machine's port. Finishes even when the client is gone.
    func close() async { await table.remove(id)?.value }
  }

  func add(_ console: any SerialConsole) -> Lease? {
    let id = String(UInt64.random(in: .min ... .max), radix: 16)
    let isAdded = consoles.withLock { consoles in
      guard consoles.count < Self.limit, consoles[id] == nil else { return false }
      consoles[id] = console
      return true
    }
    return isAdded ? Lease(id: id, table: self) : nil
  }

  func console(_ id: String) -> (any SerialConsole)? { consoles.withLock { $0[id] } }

  /// Closes all, which ends their streams: at shutdown.
  func close() { for id in consoles.withLock({ Array($0.keys) }) { drop(id) } }

  private func drop(_ id: String) { _ = remove(id) }

  private func remove(_ id: String) -> Task<Void, Never>? {
    consoles.withLock { $0.removeValue(forKey: id) }.map { console in Task { await console.close() } }
  }
}

extension Refusal {
  /// A management controller's failure, where one machine was asked.
  init(_ failure: BMCFailure) {
    let status: HTTPResponse.Status =
      switch failure.kind {
      case .busy, .sessionsExhausted, .cancelled: .serviceUnavailable
      case .refused: .conflict
      case .manual, .misconfigured, .unsupported, .privilege, .wrongPassword, .lockedOut, .noCommonCipher:
        .unprocessableContent
      case .unreachable, .timedOut, .malformed, .uncertain: .badGateway
      }
    self.init(status, failure.message)
  }
}
