public import BareMetal
import HTTPTypes
public import Wire

/// How a recorded intent to wipe becomes blank disks: hands the order to the machine's agent, and takes what it reports
/// into the Server.
///
/// An order is given out for as long as the intent is open: a machine that registers again has no agent at work, and the
/// new one goes on with the same intent.
public final class WipeHandover: Sendable {
  /// Bounds on what can be under way.
  enum Limits {
    static let tokenLength = 32
    /// Reads and writes of one Server before giving up against others that change it too.
    static let attempts = 8
    /// Reports worked on at a time; the other agents come again. The store commits one at a time.
    static let concurrentReports = 64
  }

  /// What a machine that registers is told about its disks.
  enum Answer: Sendable {
    case nothing
    case order(WipeOrder)
    /// The intent does not hold; the wipe has failed.
    case refused(String)
  }

  private let store: any ResourceStore
  private let secrets: any SecretStore
  private let rebootTimeout: Duration
  private let wipeMode: WipePolicy.Mode
  private let mayBegin: @Sendable () -> Bool
  private let now: @Sendable () -> Timestamp
  private let reports = Slots(limit: Limits.concurrentReports)
  private let busy = NamesInUse()
  private let ended = EndedOrders()
  private let unwritten = UnwrittenWipes()

  /// - Parameters:
  ///   - rebootTimeout: how long nothing may be heard from an agent. Sidero's `--server-reboot-timeout`.
  ///   - wipeMode: of wipes where the Server's policy says nothing.
  ///   - mayBegin: whether what is known is the latest word; else no wipe begins that has not begun, and the agent comes
  ///     again.
  public init(
    store: any ResourceStore, secrets: any SecretStore, rebootTimeout: Duration = .seconds(20 * 60),
    wipeMode: WipePolicy.Mode = .fast, mayBegin: @escaping @Sendable () -> Bool = { true },
    now: @escaping @Sendable () -> Timestamp
  ) {
    self.store = store
    self.secrets = secrets
    self.rebootTimeout = rebootTimeout
    self.wipeMode = wipeMode
    self.mayBegin = mayBegin
    self.now = now
  }

  // MARK: Handing out

  /// Asks for the wipe that comes with acceptance while the machine is there to do it: one without a BMC cannot be called
  /// back, and one with a BMC need not be. What the agent that registers is told is then ``answer(forServer:)``'s.
  ///
  /// - Parameter server: as it is about to be stored, with the hardware of today.
  /// - Returns: whether a wipe is asked for now.
  func noteAcceptance(of server: inout Server) async throws(StoreError) -> Bool {
    guard mayBegin(), server.wipeObstacle == nil, try await isFree(server.metadata.name) else { return false }
    var random = SystemRandomNumberGenerator()
    let time = Timestamp(seconds: now().seconds)
    var status = server.status
    guard
      status.noteAcceptance(
        of: server, isPaused: server.metadata.isPaused, mode: wipeMode, id: WipeStatus.newID(using: &random), now: time)
    else { return false }
    // Heard of it is now: nobody restarts the machine under its agent's hands.
    status.wipe?.heartbeat = time
    server.status = status
    return true
  }

  /// What the machine that was just discovered is told. A paused Server's gets no order; one that is being wiped already
  /// goes on, for half erased is no state to pause in.
  func answer(forServer name: String) async throws -> Answer {
    for _ in 0..<Limits.attempts {
      guard var server = try await store.get(ServerKind.self, named: name), let intent = server.status.wipe,
        intent.isOpen, server.wipeObstacle == nil, !server.metadata.isPaused, try await isFree(name)
      else { return .nothing }
      try refuseOldKnowledge(for: intent)
      unwritten.remove(name)
      var given: WipeStatus
      do {
        given = try intent.given(to: server)
        if !server.status.wasRestarted(for: intent.id, within: rebootTimeout / 2, of: now()) {
          given.heartbeat = now()
        }
      } catch {
        server.status.failWipe(error.description, now: now())
        do throws(StoreError) {
          _ = try await store.updateStatus(server)
          await forgetToken(of: intent.id, ofServer: name)
          return .refused(error.description)
        } catch .conflict {
          continue
        }
      }
      if given != intent {
        server.status.wipe = given
        do throws(StoreError) {
          _ = try await store.updateStatus(server)
        } catch .conflict {
          continue
        }
      }
      let token = try await token(for: given, ofServer: name)
      return .order(
        WipeOrder(given, heartbeatSeconds: max(1, Int(rebootTimeout.components.seconds)), token: token))
    }
    throw Refusal.contended
  }

  /// A wipe that has not begun does not begin on what was known before the cluster went out of reach.
  private func refuseOldKnowledge(for intent: WipeStatus) throws {
    if intent.phase == .requested, !mayBegin() { throw Refusal.outOfReach }
  }

  /// Whether nobody has the Server: a binding of its name is what makes it in use.
  private func isFree(_ name: String) async throws(StoreError) -> Bool {
    try await store.get(ServerBindingKind.self, named: name) == nil
  }

  /// The token of this intent, on disk before anybody gets it.
  private func token(for intent: WipeStatus, ofServer name: String) async throws -> Secret {
    let token = try await busy.with(name) { () async throws -> Secret in
      let place = SecretName.wipe(ofServer: name)
      if let kept = try await secrets.secret(place), kept["id"] == Secret(intent.id), let token = kept["token"] {
        return token
      }
      var random = SystemRandomNumberGenerator()
      let token = Secret.random(length: Limits.tokenLength, using: &random)
      try await secrets.setSecret(place, to: ["id": Secret(intent.id), "token": token])
      return token
    }
    guard let token else { throw Refusal.contended }
    return token
  }

