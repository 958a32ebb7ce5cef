/// One session with one BMC, from the first datagram to the last.
///
/// A value without socket, clock or task. Feed it what happens, do what it answers, in order; call
/// ``timeout(at:random:)`` once ``deadline`` has passed.
///
/// ```
/// ready ─▶ opening ─▶ provingFirst ─▶ provingSecond ─┐                         (RMCP+: open session, RAKP 1–4)
///             └─▶ challenging ─▶ activating ─────────┴─▶ raising ─▶ established ─▶ closing ─▶ ended
///                       any state ──── failure ──▶ ended                         (IPMI 1.5 in the lower row)
/// ```
/// - One request is on its way at a time: BMCs have buffers for two packets (IPMI v2.0 §6.10.1). Others wait in order.
/// - A retransmission has a new session sequence number, else the BMC would drop it as a replay, and the same rqSeq.
/// - Replies are matched on session, protection and sequence window, verified, decrypted, and then matched on function,
///   command, rqSeq and address. What fits nowhere is ``Action/ignored(_:)`` and changes nothing.
/// - A request that is not repeatable is sent once; see ``Action/unanswered(_:)``.
///
/// First contact. Nothing is asked that trying answers as well:
/// - The open session request for the best suite is the first datagram; the cipher suites that BMCs list are not what
///   they accept, so they are tried, best first (or the one known from before). A suite refused costs two datagrams.
/// - Only when that stays unanswered is Get Channel Authentication Capabilities asked beside it. BMCs that speak 1.5
///   alone drop open session requests: they are found one wait (``IPMISessionConfiguration/firstTimeout``) later. Those
///   that want to be asked before they open a session are asked too.
/// - An answer to that question which says 2.0 changes nothing: the open session request goes on being repeated, so
///   that a lost datagram does not make a login use a weaker suite.
/// - Set Session Privilege Level is left out where the User level is asked for.
///
/// So suite 3 after a refused 17 is 14 datagrams, close included: 2 × open session, RAKP 1/2, RAKP 3/4, privilege,
/// a command, close, and their answers. On a session that is there, a command is 2.
///
/// What BMCs get wrong, and what is done about it, is in ``BMCQuirks``.
public struct IPMISession: Sendable {
  /// What the owner of the socket is to do.
  public enum Action: Sendable {
    /// Send this datagram to the BMC.
    case send([UInt8])

    /// Logged in, at the privilege asked for.
    case established

    /// The answer to a request, whatever its completion code.
    case response(RequestID, IPMIReply)

    /// A request that must not be repeated got no answer in time: it may have been carried out, or not.
    case unanswered(RequestID)

    /// A request that will not be answered: the session failed or closed before.
    case abandoned(RequestID)

    /// A payload other than a command's answer: serial-over-LAN.
    case payload(PayloadType, [UInt8])

    /// A datagram was passed over.
    case ignored(IPMIIgnored)

    /// It is over.
    case failed(IPMISessionFailure)

    /// It is over, as was asked for.
    case closed
  }

  /// Which request an answer belongs to.
  public struct RequestID: Hashable, Sendable {
    public let rawValue: UInt64
  }

  /// How many requests may wait; one more is refused. A caller that gets here is not reading the answers.
  public static let longestQueue = 32

  /// Attempts to close: a slot less for a minute is no reason to keep anybody waiting.
  private static let closeAttempts = 4

  public let configuration: IPMISessionConfiguration

  /// When ``timeout(at:random:)`` has something to do.
  public internal(set) var deadline: ContinuousClock.Instant?

  /// The suite in use; `nil` before one is agreed, and for IPMI 1.5.
  public internal(set) var cipherSuite: CipherSuite?

  /// How fast the BMC answers, as far as measured.
  public internal(set) var roundTrip: RoundTripEstimate?

  /// The BMC's number of this session: what ``CloseSession`` names. 0 before there is one.
  public internal(set) var bmcSessionID: UInt32 = 0

  /// The BMC confirmed that the session is over. If it did not, then packets that were held up may yet be carried out,
  /// until ``CloseSession`` with ``bmcSessionID`` is answered in another session.
  public internal(set) var isCloseConfirmed = false

