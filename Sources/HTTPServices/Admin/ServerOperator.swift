public import BareMetal
public import Logging
public import Wire

/// Asks the management controllers of Servers, and keeps the store and the journal true about it.
///
/// Nothing is done to a Server that nobody accepted, and nothing destructive to an allocated one, unless it is forced.
/// Every change stands in the journal before it is made.
public struct ServerOperator: ServerSwitch {
  let store: any ResourceStore
  let secrets: any SecretStore
  let journal: any BootEventSink
  let controller: @Sendable (ManagementMethod) -> any PowerController
  let jurisdiction: Jurisdiction
  let now: @Sendable () -> Timestamp
  let logger: Logger

  /// Reads and writes of one Server before what was seen of it is dropped: others change it all the time.
  static let attempts = 8

  /// - Parameters:
  ///   - jurisdiction: whose controllers are asked from here, unless it is forced.
  ///   - controller: who speaks with a machine's controller: one owner each.
  ///   - now: the wall clock.
  public init(
    store: any ResourceStore, secrets: any SecretStore, journal: any BootEventSink,
    jurisdiction: Jurisdiction = .all, logger: Logger,
    now: @escaping @Sendable () -> Timestamp, controller: @escaping @Sendable (ManagementMethod) -> any PowerController
  ) {
    self.store = store
    self.secrets = secrets
    self.journal = journal
    self.controller = controller
    self.jurisdiction = jurisdiction
    self.now = now
    self.logger = logger
  }

  public func perform(
    _ request: BMCRequest, on name: String, force: Bool = false, by: String, noting: Bool = true
  ) async -> BMCOutcome {
    await BMCOutcome.of(name, clock: ContinuousClock()) { () async throws(BMCFailure) -> BMCAnswer in
      let server = try await self.server(name)
      if !force, let refusal = jurisdiction.refusal(of: server) { throw BMCFailure(.refused, refusal) }
      if !force, let refusal = server.refusal(of: request) { throw refusal }
      let change = request.change
      if let change { journal.report(.changeOrdered(change: change, by: by), of: server.bootSubject) }
      do throws(BMCFailure) {
        let method = try await ManagementMethod(of: server, secrets: secrets)
        let answer = try await controller(method).perform(request)
        if noting { await observe(.success(answer), of: name) }
        return answer
      } catch {
        if let change { journal.report(.changeFailed(change: change, reason: error.message), of: server.bootSubject) }
        if noting { await observe(.failure(error), of: name) }
        throw error
      }
    }
  }

  /// Connects to a Server's serial port.
  func openConsole(of name: String, takingOver: Bool) async throws(BMCFailure) -> any SerialConsole {
    let server = try await server(name)
    if let refusal = jurisdiction.refusal(of: server) { throw BMCFailure(.refused, refusal) }
    let method = try await ManagementMethod(of: server, secrets: secrets)
    return try await controller(method).openConsole(takingOver: takingOver)
  }

  /// Asks every Server whose power can be asked for, `limit` at a time, so that their status is as old as the last round.
  public func refreshPower(limit: Int) async {
    let servers: [Server]
    do {
      servers = try await store.list(ServerKind.self).items
    } catch {
      logger.warning("The Servers' power is not refreshed", metadata: ["error": "\(error)"])
      return
    }
    let names = servers.filter { $0.canBeAsked && jurisdiction.covers($0) }.map(\.metadata.name)
    await names.concurrently(limit: limit) { name in
      await perform(.powerStatus, on: name, by: "")
    } receive: { _ in
    }
  }

  private func server(_ name: String) async throws(BMCFailure) -> Server {
    do {
      if let server = try await store.get(ServerKind.self, named: name) { return server }
    } catch {
      throw BMCFailure(.busy, "\(error)")
    }
    throw BMCFailure(.misconfigured, "there is no Server \(name) any more")
  }

  /// Brings the Server's status up to date. Done even when the caller gave up: the machine was changed all the same.
  func observe(_ result: Result<BMCAnswer, BMCFailure>, of name: String) async {
    let time = now()
    let problem = await Task { () -> StoreError? in
      do throws(StoreError) {
        _ = try await change(name, status: true) { $0.status.observe(result, at: time) }
        return nil
      } catch {
        return error
      }
    }.value
    if let problem {
      logger.warning("A Server's power is not noted", metadata: ["server": "\(name)", "error": "\(problem)"])
    }
  }

  /// Reads, edits and writes back, again when somebody else wrote in between.
  /// - Parameter edit: whether it made a difference.
  func change(
    _ name: String, status: Bool, _ edit: @Sendable (inout Server) -> Bool
  ) async throws(StoreError) -> Server {
    for _ in 0..<Self.attempts {
      guard var server = try await store.get(ServerKind.self, named: name) else {
        throw .notFound(kind: ServerKind.kind, name: name)
      }
      guard edit(&server) else { return server }
      do {
        return status ? try await store.updateStatus(server) : try await store.update(server)
      } catch {
        guard case .conflict = error else { throw error }
      }
    }
    throw .conflict(kind: ServerKind.kind, name: name)
  }
}

extension Server {
  /// Whether there is something that knows the power state: wake-on-LAN does not.
  fileprivate var canBeAsked: Bool {
    spec.bmc.map { $0.interface != BMCInterface.wol.rawValue } ?? (spec.managementApi != nil)
  }
}