  /// With its end the order is over. Where that cannot be written the next order, or the Server's deletion, takes the token
  /// away: it opens nothing any more.
  private func forgetToken(of id: String, ofServer name: String) async {
    let place = SecretName.wipe(ofServer: name)
    _ = try? await busy.with(name) { () async throws in
      guard let kept = try await secrets.secret(place), kept["id"] == Secret(id) else { return }
      ended.insert(kept, ofServer: name)
      try await secrets.setSecret(place, to: nil)
    }
  }

  // MARK: Reports

  /// Checks who reports, and writes what it says into the Server.
  func take(_ report: WipeReport) async throws -> WipeProgress {
    let progress = try await reports.with { try await record(report) }
    guard let progress else {
      throw Refusal(
        .serviceUnavailable, "too many machines report at this moment: try again",
        retryAfterSeconds: Refusal.storeRetrySeconds)
    }
    return progress
  }

  private func record(_ report: WipeReport) async throws -> WipeProgress {
    var kept = try await secrets.secret(.wipe(ofServer: report.server))
    if kept == nil { kept = ended.values(ofServer: report.server) }
    guard let kept, let token = kept["token"] else {
      throw Refusal(.notFound, "no Server of that name is being wiped")
    }
    // Both are compared, whichever is wrong.
    let (isToken, isIntent) = (token == report.token, kept["id"] == Secret(report.id))
    guard isToken, isIntent else { throw Refusal(.forbidden, "the token is not the one given out for this wipe") }
    for _ in 0..<Limits.attempts {
      guard var server = try await store.get(ServerKind.self, named: report.server) else {
        throw Refusal(.notFound, "no Server of that name is being wiped")
      }
      let before = server.status
      if let begun = unwritten.wipe(ofServer: report.server), before.wipe?.id == begun.id,
        before.wipe?.phase == .requested
      {
        server.status.wipe = begun
      }
      var progress = WipeProgress.repeated
      var refused: WipeReportError?
      if server.status.wipe?.isOpen == true, let obstacle = try await obstacle(to: server) {
        // Half erased is what it is now, and must not become more.
        server.status.failWipe("stopped: \(obstacle)", now: now())
        progress = .failed("stopped: \(obstacle)")
      } else {
        do {
          progress = try server.status.take(report, now: now())
        } catch {
          refused = error
        }
      }
      if let refused {
        if refused.isEnd { await forgetToken(of: report.id, ofServer: report.server) }
        throw Refusal(refused)
      }
      if progress == .began, let wipe = server.status.wipe, before.isBrief(within: rebootTimeout / 2, of: now()) {
        unwritten.insert(wipe, ofServer: report.server)
        return progress
      }
      if server.status != before {
        do throws(StoreError) {
          _ = try await store.updateStatus(server)
        } catch .conflict {
          continue
        }
      }
      unwritten.remove(report.server)
      if progress.isEnd { await forgetToken(of: report.id, ofServer: report.server) }
      return progress
    }
    throw Refusal.contended
  }

  private func obstacle(to server: Server) async throws(StoreError) -> String? {
    if let obstacle = server.wipeObstacle { return obstacle }
    return try await isFree(server.metadata.name) ? nil : "it is in use"
  }
}

extension ServerStatus {
  /// Whether the machine was just restarted for this wipe: it has its time anyway, and its agent's first report is the next
  /// heartbeat.
  fileprivate func wasRestarted(for wipe: String, within time: Duration, of now: Timestamp) -> Bool {
    guard let switching, switching.subject == wipe, switching.outcome == .done else { return false }
    return now.since(switching.at) < time
  }

  /// Whether an agent's first report is written down with its next: the wipe takes seconds, so that the next is its end,
  /// and nothing that is done meanwhile depends on it.
  fileprivate func isBrief(within time: Duration, of now: Timestamp) -> Bool {
    guard let wipe, wipe.mode == .fast, wipe.systemDiskAssumed != true,
      wasRestarted(for: wipe.id, within: time, of: now)
    else { return false }
    let condition = conditions.condition(ServerCondition.powerCycle)
    return condition?.status == .false && condition?.reason == "InProgress"
  }
}

extension WipeProgress {
  /// Whether nothing more comes of the order.
  fileprivate var isEnd: Bool {
    switch self {
    case .began, .running: false
    case .done, .failed, .repeated: true
    }
  }
}

extension WipeReportError {
  /// Whether the order is none any more, whatever is reported.
  fileprivate var isEnd: Bool {
    switch self {
    case .noIntent, .superseded, .ended: true
    case .invalid: false
    }
  }
}

extension Refusal {
  fileprivate static var outOfReach: Refusal {
    Refusal(
      .serviceUnavailable, "the cluster cannot be reached: no wipe begins on what was known before; try again",
      retryAfterSeconds: Refusal.storeRetrySeconds)
  }

  fileprivate static var contended: Refusal {
    Refusal(
      .serviceUnavailable, "the Server is being changed by others: try again",
      retryAfterSeconds: Refusal.storeRetrySeconds)
  }

  fileprivate init(_ error: WipeReportError) {
    switch error {
    case .noIntent: self.init(.notFound, error.description)
    case .superseded, .ended: self.init(.conflict, error.description)
    case .invalid: self.init(.unprocessableContent, error.description)
    }
  }
}
