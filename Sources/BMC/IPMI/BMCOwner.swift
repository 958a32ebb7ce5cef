import BareMetal
import IPMI
import NIOCore
import Wire

/// The one that speaks with a BMC: its session, what is known of it, and whose turn it is. Confined to the event loop.
///
/// One turn at a time, one step of a turn at a time; a step that needs a session gets one. A session is kept between
/// turns, until nobody used it for ``BMCFleetConfiguration/idleTimeout``.
final class BMCOwner: NIOScheduledCallbackHandler {
  /// What a turn may ask for.
  enum Step {
    case ask(IPMIRequest)
    /// A session.
    case connect
    /// No session from before.
    case fence
    case pause(until: ContinuousClock.Instant)
  }

  typealias Outcome = Result<IPMIReply?, IPMIFailure>

  private struct Pending {
    let step: Step
    let continuation: CheckedContinuation<Outcome, Never>
    /// Once it is on its way.
    var requestID: IPMISession.RequestID?
    /// Already the second session it is sent in.
    var isAgain = false
    /// Logins that met a BMC without a free session.
    var exhausted = 0
    /// No login before.
    var notBefore: ContinuousClock.Instant?
    /// A session that was idle may be dead; then that is not waited for to the end.
    var suspectAt: ContinuousClock.Instant?
  }

  /// A session without traffic for so long may be gone without our knowing.
  private static let doubtAfter: Duration = .seconds(5)

  /// An idle session's first request has so long to be answered before another session is opened.
  private static let doubtTime: Duration = .seconds(2)

  let address: SocketAddress
  /// `host:port`, for people.
  let name: String
  private unowned let registry: IPMIRegistry

  // The registry's: who waits, and whether anybody has the turn.
  var waiting = CircularBuffer<BMCTurn>()
  var isTaken = false

  private(set) var lockout: LockoutGuard<IPMILogin>
  private(set) var lastUsed = ContinuousClock.now
  private var backoff = LoginBackoff()
  private var knowledge = BMCKnowledge()
  /// Whom ``BMCKnowledge/privilege`` is known of.
  private var knownAccess: IPMIAccess?

  private var turn: BMCTurn?
  private var pending: Pending?
  private var session: IPMISession?
  private var sessionAccess: IPMIAccess?
  private var isEstablished = false
  /// The last session, if the BMC did not confirm its end: something sent in it may still be carried out.
  private var unclosed: UInt32?
  private var lastHeard = ContinuousClock.now
  private var idleAt: ContinuousClock.Instant?
  private var isClosedForGood = false

  private var timer: NIOScheduledCallback?
  private var timerAt: ContinuousClock.Instant?

  init(_ address: SocketAddress, name: String, of registry: IPMIRegistry) {
    self.address = address
    self.name = name
    self.registry = registry
    lockout = LockoutGuard(pause: registry.configuration.lockoutTime)
  }

  var hasSession: Bool { session != nil }

  /// Logged in, and not taking leave: what comes while a session closes waits for the next one.
  private var isUsable: Bool { session?.isEstablished ?? false }

  /// A session that was idle may be dead.
  var isDoubtful: Bool { session != nil && .now - lastHeard > Self.doubtAfter }

  /// Nobody waits for it.
  var isIdle: Bool { !isTaken && turn == nil }

  /// What protects the session: for information's sake.
  var cipherSuite: CipherSuite? { session?.cipherSuite }

  // MARK: Turns

  func turnBegan(_ turn: BMCTurn) {
    self.turn = turn
    idleAt = nil
  }

  func turnEnded(_ turn: BMCTurn) {
    guard self.turn === turn else { return }
    self.turn = nil
    // A step that nobody waits for any more is left to itself.
    end(.failure(.transport("given up")), BMCFailure(.cancelled, "\(name): given up"))
    lastUsed = .now
    guard session != nil else { return }
    idleAt = lastUsed + registry.configuration.idleTimeout
    rearm()
  }

