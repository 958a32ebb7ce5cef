/// Logging in: what is asked, and what the answers mean.
extension IPMISession {
  /// How often a login is begun anew when messages crossed or the BMC lost its half.
  private static let mostRestarts = 3

  // MARK: Which version

  /// Along with an open session request that was not answered: the question what the BMC speaks.
  mutating func askVersion() -> [Action] {
    guard phase == .opening, configuration.version == .detected, !hasHeard, let current = exchange,
      current.attempts > 1
    else { return [] }
    let question = detection ?? capabilitiesQuestion(wantsExtended: true)
    detection = question
    return [.send(Version15Packet(question.bytes, using: crypto).bytes)]
  }

  private mutating func capabilitiesQuestion(wantsExtended: Bool) -> IPMIMessage {
    message(
      of: IPMIRequest(
        GetChannelAuthenticationCapabilities(privilege: configuration.privilege, wantsExtended: wantsExtended)))
  }

  mutating func acceptVersion(
    _ payload: [UInt8], at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) throws(IPMIIgnored) -> [Action] {
    let message: IPMIMessage
    do { message = try IPMIMessage(parsing: payload.span) } catch { throw .malformed(error) }
    guard let question = detection, message.answers(question), let code = message.data.first else {
      throw .unexpected
    }
    hasHeard = true
    let reply = IPMIReply(code: CompletionCode(rawValue: code), data: Array(message.data.dropFirst()))
    // An IPMI 1.5 BMC may not know the bit that asks for 2.0.
    if reply.code != .success, question.data.first.map({ $0 & 0x80 != 0 }) ?? false {
      let simpler = capabilitiesQuestion(wantsExtended: false)
      detection = simpler
      hasHeard = false
      return [.send(Version15Packet(simpler.bytes, using: crypto).bytes)]
    }
    do {
      let answer = try reply.response(
        to: GetChannelAuthenticationCapabilities(privilege: configuration.privilege))
      capabilities = answer
      // It speaks 2.0: the open session request was lost, or has a suite that it does not know; its timer goes on.
      if answer.supportsVersion20 { return [] }
      guard let best = bestAuthentication(of: answer.authentications) else {
        return fail(.noCommonAuthentication(offered: answer.authentications))
      }
      return challenge(best, at: now, random: &random)
    } catch {
      return fail(failure(error))
    }
  }

  private mutating func askOutside(
    _ request: IPMIRequest, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    let message = message(of: request)
    return transmit(
      Version15Packet(message.bytes, using: crypto).bytes, message: message, at: now, random: &random)
  }

  private func bestAuthentication(of offered: Set<AuthenticationType>) -> AuthenticationType? {
    if offered.contains(.md5) { return .md5 }
    guard configuration.allowsUnauthenticated else { return nil }
    return [.straight, .none].first { offered.contains($0) }
  }

  private func failure(_ error: IPMICommandError) -> IPMISessionFailure {
    switch error {
    case .refused(let code): .refusedCommand(code, during: step)
    case .malformed(let error): .malformed(error, during: step)
    }
  }

  // MARK: IPMI 2.0

  /// Asks for a session with the next cipher suite; trying is surer than what BMCs list.
  mutating func openNext(
    at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard let suite = suitesLeft.first else { return fail(.noCommonCipherSuite) }
    suitesLeft.removeFirst()
    return open(suite, at: now, random: &random)
  }

  private mutating func open(
    _ suite: CipherSuite, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    phase = .opening
    cipherSuite = suite
    consoleSessionID = UInt32.random(in: 1...UInt32.max, using: &random)
    tag &+= 1
    let request = OpenSessionRequest(
      tag: tag, privilege: configuration.privilege, consoleSessionID: consoleSessionID, suite: suite)
    return transmit(RMCPPlusPacket.plain(.openSessionRequest, request.bytes), at: now, random: &random)
  }

  /// Begins anew with the same suite; the BMC forgets the half-open session by itself.
  private mutating func restart(
    or failure: IPMISessionFailure, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard restarts < Self.mostRestarts, let suite = cipherSuite else { return fail(failure) }
    restarts += 1
    return open(suite, at: now, random: &random)
  }

