import Wire

/// How somebody gets in.
extension BMCResponder {
  mutating func answerLogin(
    _ type: PayloadType, _ payload: Span<UInt8>, from peer: UInt64, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) throws -> [UInt8]? {
    switch type {
    case .openSessionRequest:
      let answer = open(try OpenSessionRequest(parsing: payload), from: peer, at: now, random: &random)
      return answer.map { RMCPPlusPacket.plain(.openSessionResponse, $0.bytes) }
    case .rakp1:
      let answer = proveFirst(try RAKPMessage1(parsing: payload), random: &random)
      return answer.map { RMCPPlusPacket.plain(.rakp2, $0.bytes) }
    case .rakp3:
      return try proveSecond(RAKPMessage3(parsing: payload), at: now).map { RMCPPlusPacket.plain(.rakp4, $0.bytes) }
    default: throw IPMIIgnored.unexpected
    }
  }

  private mutating func open(
    _ request: OpenSessionRequest, from peer: UInt64, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) -> OpenSessionResponse? {
    func refuse(_ status: RAKPStatus) -> OpenSessionResponse {
      OpenSessionResponse(tag: request.tag, status: status, consoleSessionID: request.consoleSessionID)
    }
    let again = sessions.first {
      $0.value.openRequest == request && $0.value.peer == peer && !$0.value.isActive
    }
    if let identifier = again?.key {
      return OpenSessionResponse(to: request, bmcSessionID: identifier)
    }
    let suite = CipherSuite(
      authentication: request.authentication, integrity: request.integrity, confidentiality: request.confidentiality)
    if let suite, configuration.faults.silentSuites.contains(suite.identifier) { return nil }
    guard let suite, configuration.cipherSuites.contains(suite) else { return refuse(.noMatchingCipherSuite) }
    guard let identifier = newSessionID(random: &random) else { return refuse(.insufficientResources) }
    var session = ResponderSession(
      identifier: identifier, peer: peer, lastHeard: now, highestPrivilege: request.privilege)
    session.consoleSessionID = request.consoleSessionID
    session.openRequest = request
    session.suite = suite
    sessions[identifier] = session
    // Privilege 0 asks for the highest there is.
    var answer = OpenSessionResponse(to: request, bmcSessionID: identifier)
    if request.privilege.rawValue == 0 { answer.privilege = .administrator }
    return answer
  }

  private mutating func proveFirst(
    _ message: RAKPMessage1, random: inout some RandomNumberGenerator
  ) -> RAKPMessage2? {
    guard var session = sessions[message.bmcSessionID], let suite = session.suite, session.keys == nil else {
      return RAKPMessage2(tag: message.tag, status: .invalidSessionID, consoleSessionID: 0)
    }
    if hangUpsDone < configuration.faults.hangUps {
      hangUpsDone += 1
      sessions[message.bmcSessionID] = nil
      return nil
    }
    func refuse(_ status: RAKPStatus) -> RAKPMessage2 {
      sessions[message.bmcSessionID] = nil
      return RAKPMessage2(tag: message.tag, status: status, consoleSessionID: session.consoleSessionID)
    }
    let exchange: RAKPExchange
    if let earlier = session.exchange, earlier.consoleRandom == message.consoleRandom,
      earlier.userName == message.userName, earlier.role == message.role
    {
      exchange = earlier
    } else {
      guard let user = user(named: message.userName) else {
        counters.unknownUsers &+= 1
        return refuse(.unauthorizedName)
      }
      let wanted = PrivilegeLevel(rawValue: message.role)
      guard wanted <= user.privilege else { return refuse(.unauthorizedPrivilege) }
      session.highestPrivilege = wanted.rawValue == 0 ? user.privilege : wanted
      exchange = RAKPExchange(
        suite: suite, consoleSessionID: session.consoleSessionID, bmcSessionID: message.bmcSessionID,
        consoleRandom: message.consoleRandom, bmcRandom: random.bytes(16), guid: configuration.guid,
        role: message.role, userName: message.userName, password: user.password, bmcKey: configuration.bmcKey)
      session.exchange = exchange
      sessions[message.bmcSessionID] = session
    }
    var answer = RAKPMessage2(tag: message.tag, status: .success, consoleSessionID: session.consoleSessionID)
    answer.bmcRandom = exchange.bmcRandom
    answer.guid = exchange.guid
    answer.code = exchange.bmcCode(using: crypto)
    return answer
  }

  private mutating func proveSecond(
    _ message: RAKPMessage3, at now: ContinuousClock.Instant
  ) throws -> RAKPMessage4? {
    guard var session = sessions[message.bmcSessionID], let exchange = session.exchange else {
      return RAKPMessage4(tag: message.tag, status: .inactiveSessionID, consoleSessionID: 0)
    }
    // The console gives up. Anybody could say so: only a session that is not open yet goes.
    guard message.status == .success else {
      if session.keys == nil, message.status == .invalidCheckValue { counters.wrongPasswords &+= 1 }
      if session.keys == nil { sessions[message.bmcSessionID] = nil }
      return nil
    }
    let expected = exchange.consoleCode(using: crypto)
    guard expected.count == exchange.suite.authentication.codeLength,
      ConstantTime.areEqual(expected.span, message.code.span)
    else {
      if session.keys == nil {
        counters.wrongPasswords &+= 1
        sessions[message.bmcSessionID] = nil
      }
      return RAKPMessage4(
        tag: message.tag, status: .invalidCheckValue, consoleSessionID: session.consoleSessionID)
    }
    if session.keys == nil {
      session.keys = SessionKeys(
        suite: exchange.suite, integrityKey: exchange.integrityKey(using: crypto), password: exchange.password,
        using: crypto)
      session.window = SequenceWindow(isSigned: exchange.suite.integrity != .none)
      session.lastHeard = now
      session.openRequest = nil
      counters.logins &+= 1
      sessions[message.bmcSessionID] = session
    }
    return RAKPMessage4(
      tag: message.tag, status: .success, consoleSessionID: session.consoleSessionID,
      checkValue: exchange.checkValue(using: crypto))
  }