  /// What the BMC said about itself, if it was asked.
  public internal(set) var capabilities: GetChannelAuthenticationCapabilities.Response?

  enum Phase: Hashable {
    case ready
    case opening
    case provingFirst
    case provingSecond
    case challenging
    case activating
    case raising
    case established
    case closing
    case ended
  }

  /// What was sent and is not answered.
  struct Exchange: Sendable {
    enum Content: Sendable {
      /// As it is, each time: outside of a session.
      case datagram([UInt8])
      /// With a new sequence number each time.
      case message
    }

    var content: Content
    /// The request, if it is one.
    var message: IPMIMessage?
    /// Whose it is; `nil` for the session's own.
    var requestID: RequestID?
    var isRepeatable = true
    /// How long an attempt waits, if not as long as usual.
    var patience: Duration?
    /// The BMC has to compute before it answers.
    var isComputed = false
    var attempts = 0
    /// First.
    var sentAt: ContinuousClock.Instant
  }

  let crypto: any IPMICrypto
  var phase = Phase.ready
  var exchange: Exchange?
  var queue: [(id: RequestID, request: IPMIRequest)] = []
  var nextRequestID: UInt64 = 1
  var rqSeq: UInt8 = 0
  /// Bit n: rqSeq n was used in this session.
  var usedSequences: UInt64 = 0
  var echoesWrongSequence = false
  /// Get Channel Authentication Capabilities, asked beside an open session request.
  var detection: IPMIMessage?
  var tag: UInt8 = 0
  var hasHeard = false

  /// Times a login was begun anew because messages crossed.
  var restarts = 0
  var suitesLeft: [CipherSuite] = []
  var consoleSessionID: UInt32 = 0
  var rakp: RAKPExchange?
  var keys: SessionKeys?
  var version15Authentication: AuthenticationType?
  var isPerMessageUnsigned = false
  var nextSequence: UInt32 = 1
  var window = SequenceWindow(isSigned: false)
  /// RMCP+ counts signed and unsigned packets apart; ours are all of one kind, serial-over-LAN's too.
  var lastAsked: ContinuousClock.Instant?

  public init(_ configuration: IPMISessionConfiguration, crypto: any IPMICrypto) {
    self.configuration = configuration
    self.crypto = crypto
    roundTrip = configuration.roundTrip
  }

  /// Whether requests are sent at once.
  public var isEstablished: Bool { phase == .established }

  /// Whether nothing will ever happen again.
  public var isEnded: Bool { phase == .ended }

  /// How many requests wait or are on their way.
  public var outstandingRequests: Int { queue.count + (exchange?.requestID == nil ? 0 : 1) }

  // MARK: Events

  /// Begins to log in.
  public mutating func start(
    at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard phase == .ready else { return [] }
    let isVersion15 = if case .version15 = configuration.version { true } else { false }
    if configuration.userName.utf8.count > 16 { return fail(.credentialTooLong("the user name")) }
    if configuration.password.count > (isVersion15 ? 16 : 20) { return fail(.credentialTooLong("the password")) }
    if let key = configuration.bmcKey, key.count > 20 { return fail(.credentialTooLong("Kg")) }
    tag = UInt8.random(in: 0...255, using: &random)
    rqSeq = UInt8.random(in: 0...63, using: &random)
    suitesLeft = configuration.offeredSuites
    switch configuration.version {
    case .detected, .version20: return openNext(at: now, random: &random)
    case .version15(let authentication): return challenge(authentication, at: now, random: &random)
    }
  }