  mutating func acceptLogin(
    _ type: PayloadType, _ payload: Span<UInt8>, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) throws(IPMIIgnored) -> [Action] {
    do {
      switch (phase, type) {
      case (.opening, .openSessionResponse):
        return try opened(OpenSessionResponse(parsing: payload), at: now, random: &random)
      case (.provingFirst, .rakp2):
        return try provedFirst(RAKPMessage2(parsing: payload), at: now, random: &random)
      case (.provingSecond, .rakp4):
        return try provedSecond(RAKPMessage4(parsing: payload), at: now, random: &random)
      default: throw IPMIIgnored.unexpected
      }
    } catch let error as IPMIParseError {
      throw .malformed(error)
    } catch let error as IPMIIgnored {
      throw error
    } catch {
      throw .unexpected
    }
  }

  private mutating func opened(
    _ response: OpenSessionResponse, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) throws -> [Action] {
    guard response.tag == tag, let suite = cipherSuite else { throw IPMIIgnored.unexpected }
    if response.status == .success, response.consoleSessionID != consoleSessionID { throw IPMIIgnored.otherSession }
    heard(at: now)
    switch response.status {
    case .success: break
    case .invalidAuthentication, .invalidIntegrity, .noMatchingAuthentication, .noMatchingIntegrity,
      .invalidConfidentiality, .noMatchingCipherSuite, .illegalParameter, .invalidPayloadType:
      return openNext(at: now, random: &random)
    default: return fail(refusal(response.status))
    }
    // What was agreed must be what was asked: weaker algorithms are not accepted from an unsigned message.
    guard response.authentication == suite.authentication.rawValue, response.integrity == suite.integrity.rawValue,
      response.confidentiality == suite.confidentiality.rawValue, response.bmcSessionID != 0
    else { return openNext(at: now, random: &random) }
    bmcSessionID = response.bmcSessionID
    phase = .provingFirst
    tag &+= 1
    let exchange = RAKPExchange(
      suite: suite, consoleSessionID: consoleSessionID, bmcSessionID: bmcSessionID, consoleRandom: random.bytes(16),
      bmcRandom: [], guid: [], role: configuration.role, userName: Array(configuration.userName.utf8),
      password: configuration.password, bmcKey: configuration.bmcKey)
    rakp = exchange
    let message = RAKPMessage1(
      tag: tag, bmcSessionID: bmcSessionID, consoleRandom: exchange.consoleRandom, role: exchange.role,
      userName: exchange.userName)
    return transmit(RMCPPlusPacket.plain(.rakp1, message.bytes), isComputed: true, at: now, random: &random)
  }

  private mutating func provedFirst(
    _ message: RAKPMessage2, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) throws -> [Action] {
    guard message.tag == tag, var exchange = rakp else { throw IPMIIgnored.unexpected }
    guard message.status == .success else {
      heard(at: now)
      if message.status == .invalidSessionID || message.status == .inactiveSessionID {
        return restart(or: refusal(message.status), at: now, random: &random)
      }
      return fail(refusal(message.status))
    }
    guard message.consoleSessionID == consoleSessionID else { throw IPMIIgnored.otherSession }
    heard(at: now)
    exchange.bmcRandom = message.bmcRandom
    exchange.guid = message.guid
    tag &+= 1
    let expected = exchange.bmcCode(using: crypto)
    guard expected.count == exchange.suite.authentication.codeLength,
      ConstantTime.areEqual(expected.span, message.code.span)
    else {
      return farewell(random: &random) + fail(.wrongPassword)
    }
    rakp = exchange
    phase = .provingSecond
    let proof = RAKPMessage3(
      tag: tag, status: .success, bmcSessionID: bmcSessionID, code: exchange.consoleCode(using: crypto))
    return transmit(RMCPPlusPacket.plain(.rakp3, proof.bytes), isComputed: true, at: now, random: &random)
  }

  private mutating func provedSecond(
    _ message: RAKPMessage4, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) throws -> [Action] {
    guard message.tag == tag, let exchange = rakp else { throw IPMIIgnored.unexpected }
    switch message.status {
    case .success: break
    // The BMC has proven the password, so this is no wrong one: a repeated RAKP message made it choose other numbers,
    // or the answer to our first RAKP message 3 was lost and the session is open already.
    case .invalidCheckValue, .invalidSessionID, .inactiveSessionID:
      return restart(or: refusal(message.status), at: now, random: &random)
    default: return fail(refusal(message.status))
    }
    guard message.consoleSessionID == consoleSessionID else { throw IPMIIgnored.otherSession }
    let expected = exchange.checkValue(using: crypto)
    guard expected.count == exchange.suite.authentication.checkLength,
      ConstantTime.areEqual(expected.span, message.checkValue.span)
    else { return fail(.wrongBMCKey) }
    keys = SessionKeys(
      suite: exchange.suite, integrityKey: exchange.integrityKey(using: crypto), password: configuration.password,
      using: crypto)
    rakp = nil
    nextSequence = 1
    window = SequenceWindow(isSigned: exchange.suite.integrity != .none)
    return raise(at: now, random: &random)
  }