  // MARK: IPMI 1.5, and what is asked outside of sessions

  mutating func answer(
    _ packet: Version15Packet, from peer: UInt64, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) throws -> [UInt8]? {
    guard packet.sessionID != 0 else {
      guard packet.authentication == .none else { throw IPMIIgnored.protection }
      let message = try IPMIMessage(parsing: packet.payload.span)
      let (code, data) = answerOutside(message, from: peer, at: now, random: &random)
      let response = IPMIMessage(to: message, code: code, data: data)
      return Version15Packet(response.bytes, using: crypto).bytes
    }
    guard var session = sessions[packet.sessionID], let authentication = session.authentication,
      let user = session.user
    else { throw IPMIIgnored.otherSession }
    guard packet.authentication == authentication else { throw IPMIIgnored.protection }
    guard authentication == .none || packet.isSigned(with: user.password, using: crypto) else {
      if !session.isActivated { counters.wrongPasswords &+= 1 }
      throw IPMIIgnored.signature
    }
    let isRepeatedActivation = session.isActivated && packet.sequence == 0
    if session.isActivated, !isRepeatedActivation {
      guard session.window.isNew(packet.sequence) else { throw IPMIIgnored.replayed }
      session.window.accept(packet.sequence)
    }
    let message = try IPMIMessage(parsing: packet.payload.span)
    session.lastHeard = now
    var response: IPMIMessage
    if session.isActivated, !isRepeatedActivation {
      response = answer(message, in: &session, at: now, random: &random)
    } else {
      guard message.networkFunction == ActivateSession.networkFunction, message.command == ActivateSession.command
      else { throw IPMIIgnored.unexpected }
      response = try activate(message, packet.sessionID, &session, random: &random)
    }
    let sequence = session.nextSequence
    session.nextSequence = sequence == .max ? 1 : sequence + 1
    if session.isClosed { end(packet.sessionID) } else { sessions[packet.sessionID] = session }
    return Version15Packet(
      spoil(&response, random: &random), authentication: authentication, sequence: sequence,
      sessionID: packet.sessionID,
      password: user.password, using: crypto
    ).bytes
  }

  private mutating func activate(
    _ message: IPMIMessage, _ identifier: UInt32, _ session: inout ResponderSession,
    random: inout some RandomNumberGenerator
  ) throws -> IPMIMessage {
    let request = try ActivateSession(request: message.data.span)
    if session.isActivated {
      guard let last = session.last, last.request == message else { throw IPMIIgnored.replayed }
      return last.response
    }
    guard request.challenge == session.challenge else {
      return IPMIMessage(to: message, code: .invalidField, data: [])
    }
    guard let user = session.user, request.privilege <= user.privilege else {
      return IPMIMessage(to: message, code: ActivateSession.privilegeTooHigh, data: [])
    }
    let first = UInt32.random(in: 1...UInt32.max, using: &random)
    session.isActivated = true
    counters.logins &+= 1
    session.highestPrivilege = request.privilege
    session.nextSequence = request.firstSequence
    session.window = SequenceWindow(startingAt: first, isSigned: request.authentication != .none)
    let response = IPMIMessage(
      to: message, code: .success,
      data: request.responseData(
        ActivateSession.Response(
          authentication: request.authentication, sessionID: identifier, firstSequence: first,
          highestPrivilege: request.privilege)))
    session.last = (message, response)
    return response
  }

  private mutating func answerOutside(
    _ message: IPMIMessage, from peer: UInt64, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) -> (CompletionCode, [UInt8]) {
    do {
      switch (message.networkFunction, message.command) {
      case (.application, GetChannelAuthenticationCapabilities.command),
        (.application, GetChannelCipherSuites.command), (.application, Self.getSystemGUID):
        return try answerAboutChannels(message) ?? (.invalidCommand, [])
      case (.application, GetSessionChallenge.command):
        let request = try GetSessionChallenge(request: message.data.span)
        guard configuration.authentications.contains(request.authentication) else { return (.invalidField, []) }
        guard let user = user(named: request.userName), !user.isPasswordLong else {
          counters.unknownUsers &+= 1
          return (GetSessionChallenge.invalidUserName, [])
        }
        guard let identifier = newSessionID(random: &random) else { return (.outOfSpace, []) }
        var session = ResponderSession(
          identifier: identifier, peer: peer, lastHeard: now, highestPrivilege: user.privilege)
        session.authentication = request.authentication
        session.user = user
        session.challenge = random.bytes(16)
        sessions[identifier] = session
        return (
          .success,
          request.responseData(
            GetSessionChallenge.Response(temporarySessionID: identifier, challenge: session.challenge))
        )
      default: return (.insufficientPrivilege, [])
      }
    } catch {
      return (.requestLength, [])
    }
  }
}