  /// Begins a step of the running turn.
  func begin(_ step: Step, of turn: BMCTurn, _ continuation: CheckedContinuation<Outcome, Never>) {
    guard self.turn === turn, pending == nil, !registry.isClosing else {
      turn.explanation = registry.isClosing ? .closing : BMCFailure(.cancelled, "\(name): its turn is over")
      continuation.resume(returning: .failure(.transport("its turn is over")))
      return
    }
    pending = Pending(step: step, continuation: continuation)
    advance()
    rearm()
  }

  /// The caller gave up. What is on its way is answered to nobody; the session stays good.
  func cancel(_ turn: BMCTurn) {
    guard self.turn === turn else { return registry.leave(turn) }
    var text = "\(name): given up before it answered"
    if case .ask(let request) = pending?.step, !request.isRepeatable, pending?.requestID != nil {
      text += "; it may have been carried out, or not"
    }
    end(.failure(.transport("given up")), BMCFailure(.cancelled, text))
  }

  /// Everything ends.
  func endSteps(_ failure: BMCFailure) { end(.failure(.transport(failure.message)), failure) }

  private func end(_ outcome: Outcome, _ explanation: BMCFailure? = nil) {
    guard let pending else { return }
    self.pending = nil
    if let explanation { turn?.explanation = explanation }
    pending.continuation.resume(returning: outcome)
  }

  private func end(_ failure: BMCFailure) { end(.failure(.transport(failure.message)), failure) }

  // MARK: Steps

  /// Does what the pending step needs next.
  private func advance() {
    guard let pending, let turn else { return }
    switch pending.step {
    case .pause: return
    case .connect:
      guard session != nil else { return logIn(for: turn.access) }
      if sessionAccess != turn.access {
        closeSession()
      } else if isUsable {
        end(.success(nil))
      }
    case .fence:
      if !pending.isAgain, session != nil { return closeSession() }
      self.pending?.isAgain = true
      guard let unclosed else { return end(.success(nil)) }
      guard session != nil else { return logIn(for: turn.access) }
      // The BMC did not confirm the old session's end: in a new one it must.
      if isUsable, pending.requestID == nil { transmit(IPMIRequest(CloseSession(sessionID: unclosed))) }
    case .ask(let request):
      guard pending.requestID == nil else { return }
      guard session != nil else { return logIn(for: turn.access) }
      if sessionAccess != turn.access {
        closeSession()
      } else if isUsable {
        transmit(request)
      }
    }
  }

  private func transmit(_ request: IPMIRequest) {
    let now = ContinuousClock.now
    guard let (id, actions) = session?.send(request, at: now, random: &registry.random) else {
      return end(BMCFailure(.busy, "\(name): too many requests are on their way; try again when they are done"))
    }
    pending?.requestID = id
    if request.isRepeatable, pending?.isAgain == false, isDoubtful {
      pending?.suspectAt = now + Self.doubtTime
    }
    perform(actions)
  }

  // MARK: Sessions

  private func logIn(for access: IPMIAccess) {
    let now = ContinuousClock.now
    if let notBefore = backoff.notBefore, now < notBefore, lockoutFailure(of: access) == nil {
      guard notBefore - now > LoginBackoff.patience, var failure = backoff.failure else {
        pending?.notBefore = notBefore
        return
      }
      failure.message += " (seen a moment ago; tried again in \((notBefore - now).components.seconds + 1) s)"
      return end(failure)
    }
    do {
      session = IPMISession(try sessionConfiguration(for: access), crypto: registry.crypto)
    } catch {
      return end(error)
    }
    sessionAccess = access
    perform(session?.start(at: now, random: &registry.random) ?? [])
  }

  /// How to log in; throws where that must not or cannot be.
  func sessionConfiguration(for access: IPMIAccess) throws(BMCFailure) -> IPMISessionConfiguration {
    if let failure = lockoutFailure(of: access) { throw failure }
    if let objection = registry.objection(to: address) {
      throw BMCFailure(
        .unreachable, "\(name): nothing can be sent there: \(objection); check the address and the routes")
    }
    if knownAccess != access { knowledge.privilege = .operator }
    knownAccess = access
    return try access.sessionConfiguration(knowledge, registry.configuration, name: name)
  }

