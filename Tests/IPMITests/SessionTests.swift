import BMC
import Testing
import Wire

@testable import IPMI

struct SessionTests {
  @Test("a login with each cipher suite, a command, and the slot is free again", arguments: CipherSuite.all)
  func suites(suite: CipherSuite) throws {
    var talk = Conversation(
      .test {
        $0.cipherSuites = [suite]
        $0.allowsUnauthenticated = true
      }, .test { $0.cipherSuites = CipherSuite.all })
    talk.login()
    #expect(talk.failure == nil)
    #expect(talk.session.cipherSuite == suite)
    #expect(try talk.ask(GetChassisStatus()).isOn == false)
    _ = try talk.ask(ChassisControl(.powerUp))
    #expect(try talk.ask(GetChassisStatus()).isOn)
    #expect(talk.bmc.openSessions == 1)
    talk.close()
    #expect(talk.isClosed)
    #expect(talk.bmc.openSessions == 0)
    #expect(talk.ignored.isEmpty)
    if suite.confidentiality != .none {
      let secrets = talk.sent.suffix(4).map { Hexadecimal.text($0) }
      #expect(!secrets.contains { $0.contains("2000e081") })
    }
  }

  @Test(
    "datagrams of a first contact, close included, and of a command on a session that is there",
    arguments: [
      // The best suite; one refused first; known from before; without a privilege to raise.
      ([.seventeen, .three], nil, .operator, 12), ([.three], nil, .operator, 14), ([.three], .three, .operator, 12),
      ([.three], .three, .user, 10),
    ] as [([CipherSuite], CipherSuite?, PrivilegeLevel, Int)])
  func datagrams(accepted: [CipherSuite], known: CipherSuite?, privilege: PrivilegeLevel, count: Int) throws {
    var talk = Conversation(
      .test {
        $0.knownSuite = known
        $0.privilege = privilege
      }, .test { $0.cipherSuites = accepted })
    talk.login()
    _ = try talk.ask(GetChassisStatus())
    let before = talk.sent.count + talk.received.count
    _ = try talk.ask(GetChassisStatus())
    #expect(talk.sent.count + talk.received.count == before + 2)
    talk.close()
    #expect(talk.sent.count + talk.received.count == count + 2)
    #expect(talk.session.isCloseConfirmed && talk.session.cipherSuite == accepted.first)
  }

  @Test("two-key logins: Kg right, missing, wrong")
  func bmcKey() throws {
    let key = KeyMaterial(password: "kkkkkkkkkkkkkkkkkkkk")
    var right = Conversation(.test { $0.bmcKey = key }, .test { $0.bmcKey = key })
    right.login()
    #expect(right.isEstablished)
    var missing = Conversation(.test(), .test { $0.bmcKey = key })
    missing.login()
    #expect(missing.failure == .wrongBMCKey)
    var wrong = Conversation(.test { $0.bmcKey = KeyMaterial(password: "x") }, .test { $0.bmcKey = key })
    wrong.login()
    #expect(wrong.failure == .wrongBMCKey)
  }

  @Test("IPMI 1.5 logins", arguments: [AuthenticationType.md5, .straight, .none])
  func version15(authentication: AuthenticationType) throws {
    var talk = Conversation(
      .test { $0.allowsUnauthenticated = true },
      .test {
        $0.supportsVersion20 = false
        $0.authentications = [authentication]
      })
    talk.login()
    #expect(talk.failure == nil)
    _ = try talk.ask(ChassisControl(.powerUp))
    #expect(try talk.ask(GetChassisStatus()).isOn)
    talk.close()
    #expect(talk.bmc.openSessions == 0)
  }

  @Test("MD2 alone is refused with what was offered; straight and none unless allowed")
  func version15Refused() {
    for offered in [[.md2], [.straight], [.none, .oem]] as [Set<AuthenticationType>] {
      var talk = Conversation(
        .test(),
        .test {
          $0.supportsVersion20 = false
          $0.authentications = offered
        })
      talk.login()
      #expect(talk.failure == .noCommonAuthentication(offered: offered))
    }
  }

