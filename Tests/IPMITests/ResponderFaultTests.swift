import BMC
import Testing

@testable import IPMI

@Suite("The BMC's half: what goes wrong with it")
struct ResponderFaultTests {
  private func talk(
    _ session: (inout IPMISessionConfiguration) -> Void = { _ in }, faults: (inout BMCFaults) -> Void
  ) -> Conversation {
    var all = BMCFaults()
    faults(&all)
    return Conversation(.test(session), .test { $0.faults = all })
  }

  @Test("no faults draw no numbers: a run without them is the same as before")
  func silence() {
    struct Never: RandomNumberGenerator {
      mutating func next() -> UInt64 {
        Issue.record("a number was drawn")
        return 0
      }
    }
    var random = Never()
    #expect(BMCFaults().arrivals(random: &random) == [.zero])
    #expect(BMCFaults().departures(random: &random) == [.zero])
  }

  @Test("the network's shares are what they say")
  func shares() {
    var faults = BMCFaults()
    faults.lossIn = 0.1
    faults.duplication = 0.2
    faults.reordering = 0.3
    faults.roundTrip = .milliseconds(1)
    faults.jitter = .milliseconds(2)
    var random = SeededRandom(seed: 1)
    let arrivals = (0..<10_000).map { _ in faults.arrivals(random: &random) }
    #expect((900...1100).contains(arrivals.count { $0.isEmpty }))
    #expect((1650...1950).contains(arrivals.count { $0.count == 2 }))
    let copies = arrivals.flatMap(\.self)
    let late = Double(copies.count { $0 == faults.holdUp }) / Double(copies.count)
    #expect((0.28...0.32).contains(late))
    let departures = (0..<10_000).flatMap { _ in faults.departures(random: &random) }
    #expect(departures.allSatisfy { $0 >= .milliseconds(1) && $0 < .milliseconds(3) + faults.holdUp })
    var again = SeededRandom(seed: 1)
    #expect((0..<10_000).map { _ in faults.arrivals(random: &again) } == arrivals)
  }

  @Test("every session is taken")
  func exhausted() {
    var talk = talk { $0.isExhausted = true }
    talk.login()
    #expect(!talk.isEstablished && talk.failure != nil)
    #expect(talk.bmc.counters.exhausted >= 1 && talk.bmc.openSessions == 0)
  }

  @Test("the first requests are answered with node busy")
  func busy() throws {
    // The session raises its privilege first: that is one of the three.
    var talk = talk({ $0.privilege = .user }) { $0.busyAnswers = 3 }
    talk.login()
    var codes: [CompletionCode] = []
    for _ in 0..<5 { if let code = try talk.reply(to: IPMIRequest(GetDeviceID()))?.code { codes.append(code) } }
    #expect(codes.last == .success)
    #expect(talk.bmc.busyAnswersGiven == 3)
  }

  @Test("a suite that is not known is not answered at all")
  func silentSuite() {
    var bmc = BMCResponder(.test { $0.faults.silentSuites = [17] }, crypto: OpenSSLCrypto())
    var random = SeededRandom(seed: 1)
    func open(_ suite: CipherSuite) -> [UInt8]? {
      let request = OpenSessionRequest(tag: 1, privilege: .administrator, consoleSessionID: 5, suite: suite)
      let datagram = RMCPPlusPacket.plain(.openSessionRequest, request.bytes)
      return bmc.receive(datagram.span, at: .now, random: &random)
    }
    #expect(open(.seventeen) == nil)
    #expect(open(.three) != nil)
  }

  @Test("it hangs up in the middle of a login, and takes the next one")
  func hangUp() {
    var talk = talk { $0.hangUps = 1 }
    talk.login()
    #expect(talk.bmc.hangUpsDone == 1)
    var next = Conversation(.test(), talk.bmc.configuration)
    next.bmc = talk.bmc
    next.login()
    #expect(next.isEstablished)
  }

  @Test("it forgets a session")
  func forgetting() throws {
    var talk = talk { $0.forgetting = 0 }
    talk.login()
    talk.bmc.configuration.faults.forgetting = 1
    #expect(try talk.reply(to: IPMIRequest(GetDeviceID())) == nil)
    #expect(talk.bmc.openSessions == 0)
  }

