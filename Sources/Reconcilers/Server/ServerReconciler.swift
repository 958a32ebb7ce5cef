public import BareMetal
public import Logging
public import Wire

/// Leads a Server's life: reads it and its binding, makes a ``ServerPlan``, writes the plan's status, carries its actions
/// out, and writes what came of them.
///
/// Everything it needs to go on stands in the Server's status, written before it is done: it can be cut short after any
/// step, and another one goes on.
public struct ServerReconciler: Reconciler {
  /// Servers worked on at a time: most of the time is spent waiting for a management controller, the dead ones longest,
  /// so it is what the power poll allows itself and not ``Controller/concurrency``.
  public static let concurrency = 64

  /// Reads and writes of one Server before it is left for later, as others change it all the time.
  static let attempts = 8

  public let name = "server"
  public let sources: [WatchSource]

  private let store: any ResourceStore
  private let latest: any ResourceStore
  private let isInCluster: Bool
  private let secrets: any SecretStore
  private let servers: any ServerSwitch
  private let journal: any BootEventSink
  private let configuration: ServerPlan.Configuration
  private let now: @Sendable () -> Timestamp
  private let newID: @Sendable () -> String
  private let jurisdiction: Jurisdiction
  private let logger: Logger
  private let questions = PowerQuestions()

  /// - Parameters:
  ///   - latest: where the cluster itself is asked, before a machine's work is ended, whether it may be; `store` otherwise.
  ///   - servers: who switches machines.
  ///   - jurisdiction: whose lives are led here.
  ///   - now: the wall clock.
  ///   - newID: an id that nobody can guess.
  public init(
    store: any ResourceStore, latest: (any ResourceStore)? = nil, secrets: any SecretStore, servers: any ServerSwitch,
    journal: any BootEventSink,
    configuration: ServerPlan.Configuration, jurisdiction: Jurisdiction = .all, logger: Logger,
    now: @escaping @Sendable () -> Timestamp,
    newID: @escaping @Sendable () -> String = { WipeStatus.newID() }
  ) {
    let members = ClusterMembers()
    sources = [WatchSource(ServerKind.self)] + members.sources
    self.store = store
    self.latest = latest ?? store
    isInCluster = latest != nil
    self.secrets = secrets
    self.servers = servers
    self.journal = journal
    self.configuration = configuration
    self.jurisdiction = jurisdiction
    self.logger = logger
    self.now = now
    self.newID = newID
  }

  public func reconcile(_ name: String) async throws -> Requeue {
    var answer: Result<BMCAnswer, BMCFailure>?
    for _ in 0..<Self.attempts {
      do throws(StoreError) {
        let binding = try await store.get(ServerBindingKind.self, named: name)
        guard var server = try await store.get(ServerKind.self, named: name) else {
          questions.forget(name)
          return .never
        }
        guard jurisdiction.covers(server) else {
          questions.forget(name)
          return jurisdiction.recheck(server).map { .after($0) } ?? .never
        }
        if isInCluster, server.isBeingMade(at: now()) { return .after(Self.making) }
        if server.metadata.deletionTimestamp != nil,
          binding == nil || server.metadata.isSet(Server.forceDeleteAnnotation)
        {
          try await letGo(server)
          return .never
        }
        var hold: BindingHold?
        if let binding { hold = try await BindingHold(of: binding, in: store) }
        let stored = server.status
        if let answer { _ = server.status.observe(answer, at: Timestamp(seconds: now().seconds)) }
        let plan = ServerPlan(
          for: server, binding: binding, hold: hold, power: answer?.power, now: now(), configuration: configuration,
          intentID: newID())
        let asks = plan.actions == [.askPower]
        // Who answered the last time is asked before anything is written: what it says is written with the rest.
        if asks, answer == nil, stored.conditions.isTrue(Server.bmcReachable), questions.delay(name, now: now()) == nil
        {
          answer = await askPower(name)
          continue
        }
        // What is being moved away has its finalizers torn off: they are not put back.
        if hold == nil { server = try await keep(server) }
        if plan.status != stored {
          let isWipeEnded = server.status.wipe?.isOpen == true && plan.status.wipe?.isOpen != true
          server.status = plan.status
          server = try await store.updateStatus(server)
          // Whoever has the order's token has no order any more.
          if isWipeEnded { try await secrets.setSecret(.wipe(ofServer: name), to: nil) }
        }
        for event in plan.events { journal.report(event, of: server.bootSubject) }
        guard asks else {
          try await perform(plan, server, binding)
          return plan.requeue.map { .after($0) } ?? .never
        }
        // It was asked, and said nothing: that is written now.
        if answer != nil { return .after(questions.failed(name, now: now())) }
        if let delay = questions.delay(name, now: now()) { return .after(delay) }
        answer = await askPower(name)
      } catch {
        guard case .conflict = error else { throw error }
      }
    }
    throw StoreError.conflict(kind: ServerKind.kind, name: name)
  }

  /// In a cluster an object is made first, and gets its status then: whoever makes a Server is given so long for that, or
  /// each would stand in the other's way.
  fileprivate static let making = Duration.seconds(5)

  /// Who does it, in the journal.
  static let who = "siderite"

