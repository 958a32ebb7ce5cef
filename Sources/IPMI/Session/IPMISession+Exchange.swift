import Wire

/// Sending, sending again, and recognizing the answer.
extension IPMISession {
  /// What keeps a session alive: changes nothing, allowed at every privilege.
  static let keepAlive = IPMIRequest(GetDeviceID())

  /// Sends the next request in the queue, if none is on its way.
  mutating func sendNext(
    at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard phase == .established, exchange == nil else { return [] }
    guard let (id, request) = queue.first else {
      updateDeadline()
      return []
    }
    queue.removeFirst()
    return transmit(request, id: id, at: now, random: &random)
  }

  /// Sends a request for the first time.
  mutating func transmit(
    _ request: IPMIRequest, id: RequestID?, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    var next = Exchange(content: .message, message: message(of: request), requestID: id, sentAt: now)
    next.isRepeatable = request.isRepeatable
    next.patience = request.patience
    exchange = next
    return attempt(at: now, random: &random)
  }

  /// Sends something outside of a session for the first time.
  mutating func transmit(
    _ datagram: [UInt8], message: IPMIMessage? = nil, isComputed: Bool = false, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) -> [Action] {
    exchange = Exchange(content: .datagram(datagram), message: message, isComputed: isComputed, sentAt: now)
    return attempt(at: now, random: &random)
  }

  /// The request under the next rqSeq.
  mutating func message(of request: IPMIRequest) -> IPMIMessage {
    rqSeq = (rqSeq + 1) & 0x3f
    usedSequences |= 1 << UInt64(rqSeq)
    return IPMIMessage(request: request, sequence: rqSeq)
  }

  /// Sends what waits for an answer, for the first time or again, and sets the timer.
  ///
  /// Up to a quarter is waited longer by chance: a thousand BMCs behind one lost switch must not all be asked again at
  /// once.
  mutating func attempt(
    at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard var current = exchange else { return [] }
    let datagram: [UInt8]
    switch current.content {
    case .datagram(let bytes): datagram = bytes
    case .message:
      guard let message = current.message, let sealed = seal(message.bytes, type: .ipmi, random: &random) else {
        return fail(.exhausted)
      }
      datagram = sealed
    }
    current.attempts += 1
    exchange = current
    let wait = wait(of: current)
    deadline = now + wait + wait / 4 * Int(random.next(upperBound: UInt8(101))) / 100
    lastAsked = now
    return [.send(datagram)] + askVersion()
  }

  /// How long an attempt waits: the round trip's estimate, doubled with each attempt after the first few, or as long as
  /// its owner can afford and the BMC usually needs. What must not be repeated waits as all attempts together would.
  private func wait(of current: Exchange) -> Duration {
    if let patience = current.patience { return max(patience, roundTrip?.smoothed ?? .zero) }
    guard current.isRepeatable else { return configuration.longestTimeout * 2 }
    if phase == .activating, current.attempts >= mostAttempts { return configuration.longestTimeout }
    var wait =
      roundTrip?.timeout(floor: IPMISessionConfiguration.shortestTimeout) ?? configuration.firstTimeout
    if current.isComputed { wait = max(wait, IPMISessionConfiguration.shortestComputation) }
    for _ in 0..<max(0, current.attempts - IPMISessionConfiguration.quickAttempts)
    where wait < configuration.longestTimeout { wait *= 2 }
    return min(wait, configuration.longestTimeout)
  }

  /// Activate Session shows the password: to a BMC that silently refuses it each repetition is a wrong one more, and
  /// three to five lock the account. So it is repeated once, and that is waited for all the longer.
  var mostAttempts: Int { phase == .activating ? min(2, configuration.attempts) : configuration.attempts }

  /// The BMC answered what was sent last: how long that took. What makes it compute, or act, tells nothing.
  mutating func heard(at now: ContinuousClock.Instant) {
    hasHeard = true
    guard let current = exchange, current.isRepeatable, !current.isComputed else { return }
    if current.attempts > 1 {
      roundTrip?.wasRetransmitted()
    } else if roundTrip == nil {
      roundTrip = RoundTripEstimate(first: now - current.sentAt)
    } else {
      roundTrip?.measured(now - current.sentAt)
    }
  }

  /// After traffic: the keep-alive's turn, unless something waits for an answer.
  mutating func updateDeadline() {
    guard exchange == nil else { return }
    guard phase == .established, let interval = configuration.keepAliveInterval, let sent = lastAsked else {
      deadline = nil
      return
    }
    deadline = sent + interval
  }

  /// The datagram of a payload within the session; `nil` when the numbers are used up or encryption failed.
  mutating func seal(
    _ payload: [UInt8], type: PayloadType, random: inout some RandomNumberGenerator
  ) -> [UInt8]? {
    let sequence = nextSequence
    guard sequence != 0 else { return nil }
    nextSequence = sequence &+ 1
    if let authentication = version15Authentication {
      guard type == .ipmi else { return nil }
      return Version15Packet(
        payload, authentication: isPerMessageUnsigned ? .none : authentication, sequence: sequence,
        sessionID: bmcSessionID, password: configuration.password, using: crypto
      ).bytes
    }
    guard let keys else { return nil }
    return keys.seal(
      payload, type: type, sessionID: bmcSessionID, sequence: sequence,
      initializationVector: random.bytes(keys.isEncrypted ? 16 : 0), using: crypto)
  }

  // MARK: Receiving