  private func lockoutFailure(of access: IPMIAccess) -> BMCFailure? {
    lockout.refusal(of: IPMILogin(access), at: .now).map { .lockedOut($0, access: access, name: name) }
  }

  /// Frees the session's slot in the BMC; the step that wants it goes on when that is done.
  func closeSession() {
    perform(session?.close(at: .now, random: &registry.random) ?? [])
    rearm()
  }

  /// As ``closeSession()``, and the registry is told.
  func closeForGood() {
    isClosedForGood = true
    closeSession()
  }

  /// The BMC is forgotten: says goodbye without waiting for an answer.
  func letGo() {
    perform(session?.close(at: .now, random: &registry.random) ?? [])
    sessionEnded()
    timer?.cancel()
  }

  private func sessionEnded() {
    guard let session else { return }
    if isEstablished { unclosed = session.isCloseConfirmed ? nil : session.bmcSessionID }
    knowledge.roundTrip = session.roundTrip ?? knowledge.roundTrip
    self.session = nil
    sessionAccess = nil
    if isEstablished { registry.sessionEnded() }
    isEstablished = false
    idleAt = nil
    guard isClosedForGood else { return }
    isClosedForGood = false
    registry.ownerClosed()
  }

  func receive(_ datagram: Span<UInt8>) {
    guard session != nil else { return registry.counters.ignored(.noSession) }
    perform(session?.receive(datagram, at: .now, random: &registry.random) ?? [])
    rearm()
  }

  private func perform(_ actions: [IPMISession.Action]) {
    for action in actions {
      switch action {
      case .send(let datagram): registry.send(datagram, to: address)
      case .ignored(let reason): registry.counters.ignored(IPMICounters.Ignored(reason))
      case .established: established()
      case .response(let id, let reply):
        lastHeard = .now
        if pending?.requestID == id { answered(reply) }
      case .unanswered(let id):
        if pending?.requestID == id { end(.failure(.unanswered)) }
      // What ended the session follows.
      case .abandoned: break
      // A console has a session of its own.
      case .payload: registry.counters.ignored(.unexpected)
      case .failed(let failure): failed(failure)
      case .closed:
        sessionEnded()
        advance()
      }
    }
  }

  private func answered(_ reply: IPMIReply) {
    guard case .fence = pending?.step else { return end(.success(reply)) }
    // Closed now, or long ago.
    guard reply.code == .success || reply.code == CloseSession.invalidSessionID else {
      return end(.failure(.refused(command: "CloseSession", reply.code)))
    }
    unclosed = nil
    end(.success(nil))
  }

  private func established() {
    isEstablished = true
    lastHeard = .now
    registry.sessionOpened()
    registry.counters.loggedIn()
    backoff.succeeded()
    if let sessionAccess { lockout.accepted(IPMILogin(sessionAccess)) }
    if let session { knowledge.learn(from: session) }
    if turn == nil { idleAt = lastHeard + registry.configuration.idleTimeout }
    advance()
  }

  private func failed(_ failure: IPMISessionFailure) {
    let access = sessionAccess
    let wasEstablished = isEstablished
    sessionEnded()
    guard wasEstablished else {
      registry.counters.loginFailed(failure)
      if let access { loginFailed(failure, access) }
      return
    }
    // The BMC restarted, or forgot the session.
    guard let pending, pending.requestID != nil else { return advance() }
    guard case .ask(let request) = pending.step else { return end(.failure(.session(failure))) }
    guard request.isRepeatable else { return end(.failure(.unanswered)) }
    guard !pending.isAgain else { return end(.failure(.session(failure))) }
    askAgain()
  }

  /// In a new session.
  private func askAgain() {
    pending?.isAgain = true
    pending?.requestID = nil
    pending?.suspectAt = nil
    advance()
  }

