@testable import IPMI

/// A BMC that answers as a function says, and counts.
actor ScriptedRequester<State: Sendable>: IPMIRequester {
  private(set) var state: State
  private(set) var requests: [IPMIRequest] = []
  private(set) var fences = 0
  private(set) var paused = Duration.zero
  private let start = ContinuousClock.now
  private var slowness = Duration.zero
  private var elapsed = Duration.zero
  private let answer: @Sendable (inout State, IPMIRequest) -> IPMIReply?

  /// - Parameter answer: `nil`: no answer comes.
  init(_ state: State, answer: @escaping @Sendable (inout State, IPMIRequest) -> IPMIReply?) {
    self.state = state
    self.answer = answer
  }

  func perform(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply {
    requests.append(request)
    elapsed += slowness
    if let reply = answer(&state, request) { return reply }
    throw request.isRepeatable ? .session(.timedOut(during: .commanding)) : .unanswered
  }

  func fence() async throws(IPMIFailure) { fences += 1 }
  func pause(for duration: Duration) async throws(IPMIFailure) { paused += duration }
  var now: ContinuousClock.Instant { start + paused + elapsed }

  /// From now on every request takes so long.
  func slowDown(to duration: Duration) { slowness = duration }

  func change(_ change: @Sendable (inout State) -> Void) { change(&state) }
}

extension ScriptedRequester where State == Void {
  init(answer: @escaping @Sendable (IPMIRequest) -> IPMIReply?) {
    self.init((), answer: { _, request in answer(request) })
  }
}

extension IPMIReply {
  static func ok(_ data: [UInt8] = []) -> IPMIReply { IPMIReply(code: .success, data: data) }
  static func no(_ code: UInt8) -> IPMIReply { IPMIReply(code: CompletionCode(rawValue: code), data: []) }
}

extension IPMIRequest {
  /// Function and command, as one number to switch over: `0x0a43`.
  var key: UInt16 { UInt16(networkFunction.rawValue) << 8 | UInt16(command) }
}

/// Procedures over a session in virtual time: a ``Conversation`` that logs in when it must.
actor ConversationRequester: IPMIRequester {
  private(set) var talk: Conversation
  private let configuration: IPMISessionConfiguration

  init(_ configuration: IPMISessionConfiguration, _ bmc: BMCResponder.Configuration, seed: UInt64) {
    self.configuration = configuration
    talk = Conversation(configuration, bmc, seed: seed)
  }

  func change(_ change: @Sendable (inout Conversation) -> Void) { change(&talk) }

  func perform(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply {
    try login()
    guard let id = talk.post(request) else { throw .transport("not sent") }
    talk.run { $0.replies[id] != nil || $0.unanswered.contains(id) || $0.failure != nil }
    if let reply = talk.replies[id] { return reply }
    if talk.unanswered.contains(id) { throw .unanswered }
    throw .session(talk.failure ?? .unreachable)
  }

  /// A new session, in which the old one is closed if that was not confirmed.
  func fence() async throws(IPMIFailure) {
    let old = talk.session.bmcSessionID
    talk.close()
    let isClosed = talk.session.isCloseConfirmed
    talk.restart(configuration)
    guard !isClosed else { return }
    let reply = try await perform(IPMIRequest(CloseSession(sessionID: old)))
    guard reply.code == .success || reply.code == CloseSession.invalidSessionID else {
      throw .refused(command: "CloseSession", reply.code)
    }
  }

  func pause(for duration: Duration) async throws(IPMIFailure) {
    let end = talk.now + duration
    talk.run(for: duration) { _ in false }
    talk.now = max(talk.now, end)
  }

  var now: ContinuousClock.Instant { talk.now }

  func connect() async throws(IPMIFailure) { try login() }

  private func login() throws(IPMIFailure) {
    for _ in 0..<3 where !talk.isEstablished || talk.failure != nil {
      talk.restart(configuration)
      talk.login()
    }
    if let failure = talk.failure { throw .session(failure) }
  }
}

extension Conversation {
  /// Hands the session a request.
  mutating func post(_ request: IPMIRequest) -> IPMISession.RequestID? {
    guard let (id, actions) = session.send(request, at: now, random: &random) else { return nil }
    take(actions)
    return id
  }

  /// Forgets the session, not what is on its way.
  mutating func restart(_ configuration: IPMISessionConfiguration) {
    session = IPMISession(configuration, crypto: session.crypto)
    isEstablished = false
    isClosed = false
    failure = nil
    replies = [:]
    unanswered = []
  }
}