  @Test("wrong answers are passed over by the session, which asks again")
  func wrongAnswers() throws {
    let faults: [WritableKeyPath<BMCFaults, Double>] = [\.wrongChecksum, \.wrongSession]
    for fault in faults {
      var talk = talk { _ in }
      talk.login()
      talk.bmc.configuration.faults[keyPath: fault] = 1
      #expect(try talk.reply(to: IPMIRequest(GetDeviceID())) == nil)
      #expect(!talk.ignored.isEmpty)
    }
  }

  @Test("an rqSeq that is not echoed is understood, all else being right")
  func wrongSequence() throws {
    var talk = talk { _ in }
    talk.login()
    talk.bmc.configuration.faults.wrongSequence = 1
    for _ in 0..<70 { #expect(try talk.reply(to: IPMIRequest(GetDeviceID()))?.code == .success) }
    #expect(talk.bmc.requests == 71)
  }

  @Test("damaged, cut and replayed answers differ from good ones; slow logins take their time")
  func deliveries() throws {
    var configuration = BMCResponder.Configuration.test()
    configuration.faults.roundTrip = .milliseconds(1)
    var random = SeededRandom(seed: 3)
    func answer(_ bmc: inout SimulatedBMC, tag: UInt8) -> SimulatedBMC.Delivery? {
      bmc.receive(PresencePing(tag: tag).bytes.span, from: 5, at: .now, random: &random).first
    }
    var good = SimulatedBMC(BMCResponder(configuration, crypto: OpenSSLCrypto()))
    let right = try #require(answer(&good, tag: 7))
    #expect(right.peer == 5 && right.delay == .milliseconds(1))

    configuration.faults.wrongIntegrity = 1
    var bad = SimulatedBMC(BMCResponder(configuration, crypto: OpenSSLCrypto()))
    let damaged = try #require(answer(&bad, tag: 7))
    #expect(damaged.datagram.dropLast() == right.datagram.dropLast() && damaged.datagram != right.datagram)

    configuration.faults.wrongIntegrity = 0
    configuration.faults.replay = 1
    var late = SimulatedBMC(BMCResponder(configuration, crypto: OpenSSLCrypto()))
    let first = try #require(answer(&late, tag: 7))
    let second = try #require(answer(&late, tag: 8))
    #expect(first.datagram == second.datagram)

    configuration.faults.replay = 0
    configuration.faults.slowLogin = .seconds(2)
    var slow = SimulatedBMC(BMCResponder(configuration, crypto: OpenSSLCrypto()))
    #expect(answer(&slow, tag: 7)?.delay == .milliseconds(1))
    let request = OpenSessionRequest(tag: 1, privilege: .administrator, consoleSessionID: 5, suite: .three)
    let opening = RMCPPlusPacket.plain(.openSessionRequest, request.bytes)
    let opened = slow.receive(opening.span, from: 5, at: .now, random: &random)
    #expect(opened.first?.delay == .milliseconds(1))
    let rakp = RAKPMessage1(
      tag: 2, bmcSessionID: try #require(slow.responder.sessions.keys.first),
      consoleRandom: [UInt8](repeating: 1, count: 16), role: 4, userName: Array("admin".utf8))
    let proof = RMCPPlusPacket.plain(.rakp1, rakp.bytes)
    let proven = slow.receive(proof.span, from: 5, at: .now, random: &random)
    #expect(proven.first?.delay == .milliseconds(2001))
  }

  @Test("no datagram brings it down, whatever is cut or changed in a conversation")
  func shaken() {
    var talk = Conversation(.test(), .test())
    talk.login()
    let bmc = SimulatedBMC(talk.bmc)
    var random = SeededRandom(seed: 9)
    for datagram in talk.sent {
      for length in 0..<datagram.count {
        var copy = bmc
        _ = copy.receive(Array(datagram.prefix(length)).span, from: 0, at: talk.now, random: &random)
        var changed = datagram
        changed[length] ^= UInt8.random(in: 1...255, using: &random)
        _ = copy.receive(changed.span, from: 0, at: talk.now, random: &random)
        #expect(copy.responder.openSessions <= copy.responder.configuration.sessionLimit)
      }
    }
  }
}