  private func refusal(_ status: RAKPStatus) -> IPMISessionFailure {
    switch status {
    case .insufficientResources, .insufficientResourcesForRole: .sessionsExhausted
    case .unauthorizedName, .invalidNameLength: .unknownUser
    case .unauthorizedPrivilege, .invalidRole: .privilegeRefused
    default: .refused(status, during: step)
    }
  }

  // MARK: IPMI 1.5

  mutating func challenge(
    _ authentication: AuthenticationType, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    phase = .challenging
    let isAllowed =
      authentication == .md5
      || configuration.allowsUnauthenticated && (authentication == .straight || authentication == .none)
    guard isAllowed else { return fail(.noCommonAuthentication(offered: [authentication])) }
    guard configuration.password.count <= 16 else { return fail(.credentialTooLong("the password")) }
    version15Authentication = authentication
    cipherSuite = nil
    return askOutside(
      IPMIRequest(
        GetSessionChallenge(authentication: authentication, userName: Array(configuration.userName.utf8))),
      at: now, random: &random)
  }

  mutating func challenged(
    _ reply: IPMIReply, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard let authentication = version15Authentication else { return fail(.exhausted) }
    if reply.code == GetSessionChallenge.invalidUserName || reply.code == GetSessionChallenge.nullUserDisabled {
      return fail(.unknownUser)
    }
    do {
      let answer = try reply.response(to: GetSessionChallenge(authentication: authentication, userName: []))
      phase = .activating
      bmcSessionID = answer.temporarySessionID
      let first = UInt32.random(in: 1...UInt32.max, using: &random)
      window = SequenceWindow(startingAt: first, isSigned: authentication != .none)
      let message = message(
        of: IPMIRequest(
          ActivateSession(
            authentication: authentication, privilege: configuration.privilege, challenge: answer.challenge,
            firstSequence: first)))
      let packet = Version15Packet(
        message.bytes, authentication: authentication, sessionID: bmcSessionID, password: configuration.password,
        using: crypto)
      return transmit(packet.bytes, message: message, isComputed: true, at: now, random: &random)
    } catch {
      return fail(failure(error))
    }
  }

  mutating func activated(
    _ reply: IPMIReply, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard let authentication = version15Authentication else { return fail(.exhausted) }
    switch reply.code {
    case ActivateSession.noSessionSlot, ActivateSession.noSlotForUser, ActivateSession.noSlotForPrivilege:
      return fail(.sessionsExhausted)
    case ActivateSession.privilegeTooHigh, .insufficientPrivilege: return fail(.privilegeRefused)
    default: break
    }
    do {
      let answer = try reply.response(
        to: ActivateSession(authentication: authentication, privilege: .user, challenge: [], firstSequence: 0))
      bmcSessionID = answer.sessionID
      nextSequence = answer.firstSequence
      // "None from now on" is the BMC's choice to make: per-message authentication is disabled.
      isPerMessageUnsigned = answer.authentication == .none
      return raise(at: now, random: &random)
    } catch {
      return fail(failure(error))
    }
  }

  // MARK: Privilege

  /// Sessions start at User: two datagrams less for those who need no more.
  private mutating func raise(
    at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    usedSequences = 0
    guard configuration.privilege > .user else { return establish(at: now, random: &random) }
    phase = .raising
    return transmit(
      IPMIRequest(SetSessionPrivilegeLevel(configuration.privilege)), id: nil, at: now, random: &random)
  }

  mutating func raised(
    _ reply: IPMIReply, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    switch reply.code {
    case .success: return establish(at: now, random: &random)
    case SetSessionPrivilegeLevel.notAvailableForUser, SetSessionPrivilegeLevel.exceedsLimit, .insufficientPrivilege:
      return farewell(random: &random) + fail(.privilegeRefused)
    default:
      return farewell(random: &random) + fail(.refusedCommand(reply.code, during: .raisingPrivilege))
    }
  }

  private mutating func establish(
    at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Action] {
    phase = .established
    exchange = nil
    return [.established] + sendNext(at: now, random: &random)
  }
}