  /// Sends a request, or queues it until the one before is answered or the login is done. `nil` when the session is
  /// over or the queue is full.
  public mutating func send(
    _ request: IPMIRequest, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> (id: RequestID, actions: [Action])? {
    guard phase != .ended, phase != .closing, queue.count < Self.longestQueue else { return nil }
    let id = RequestID(rawValue: nextRequestID)
    nextRequestID += 1
    queue.append((id, request))
    return (id, sendNext(at: now, random: &random))
  }

  /// Sends a payload of serial-over-LAN, which has retransmission and acknowledgement of its own. It does not put off the
  /// keep-alive: there are BMCs (OpenIPMI's simulator among them) that count commands only, and drop a session in the middle
  /// of the busiest console.
  public mutating func send(
    _ type: PayloadType, _ payload: [UInt8], at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard phase == .established, let datagram = seal(payload, type: type, random: &random) else { return [] }
    updateDeadline()
    return [.send(datagram)]
  }

  /// A datagram came from the BMC.
  public mutating func receive(
    _ datagram: Span<UInt8>, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard phase != .ended, phase != .ready else { return [.ignored(.unexpected)] }
    do {
      return try accept(datagram, at: now, random: &random)
    } catch {
      return [.ignored(error)]
    }
  }

  /// ``deadline`` has passed.
  public mutating func timeout(
    at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard let due = deadline, now >= due else { return [] }
    guard let waiting = exchange else {
      guard phase == .established else { return [] }
      return transmit(Self.keepAlive, id: nil, at: now, random: &random)
    }
    if !waiting.isRepeatable, let id = waiting.requestID {
      exchange = nil
      return [.unanswered(id)] + sendNext(at: now, random: &random)
    }
    if phase == .closing, waiting.attempts >= Self.closeAttempts { return end([.closed]) }
    // Some BMCs say nothing when they do not know a cipher suite.
    if phase == .opening, hasHeard, suitesLeft.count > 0,
      waiting.attempts >= IPMISessionConfiguration.quickAttempts
    {
      return openNext(at: now, random: &random)
    }
    let isPatient = hasHeard && phase != .activating && now - waiting.sentAt < configuration.patience
    guard waiting.attempts < mostAttempts || isPatient else {
      return farewell(random: &random) + fail(hasHeard ? .timedOut(during: step) : .unreachable)
    }
    return attempt(at: now, random: &random)
  }

  /// Ends the session and frees its slot in the BMC.
  ///
  /// Of a login that is not finished the BMC is told as well, where there is something to name.
  public mutating func close(
    at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard phase != .ended, phase != .closing else { return [] }
    guard phase == .established || phase == .raising else {
      return farewell(random: &random) + end([.closed])
    }
    let abandoned = abandon()
    phase = .closing
    return abandoned + transmit(IPMIRequest(CloseSession(sessionID: bmcSessionID)), id: nil, at: now, random: &random)
  }

  // MARK: Endings

  /// Tells the BMC that the session, or the login, is given up: that frees it at once where slots are few. Sent once, not
  /// waited for; lost, it costs the BMC the slot until its own limit and nothing else.
  mutating func farewell(random: inout some RandomNumberGenerator) -> [Action] {
    switch phase {
    case .provingFirst, .provingSecond:
      let refusal = RAKPMessage3(tag: tag, status: .invalidCheckValue, bmcSessionID: bmcSessionID, code: [])
      return [.send(RMCPPlusPacket.plain(.rakp3, refusal.bytes))]
    case .raising, .established:
      let request = message(of: IPMIRequest(CloseSession(sessionID: bmcSessionID)))
      return seal(request.bytes, type: .ipmi, random: &random).map { [.send($0)] } ?? []
    case .ready, .opening, .challenging, .activating, .closing, .ended: return []
    }
  }

  mutating func fail(_ failure: IPMISessionFailure) -> [Action] { end([.failed(failure)]) }

  mutating func end(_ last: [Action]) -> [Action] {
    let abandoned = abandon()
    phase = .ended
    deadline = nil
    keys = nil
    rakp = nil
    return abandoned + last
  }

  private mutating func abandon() -> [Action] {
    let ids = [exchange?.requestID].compactMap(\.self) + queue.map(\.id)
    exchange = nil
    queue = []
    return ids.map { .abandoned($0) }
  }

  var step: IPMISessionFailure.Step {
    switch phase {
    case .ready, .opening: .opening
    case .provingFirst: .provingFirst
    case .provingSecond: .provingSecond
    case .challenging: .challenging
    case .activating: .activating
    case .raising: .raisingPrivilege
    case .established, .closing, .ended: .commanding
    }
  }
}