  @Test("each refusal has its name")
  func refusals() {
    func failure(
      _ change: (inout IPMISessionConfiguration) -> Void, _ bmc: (inout BMCResponder.Configuration) -> Void = { _ in }
    ) -> IPMISessionFailure? {
      var talk = Conversation(.test(change), .test(bmc))
      talk.login()
      return talk.failure
    }
    #expect(failure { $0.password = KeyMaterial(password: "Secret") } == .wrongPassword)
    #expect(failure { $0.userName = "nobody" } == .unknownUser)
    #expect(failure({ _ in }, { $0.sessionLimit = 0 }) == .sessionsExhausted)
    #expect(failure({ $0.cipherSuites = [.seventeen] }, { $0.cipherSuites = [.three] }) == .noCommonCipherSuite)
    #expect(failure({ $0.cipherSuites = [.zero] }, { $0.cipherSuites = [.zero] }) == .noCommonCipherSuite)
    #expect(
      failure {
        $0.userName = "guest"
        $0.password = KeyMaterial(password: "guest")
      } == .privilegeRefused)
    #expect(
      failure { $0.password = KeyMaterial(password: "123456789012345678901") } == .credentialTooLong("the password"))
    #expect(failure { $0.userName = "12345678901234567" } == .credentialTooLong("the user name"))
  }

  @Test("after a wrong password the BMC is told, so that the slot is free at once, and nothing is tried again")
  func wrongPassword() {
    var talk = Conversation(.test { $0.password = KeyMaterial(password: "wrong") }, .test())
    talk.login()
    #expect(talk.failure == .wrongPassword)
    talk.run { $0.bmc.openSessions == 0 }
    #expect(talk.bmc.openSessions == 0)
    #expect(talk.sent.count == 3)
  }

  @Test("suite 17 is tried first, then 3, whatever the BMC advertises")
  func cipherProbing() {
    var talk = Conversation(
      .test(),
      .test {
        $0.cipherSuites = [.three]
        $0.advertisedSuites = [.seventeen]
      })
    talk.login()
    #expect(talk.session.cipherSuite == .three)
    #expect(talk.isEstablished)
  }

  @Test("a BMC that forgets the login half-way is asked anew, not taken for one with another password")
  func restart() throws {
    var talk = Conversation(.test(), .test())
    talk.begin()
    talk.run { $0.session.phase == .provingSecond }
    #expect(talk.bmc.openSessions == 1)
    talk.bmc.sessions = [:]
    talk.run { $0.isEstablished || $0.failure != nil }
    #expect(talk.failure == nil && talk.session.restarts == 1)
    #expect(try talk.ask(GetChassisStatus()).isOn == false)
  }

  @Test("a BMC that forgets every login is given up")
  func restartBound() {
    var talk = Conversation(.test(), .test())
    talk.begin()
    for _ in 0..<10 {
      talk.run { $0.session.phase == .provingSecond || $0.failure != nil }
      talk.bmc.sessions = [:]
      talk.run { $0.session.phase != .provingSecond }
    }
    #expect(talk.failure == .refused(.inactiveSessionID, during: .provingSecond))
  }

  @Test("a session that the BMC dropped answers nothing more, and says so")
  func dropped() throws {
    var talk = Conversation(.test { $0.keepAliveInterval = nil }, .test())
    talk.login()
    let begin = talk.now
    talk.now = begin + .seconds(100)
    #expect(try talk.reply(to: IPMIRequest(GetChassisStatus())) == nil)
    #expect(talk.failure == .timedOut(during: .commanding))
  }

  @Test("nobody there")
  func unreachable() {
    var talk = Conversation(.test(), .test())
    talk.network.loss = 1
    talk.login()
    #expect(talk.failure == .unreachable)
    // Seven open session requests, and from the second on the question what is spoken.
    #expect(talk.sent.count == 13)
    #expect(talk.now - talk.start < .seconds(10))
    #expect(talk.session.deadline == nil)
  }

  @Test("a BMC that falls silent in the middle is another failure than one that was never there")
  func silence() throws {
    var talk = Conversation(.test(), .test())
    talk.login()
    talk.network.loss = 1
    #expect(try talk.reply(to: IPMIRequest(GetChassisStatus())) == nil)
    #expect(talk.failure == .timedOut(during: .commanding))
  }

  @Test("what must not be done twice is sent once")
  func notRepeatable() throws {
    var talk = Conversation(.test(), .test())
    talk.bmc.machine.isOn = true
    talk.login()
    let before = talk.sent.count
    talk.network.loss = 1
    #expect(try talk.reply(to: IPMIRequest(ChassisControl(.powerCycle))) == nil)
    #expect(talk.sent.count == before + 1)
    #expect(talk.unanswered.count == 1)
    #expect(talk.session.isEstablished)
  }

  @Test("an idle session is kept alive, and one that is not ends in the BMC")
  func keepAlive() throws {
    var talk = Conversation(.test(), .test())
    talk.login()
    let begin = talk.now
    talk.run { $0.now - begin > .seconds(300) }
    #expect(talk.isEstablished && talk.failure == nil)
    #expect(try talk.ask(GetChassisStatus()).isOn == false)
    #expect((11...13).contains(talk.bmc.requests - 2))
  }

  @Test("a busy console does not put off the keep-alive: some BMCs count commands only")
  func keepAliveBesideConsole() throws {
    var talk = Conversation(.test(), .test())
    talk.login()
    let due = try #require(talk.session.deadline)
    for second in 1...20 {
      let now = talk.now + .seconds(second)
      #expect(talk.session.send(.serialOverLAN, [1, 0, 0, 0], at: now, random: &talk.random).count == 1)
    }
    #expect(talk.session.deadline == due)
  }

  @Test("requests wait their turn, a bounded number of them")
  func queue() throws {
    var talk = Conversation(.test(), .test())
    var ids = [IPMISession.RequestID]()
    for _ in 0..<IPMISession.longestQueue {
      let sent = talk.session.send(IPMIRequest(GetDeviceID()), at: talk.now, random: &talk.random)
      ids.append(try #require(sent).id)
    }
    #expect(talk.session.send(IPMIRequest(GetDeviceID()), at: talk.now, random: &talk.random) == nil)
    talk.login()
    talk.run { talk in ids.allSatisfy { talk.replies[$0] != nil } }
    #expect(talk.replies.count == ids.count)
  }

  @Test("datagrams received again, in any later state, change nothing", arguments: CipherSuite.preferred)
  func replay(suite: CipherSuite) throws {
    var talk = Conversation(.test { $0.cipherSuites = [suite] }, .test())
    talk.login()
    _ = try talk.ask(GetChassisStatus())
    let (id, _) = try #require(talk.session.send(IPMIRequest(GetChassisStatus()), at: talk.now, random: &talk.random))
    for datagram in talk.received { talk.inject(datagram) }
    #expect(talk.replies[id] == nil)
    #expect(talk.ignored.count == talk.received.count)
    #expect(talk.failure == nil)
  }

  @Test("an old answer is a replay even when its rqSeq comes round again", arguments: CipherSuite.all)
  func replayAfterWrap(suite: CipherSuite) throws {
    var talk = Conversation(
      .test {
        $0.cipherSuites = [suite]
        $0.allowsUnauthenticated = true
      }, .test { $0.cipherSuites = [suite] })
    talk.login()
    _ = try talk.ask(GetChassisStatus())
    let old = try #require(talk.received.last)
    for _ in 0..<63 { _ = try talk.ask(GetChassisStatus()) }
    let (id, _) = try #require(talk.session.send(IPMIRequest(GetChassisStatus()), at: talk.now, random: &talk.random))
    talk.inject(old)
    #expect(talk.replies[id] == nil)
    #expect(talk.ignored == [.replayed])
  }

  @Test("weaker algorithms than asked for are not accepted", arguments: [32, 40, 48])
  func downgrade(algorithm: Int) {
    var talk = Conversation(.test(), .test())
    talk.network.tamper = { datagram in
      var changed = datagram
      // The algorithm bytes of an open session response.
      if datagram[4] == 6, datagram[5] == PayloadType.openSessionResponse.rawValue { changed[algorithm] = 0 }
      return changed
    }
    talk.login()
    #expect(talk.failure == .noCommonCipherSuite)
    // Nothing that could be attacked offline was sent, or asked for.
    #expect(!talk.sent.contains { $0[5] == PayloadType.rakp1.rawValue && $0[4] == 6 })
  }

  @Test("a good packet that answers another request is not taken: rqSeq, command, function, address")
  func mismatch() throws {
    var talk = Conversation(.test(), .test())
    talk.login()
    let (id, _) = try #require(talk.session.send(IPMIRequest(GetChassisStatus()), at: talk.now, random: &talk.random))
    let request = try #require(talk.session.exchange?.message)
    let keys = try #require(talk.bmc.sessions.values.first?.keys)
    let right = IPMIMessage(to: request, code: .success, data: [0x21, 0, 0])
    var wrong = [IPMIMessage](repeating: right, count: 5)
    wrong[0].sequence = (right.sequence + 63) & 0x3f
    wrong[1].command = GetSystemRestartCause.command
    wrong[2].networkFunction = NetworkFunction.application.response
    wrong[3].destination = 0x85
    wrong[4].networkFunction = .chassis
    var sequence: UInt32 = 100
    func sealed(_ message: IPMIMessage) -> [UInt8] {
      sequence += 1
      return keys.seal(
        message.bytes, type: .ipmi, sessionID: talk.session.consoleSessionID, sequence: sequence,
        initializationVector: [UInt8](repeating: 1, count: 16), using: OpenSSLCrypto())
    }
    for message in wrong { talk.inject(sealed(message)) }
    #expect(talk.replies[id] == nil)
    #expect(talk.ignored == [IPMIIgnored](repeating: .unexpected, count: 5))
    // The right answer, but neither signed nor encrypted.
    let header = RMCPPlusPacket.header(
      .ipmi, isEncrypted: false, isSigned: false, sessionID: talk.session.consoleSessionID, sequence: 200,
      length: right.bytes.count)
    talk.inject(header + right.bytes)
    #expect(talk.replies[id] == nil && talk.ignored.last == .protection)
    talk.inject(sealed(right))
    #expect(talk.replies[id] == IPMIReply(code: .success, data: [0x21, 0, 0]))
  }

  @Test("every datagram from the BMC cut anywhere or with a bit flipped: an error or silence, never a false answer")
  func mutation() throws {
    for step in 0..<6 {
      var talk = Conversation(.test { $0.version = .version20 }, .test())
      talk.bmc.machine.isOn = true
      talk.login()
      _ = try talk.ask(GetChassisStatus())
      guard step < talk.received.count else { break }
      let good = talk.received[step]
      let mutants =
        (0..<good.count).map { Array(good.prefix($0)) }
        + (0..<good.count * 8).map { bit in
          var bad = good
          bad[bit / 8] ^= 1 << (bit % 8)
          return bad
        }
      for mutant in mutants {
        // The same login up to this step; then the mutant instead of the datagram.
        var victim = IPMISession(.test { $0.version = .version20 }, crypto: OpenSSLCrypto())
        var random = SeededGenerator(seed: 1)
        var bmc = BMCResponder(.test(), crypto: OpenSSLCrypto())
        bmc.machine.isOn = true
        var actions = victim.start(at: talk.start, random: &random)
        _ = victim.send(IPMIRequest(GetChassisStatus()), at: talk.start, random: &random)
        var answers = 0
        var isOver = false
        while !isOver, case .send(let datagram)? = actions.last(where: { if case .send = $0 { true } else { false } }) {
          guard let answer = bmc.receive(datagram.span, at: talk.start, random: &random) else { break }
          isOver = answers == step
          actions = victim.receive(
            (isOver ? Self.transplant(mutant, good, answer) : answer).span, at: talk.start, random: &random)
          answers += 1
        }
        for case .response(_, let reply) in actions { #expect(reply.data == [0x21, 0, 0x40]) }
      }
    }
  }

  /// The change that made `mutant` of `good`, made to `other`.
  private static func transplant(_ mutant: [UInt8], _ good: [UInt8], _ other: [UInt8]) -> [UInt8] {
    if mutant.count < good.count { return Array(other.prefix(mutant.count)) }
    return other.indices.map { other[$0] ^ ($0 < good.count ? mutant[$0] ^ good[$0] : 0) }
  }

  @Test("a lossy, doubling, reordering network: every login and command ends right, nothing is done twice")
  func lossyNetwork() throws {
    var established = 0
    for seed in 0..<300 as Range<UInt64> {
      var talk = Conversation(.test { $0.firstTimeout = .milliseconds(50) }, .test { $0.sessionLimit = 36 }, seed: seed)
      talk.network = Conversation.Network(loss: 0.1, duplication: 0.1, delay: .milliseconds(120))
      talk.bmc.machine.isOn = true
      talk.login()
      guard talk.isEstablished else {
        #expect(talk.failure != .wrongPassword && talk.failure != .wrongBMCKey, "seed \(seed)")
        continue
      }
      established += 1
      let reply = try talk.reply(to: IPMIRequest(ChassisControl(.powerCycle)))
      #expect(talk.bmc.machine.controlCount <= 1, "seed \(seed)")
      if reply?.code == .success { #expect(talk.bmc.machine.controlCount == 1, "seed \(seed)") }
      // The cycle's second.
      talk.run(for: .seconds(1)) { _ in false }
      talk.bmc.advance(to: talk.now)
      if talk.failure == nil { #expect(try talk.ask(GetChassisStatus()).isOn, "seed \(seed)") }
    }
    #expect(established > 290)
  }

  @Test(
    "random bytes, and random changes to good datagrams, do nothing to either end", arguments: 0..<8 as Range<UInt64>)
  func noise(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var talk = Conversation(.test(), .test())
    talk.login()
    _ = try talk.ask(GetChassisStatus())
    var datagrams = talk.sent + talk.received
    datagrams.append(PresencePing(tag: 1).bytes)
    for _ in 0..<2000 {
      var noise = datagrams[Int.random(in: 0..<datagrams.count, using: &random)]
      for _ in 0..<Int.random(in: 1...4, using: &random) where !noise.isEmpty {
        noise[Int.random(in: 0..<noise.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random(using: &random) { noise = Array(noise.prefix(Int.random(in: 0...noise.count, using: &random))) }
      _ = talk.bmc.receive(noise.span, at: talk.now, random: &random)
      talk.inject(noise)
    }
    #expect(talk.failure == nil)
    #expect(talk.session.isEstablished)
    #expect(talk.bmc.machine.controlCount == 0)
  }
}