  private func askPower(_ name: String) async -> Result<BMCAnswer, BMCFailure> {
    let answer = await servers.perform(.powerStatus, on: name, force: false, by: Self.who, noting: false).result
    if case .success(.power) = answer { questions.forget(name) }
    return answer
  }

  // MARK: To be, or not

  /// A Server that is alive has our finalizer.
  private func keep(_ server: Server) async throws(StoreError) -> Server {
    guard server.metadata.deletionTimestamp == nil,
      server.metadata.finalizers?.contains(Server.storageFinalizer) != true
    else { return server }
    var server = server
    server.metadata.finalizers = (server.metadata.finalizers ?? []) + [Server.storageFinalizer]
    return try await store.update(server)
  }

  /// Lets a deleted Server go, whatever its management controller and its Secrets are like.
  private func letGo(_ server: Server) async throws(StoreError) {
    let name = server.metadata.name
    guard server.metadata.finalizers?.contains(Server.storageFinalizer) == true else { return }
    for secret in SecretName.all(ofServer: name) {
      do throws(StoreError) {
        try await secrets.setSecret(secret, to: nil)
      } catch {
        logger.warning(
          "A Secret of a deleted Server stays",
          metadata: ["server": "\(name)", "secret": "\(secret.namespace)/\(secret.name)", "error": "\(error)"])
      }
    }
    var server = server
    server.metadata.finalizers?.removeAll { $0 == Server.storageFinalizer }
    _ = try await store.update(server)
    questions.forget(name)
    journal.report(
      .lifecycle(reason: "Server Management", message: "deleted; its disks are as they were", isWarning: false),
      of: server.bootSubject)
  }

  // MARK: Doing

  private func perform(_ plan: ServerPlan, _ server: Server, _ binding: ServerBinding?) async throws(StoreError) {
    guard !plan.actions.isEmpty, let record = plan.status.switching else { return }
    var failure: BMCFailure?
    var seen: [Result<BMCAnswer, BMCFailure>] = []
    for action in plan.actions {
      let result = try await perform(action, server, binding)
      seen.append(result)
      if case .failure(let error) = result { failure = error } else { failure = nil }
      // What cannot be told what to boot goes by its firmware's order.
      if case .setBoot = action, failure?.kind == .unsupported { failure = nil }
      if failure != nil { break }
    }
    if let failure {
      journal.report(
        .lifecycle(
          reason: "Server Management", message: "failed to \(record.purpose.words): \(failure.message)", isWarning: true
        ),
        of: server.bootSubject)
    }
    try await note(failure, seen, of: record, server.metadata.name)
  }

  private func perform(
    _ action: ServerAction, _ server: Server, _ binding: ServerBinding?
  ) async throws(StoreError) -> Result<BMCAnswer, BMCFailure> {
    let name = server.metadata.name
    let store = action.request.isDestructive ? latest : store
    let current = try await store.get(ServerBindingKind.self, named: name)
    if action.request.isDestructive, binding == nil, current != nil {
      return .failure(BMCFailure(.refused, "it was allocated meanwhile"))
    }
    if let current, let hold = try await BindingHold(of: current, in: store) {
      return .failure(BMCFailure(.refused, hold.reason))
    }
    return await servers.perform(action.request, on: name, force: false, by: Self.who, noting: false).result
  }

  /// Written even when the daemon is ending: it was done all the same.
  /// - Parameter seen: what the controller answered, each time.
  private func note(
    _ failure: BMCFailure?, _ seen: [Result<BMCAnswer, BMCFailure>], of record: SwitchRecord, _ name: String
  ) async throws(StoreError) {
    let time = Timestamp(seconds: now().seconds)
    let problem = await Task { () -> StoreError? in
      do throws(StoreError) {
        for _ in 0..<Self.attempts {
          guard var server = try await store.get(ServerKind.self, named: name) else { return nil }
          let before = server.status
          for result in seen { _ = server.status.observe(result, at: time) }
          server.status.note(failure, of: record, now: time)
          if server.status == before { return nil }
          do throws(StoreError) {
            _ = try await store.updateStatus(server)
            return nil
          } catch {
            guard case .conflict = error else { return error }
          }
        }
        return .conflict(kind: ServerKind.kind, name: name)
      } catch {
        return error
      }
    }.value
    if let problem { throw problem }
  }
}

extension Result<BMCAnswer, BMCFailure> {
  /// What the controller says of its machine; `nil` where it says nothing.
  fileprivate var power: PowerState? {
    switch self {
    case .success(.power(let state)): state
    case .success: .unknown
    case .failure: nil
    }
  }
}

extension SwitchRecord.Purpose {
  fileprivate var words: String {
    switch self {
    case .wipe: "power-cycle it into the agent"
    case .boot: "power it on"
    case .powerOff: "power it off"
    }
  }
}

extension Resource where Kind == ServerKind {
  /// Whether its first status may be on its way.
  fileprivate func isBeingMade(at now: Timestamp) -> Bool {
    guard status.conditions == nil, let created = metadata.creationTimestamp else { return false }
    return (.zero..<ServerReconciler.making).contains(now.since(created))
  }
}
