import BMC
import Testing
import Wire

@testable import IPMI

struct FirstContactTests {
  @Test("a BMC that speaks 1.5 alone is found one wait later, whether or not it knows the bit that asks for 2.0")
  func version15() throws {
    for refusesExtended in [false, true] {
      var talk = Conversation(.test(), .test { $0.supportsVersion20 = false })
      if refusesExtended { talk.network.tamper = Self.refuseExtended }
      talk.login()
      #expect(talk.isEstablished, "refuses: \(refusesExtended), \(String(describing: talk.failure))")
      #expect(talk.now - talk.start < .milliseconds(700))
      #expect(try talk.ask(GetChassisStatus()).isOn == false)
    }
  }

  /// Answers 0xCC to the first question, which has bit 7 set in its first data byte: the answer's second data byte
  /// then has it too.
  private static let refuseExtended: @Sendable ([UInt8]) -> [UInt8] = { datagram in
    guard datagram.count > 23, datagram[4] == 0, datagram[19] == 0x38, datagram[22] & 0x80 != 0 else { return datagram }
    // to, function, sum, from, rqSeq, command, code, sum
    var message = Array(datagram[14..<20]) + [0xcc]
    message.append(0 &- message[3...].reduce(0, &+))
    return Array(datagram.prefix(13)) + [UInt8(message.count)] + message
  }

  @Test("a BMC that says nothing to an unknown suite: the next one, and not because of one lost datagram")
  func silentSuite() throws {
    var talk = Conversation(.test(), .test { $0.cipherSuites = [.three] })
    talk.network.tamper = { datagram in
      // An open session response with a status other than success is never sent.
      datagram[4] == 6 && datagram[5] == 0x11 && datagram[17] != 0 ? [] : datagram
    }
    talk.login()
    #expect(talk.isEstablished && talk.session.cipherSuite == .three)
    #expect(talk.session.capabilities?.supportsVersion20 == true)
    #expect(talk.now - talk.start < .seconds(4))

    var lossy = Conversation(.test(), .test())
    lossy.network.loss = 1
    lossy.begin()
    lossy.run { $0.sent.count == 3 }
    lossy.network.loss = 0
    lossy.run { $0.isEstablished || $0.failure != nil }
    #expect(lossy.session.cipherSuite == .seventeen)
  }

  @Test("1,000 BMCs behind a network that loses every tenth datagram each way all answer within three seconds")
  func lossyRack() throws {
    var slowest = Duration.zero
    for seed in 0..<1000 as Range<UInt64> {
      var talk = Conversation(.test(), .test { $0.sessionLimit = 36 }, seed: seed)
      talk.network.loss = 0.1
      talk.login()
      let reply = try talk.reply(to: IPMIRequest(GetChassisStatus()))
      #expect(reply?.code == .success, "seed \(seed): \(String(describing: talk.failure))")
      slowest = max(slowest, talk.now - talk.start)
    }
    #expect(slowest < .seconds(3), "\(slowest)")
  }

  @Test("an earlier estimate spares the long first wait, and a session gives its own back")
  func knownRoundTrip() throws {
    var first = Conversation(.test(), .test())
    first.login()
    let estimate = try #require(first.session.roundTrip)
    #expect(estimate.smoothed <= .milliseconds(2))
    var second = Conversation(.test { $0.roundTrip = estimate }, .test())
    second.network.loss = 1
    second.begin()
    second.run { $0.sent.count > 1 }
    // The floor of 100 ms, with jitter.
    #expect((.milliseconds(100)...(.milliseconds(126))).contains(second.now - second.start))
  }

  @Test("the estimate is RFC 6298's, with a floor and a backoff that ends with the next measurement")
  func estimate() {
    // SRTT 100, RTTVAR 50: 300. Then R = 200: RTTVAR 3/4·50 + 1/4·100 = 62.5, SRTT 7/8·100 + 1/8·200 = 112.5.
    var estimate = RoundTripEstimate(first: .milliseconds(100))
    #expect(estimate.timeout(floor: .milliseconds(1)) == .milliseconds(300))
    estimate.measured(.milliseconds(200))
    #expect(estimate.smoothed == .microseconds(112_500))
    #expect(estimate.timeout(floor: .milliseconds(1)) == .microseconds(362_500))
    #expect(estimate.timeout(floor: .seconds(1)) == .seconds(1))
    estimate.wasRetransmitted()
    #expect(estimate.timeout(floor: .milliseconds(1)) == .milliseconds(725))
    for _ in 0..<9 { estimate.wasRetransmitted() }
    #expect(estimate.timeout(floor: .milliseconds(1)) == .milliseconds(2900))
    estimate.measured(.microseconds(112_500))
    #expect(estimate.timeout(floor: .seconds(1)) == .seconds(1))
  }

  @Test("a BMC slower than the floor is measured: its answers are not asked for twice again and again")
  func slow() throws {
    var talk = Conversation(.test(), .test())
    talk.network.delay = .milliseconds(300)
    talk.login()
    for _ in 0..<30 { _ = try talk.ask(GetChassisStatus()) }
    let before = talk.sent.count
    for _ in 0..<30 { _ = try talk.ask(GetChassisStatus()) }
    #expect(talk.sent.count - before < 36)
  }

  @Test("a BMC that does not echo rqSeq is understood; late answers to others are still not taken")
  func wrongEcho() throws {
    for seed in 1...20 as ClosedRange<UInt64> {
      var talk = Conversation(.test(), .test(), seed: seed)
      talk.login()
      let (id, _) = try #require(talk.session.send(IPMIRequest(GetChassisStatus()), at: talk.now, random: &talk.random))
      let request = try #require(talk.session.exchange?.message)
      let keys = try #require(talk.bmc.sessions.values.first?.keys)
      var answer = IPMIMessage(to: request, code: .success, data: [0x21, 0, 0])
      // Never used by this session: it has used two.
      answer.sequence = (request.sequence + 20) & 0x3f
      talk.inject(
        keys.seal(
          answer.bytes, type: .ipmi, sessionID: talk.session.consoleSessionID, sequence: 50,
          initializationVector: [UInt8](repeating: 1, count: 16), using: OpenSSLCrypto()))
      #expect(talk.replies[id]?.code == .success)
    }
  }

  @Test("giving up a login tells the BMC, so that its slot is free at once")
  func abort() {
    var talk = Conversation(.test(), .test())
    // In order: a message 3 that overtakes message 1 is none that a BMC understands.
    talk.network.delay = .zero
    talk.begin()
    talk.run { $0.session.phase == .provingFirst }
    #expect(talk.bmc.openSessions == 1)
    talk.close()
    talk.run(for: .seconds(1)) { _ in false }
    #expect(talk.isClosed && talk.bmc.openSessions == 0)
  }

  @Test("a session given up because nothing is answered any more says goodbye")
  func farewell() throws {
    var talk = Conversation(.test(), .test())
    talk.login()
    // The BMC hears, and is not heard.
    talk.network.tamper = { _ in [] }
    #expect(try talk.reply(to: IPMIRequest(GetChassisStatus())) == nil)
    #expect(talk.failure == .timedOut(during: .commanding))
    talk.run(for: .seconds(1)) { _ in false }
    #expect(talk.bmc.openSessions == 0)
    #expect(talk.now - talk.start < .seconds(16))
  }
}