  mutating func accept(
    _ datagram: Span<UInt8>, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) throws(IPMIIgnored) -> [Action] {
    // Both formats share the header up to the byte that tells them apart.
    guard datagram.count > RMCPHeader.length else {
      throw .malformed(.truncated(offset: 0, needed: RMCPHeader.length + 1, available: datagram.count))
    }
    if datagram[RMCPHeader.length] == AuthenticationType.rmcpPlus.rawValue {
      let packet: RMCPPlusPacket
      do { packet = try RMCPPlusPacket(parsing: datagram) } catch { throw .malformed(error) }
      return try accept(packet, datagram, at: now, random: &random)
    }
    let packet: Version15Packet
    do { packet = try Version15Packet(parsing: datagram) } catch { throw .malformed(error) }
    return try accept(packet, at: now, random: &random)
  }

  private mutating func accept(
    _ packet: RMCPPlusPacket, _ datagram: Span<UInt8>, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) throws(IPMIIgnored) -> [Action] {
    switch phase {
    case .opening, .provingFirst, .provingSecond:
      guard packet.sessionID == 0, !packet.isSigned, !packet.isEncrypted else { throw .otherSession }
      return try acceptLogin(packet.type, datagram.extracting(packet.payload), at: now, random: &random)
    case .raising, .established, .closing:
      guard let keys, packet.sessionID == consoleSessionID, packet.sessionID != 0 else { throw .otherSession }
      guard window.isNew(packet.sequence) else { throw .replayed }
      let payload = try keys.open(datagram, of: packet, using: crypto)
      window.accept(packet.sequence)
      guard packet.type == .ipmi else {
        guard phase == .established else { throw .unexpected }
        return [.payload(packet.type, payload)]
      }
      return try acceptMessage(payload, at: now, random: &random)
    case .ready, .challenging, .activating, .ended: throw .unexpected
    }
  }

  private mutating func accept(
    _ packet: Version15Packet, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) throws(IPMIIgnored) -> [Action] {
    switch phase {
    case .opening:
      guard packet.sessionID == 0, packet.authentication == .none else { throw .otherSession }
      return try acceptVersion(packet.payload, at: now, random: &random)
    case .challenging:
      guard packet.sessionID == 0, packet.authentication == .none else { throw .otherSession }
      return try acceptMessage(packet.payload, at: now, random: &random)
    case .activating:
      // The session has its number only from this answer on: some BMCs send the temporary one, others 0 or the new.
      // A refusal may come unsigned; a session may not, unless the BMC said that it signs nothing.
      let isRefusal = packet.payload.count > 6 && packet.payload[6] != CompletionCode.success.rawValue
      try verify(
        packet, mayBeUnsigned: isRefusal || capabilities?.isPerMessageAuthenticationDisabled ?? false)
      return try acceptMessage(packet.payload, at: now, random: &random)
    case .raising, .established, .closing:
      guard version15Authentication != nil, packet.sessionID == bmcSessionID else { throw .otherSession }
      guard window.isNew(packet.sequence) else { throw .replayed }
      try verify(packet, mayBeUnsigned: isPerMessageUnsigned)
      window.accept(packet.sequence)
      return try acceptMessage(packet.payload, at: now, random: &random)
    case .ready, .provingFirst, .provingSecond, .ended: throw .unexpected
    }
  }

  private func verify(_ packet: Version15Packet, mayBeUnsigned: Bool) throws(IPMIIgnored) {
    guard let authentication = version15Authentication else { throw .otherSession }
    if packet.authentication == .none, mayBeUnsigned || authentication == .none { return }
    guard packet.authentication == authentication else { throw .protection }
    guard packet.isSigned(with: configuration.password, using: crypto) else { throw .signature }
  }

  private mutating func acceptMessage(
    _ payload: [UInt8], at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) throws(IPMIIgnored) -> [Action] {
    let message: IPMIMessage
    do { message = try IPMIMessage(parsing: payload.span) } catch { throw .malformed(error) }
    guard let current = exchange, let request = current.message,
      message.answers(request) || isWrongEcho(message, of: request), let code = message.data.first
    else { throw .unexpected }
    let reply = IPMIReply(code: CompletionCode(rawValue: code), data: Array(message.data.dropFirst()))
    heard(at: now)
    exchange = nil
    if let id = current.requestID { return [.response(id, reply)] + sendNext(at: now, random: &random) }
    switch phase {
    case .challenging: return challenged(reply, at: now, random: &random)
    case .activating: return activated(reply, at: now, random: &random)
    case .raising: return raised(reply, at: now, random: &random)
    case .closing:
      isCloseConfirmed = reply.code == .success || reply.code == CloseSession.invalidSessionID
      return end([.closed])
    case .ready, .opening, .provingFirst, .provingSecond, .established, .ended:
      return sendNext(at: now, random: &random)
    }
  }

  /// Whether a message answers `request` but for its rqSeq, which this BMC does not echo: ``BMCQuirks``.
  ///
  /// An rqSeq that this session has used may belong to a late answer. One that it never used proves that the BMC makes
  /// them up; from then on its rqSeq is not looked at, only the rest and the session sequence number.
  private mutating func isWrongEcho(_ message: IPMIMessage, of request: IPMIMessage) -> Bool {
    switch phase {
    case .raising, .established, .closing: break
    default: return false
    }
    guard message.answers(request, ignoringSequence: true),
      echoesWrongSequence || usedSequences & 1 << UInt64(message.sequence) == 0
    else { return false }
    echoesWrongSequence = true
    return true
  }
}

extension RandomNumberGenerator {
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next() as UInt64 >> 24) }
  }
}