  private func loginFailed(_ failure: IPMISessionFailure, _ access: IPMIAccess) {
    let configuration = registry.configuration
    switch failure {
    case .privilegeRefused where knowledge.privilege > .user:
      // Looking needs no more than User.
      knowledge.privilege = .user
      return advance()
    case .noCommonCipherSuite where knowledge.version != nil && access.version == .detected:
      knowledge = BMCKnowledge()
      return advance()
    case .sessionsExhausted, .refusedCommand(.outOfSpace, during: .challenging):
      if let pending, pending.exhausted < configuration.exhaustedRetries, turn?.access == access {
        let wait = LoginBackoff.wait(
          after: pending.exhausted, delay: configuration.retryDelay, random: &registry.random)
        self.pending?.exhausted += 1
        self.pending?.notBefore = .now + wait
        return
      }
    // What a privilege may not log in with is refused by some (OpenIPMI's ipmi_sim) only when the session is activated.
    case .refusedCommand(_, during: .challenging), .refusedCommand(.invalidField, during: .activating):
      guard access.version == .version15, access.allowsUnauthenticated else { break }
      if knowledge.tryNextAuthentication() { return advance() }
    default: break
    }
    // It may have been replaced by another one.
    if failure == .unreachable { knowledge = BMCKnowledge() }
    let explanation = noteLogin(of: access, failure)
    switch failure {
    // Whether these may be tried again, the lockout guard says.
    case .wrongPassword, .unknownUser, .wrongBMCKey, .timedOut(during: .activating): break
    default:
      backoff.failed(explanation, at: .now, delay: configuration.retryDelay, random: &registry.random)
    }
    end(explanation)
  }

  /// Remembers a failed login as far as the password is concerned, and says what people are told.
  func noteLogin(of access: IPMIAccess, _ failure: IPMISessionFailure) -> BMCFailure {
    let login = IPMILogin(access)
    switch failure {
    case .wrongPassword, .unknownUser, .wrongBMCKey:
      lockout.refused(login, reason: "\(failure)", at: .now, wallClock: .wallClock)
    case .timedOut(during: .activating):
      if let refusal = lockout.suspected(
        login, reason: "the BMC falls silent when it is shown this password", at: .now, wallClock: .wallClock)
      {
        return .wrongPassword(refusal, access: access, name: name)
      }
    default: break
    }
    return BMCFailure(failure, access: access, name: name)
  }

  // MARK: Time

  func handleScheduledCallback(eventLoop: some EventLoop) {
    timerAt = nil
    timer = nil
    let now = ContinuousClock.now
    if let due = session?.deadline, now >= due {
      if pending?.requestID != nil || !isEstablished { registry.counters.retransmitted() }
      perform(session?.timeout(at: now, random: &registry.random) ?? [])
    }
    if let due = pending?.suspectAt, now >= due { doubt() }
    if let due = pending?.notBefore, now >= due {
      pending?.notBefore = nil
      advance()
    }
    if case .pause(let due) = pending?.step, now >= due { end(.success(nil)) }
    if let due = idleAt, now >= due {
      idleAt = nil
      closeSession()
    }
    rearm()
  }

  /// The session was idle and does not answer: the BMC may have restarted. A new one is quicker than waiting.
  private func doubt() {
    pending?.suspectAt = nil
    pending?.requestID = nil
    pending?.isAgain = true
    perform(session?.close(at: .now, random: &registry.random) ?? [])
    sessionEnded()
    advance()
  }

  /// Sets the timer for what is due next. One that is set for earlier is left: it fires for nothing, which costs less
  /// than setting it anew with every datagram.
  private func rearm() {
    var next = session?.deadline
    for due in [pending?.suspectAt, pending?.notBefore, idleAt] {
      if let due, next.map({ due < $0 }) ?? true { next = due }
    }
    if case .pause(let due) = pending?.step, next.map({ due < $0 }) ?? true { next = due }
    guard let next else { return }
    if let timerAt, timerAt <= next { return }
    timer?.cancel()
    timer = try? registry.loop.assumeIsolated().scheduleCallback(
      in: TimeAmount(max(.zero, next - .now)), handler: self)
    timerAt = next
  }
}
