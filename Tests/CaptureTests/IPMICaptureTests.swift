import BMC
import Foundation
import Testing
import Wire

@testable import IPMI

/// Written by others on both sides. `UPDATE_GOLDEN=1` writes the texts anew after new captures.
@Suite("Captured IPMI sessions")
struct IPMICaptureTests {
  @Test("there are captures of each kind of session")
  func present() {
    #expect(CapturedSessions.all.map(\.name) == ["refused", "serial", "suite-3", "version-1.5"])
  }

  @Test("every datagram is as its golden text says", arguments: CapturedSessions.all)
  func golden(sessions: CapturedSessions) throws {
    let text = try sessions.datagrams.map(\.text).joined()
    if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
      try text.write(to: sessions.golden, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: sessions.golden, encoding: .utf8) == text)
  }

  @Test("every code of a login is the one we compute, unless the password was wrong", arguments: CapturedSessions.all)
  func codes(sessions: CapturedSessions) throws {
    let crypto = CapturedSessions.crypto
    var refusals = 0
    for datagram in try sessions.datagrams {
      switch datagram.content {
      case .rakp2(let message, let exchange) where message.status == .success:
        #expect(message.code == exchange.bmcCode(using: crypto))
      case .rakp3(let message, let exchange) where message.status == .success:
        #expect(message.code == exchange.consoleCode(using: crypto))
      case .rakp4(let message, let exchange) where message.status == .success:
        #expect(message.checkValue == exchange.checkValue(using: crypto))
      case .rakp2, .rakp3, .rakp4: refusals += 1
      case .version15(let packet, _) where packet.authentication == .md5:
        #expect(packet.isSigned(with: CapturedSessions.password, using: crypto))
      default: break
      }
    }
    #expect(refusals > 0 || sessions.name != "refused")
  }

  @Test("every packet of a session, sealed by us, is the captured one", arguments: CapturedSessions.all)
  func sealed(sessions: CapturedSessions) throws {
    for datagram in try sessions.datagrams {
      guard case .sealed(let packet, let payload, let keys) = datagram.content else { continue }
      // The initialization vector is what an encrypted payload begins with.
      let vector = Array(datagram.bytes[packet.payload].prefix(16))
      let ours = keys.seal(
        payload, type: packet.type, sessionID: packet.sessionID, sequence: packet.sequence,
        initializationVector: vector, using: CapturedSessions.crypto)
      #expect(ours == datagram.bytes, "\(datagram.text)")
    }
  }

  @Test("no datagram that is cut is taken for one that is whole", arguments: CapturedSessions.all)
  func cut(sessions: CapturedSessions) throws {
    for datagram in try sessions.datagrams {
      for count in datagram.bytes.indices {
        #expect(!Self.isAccepted(Array(datagram.bytes[..<count]), as: datagram), "\(count) bytes of \(datagram.text)")
      }
    }
  }

  @Test("no datagram with a bit turned proves anything", arguments: CapturedSessions.all)
  func turned(sessions: CapturedSessions) throws {
    for datagram in try sessions.datagrams {
      var bytes = datagram.bytes
      // RMCP's four bytes are covered by no code: nothing follows from them.
      for bit in RMCPHeader.length * 8..<bytes.count * 8 {
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        #expect(!Self.isAccepted(bytes, as: datagram), "bit \(bit) of \(datagram.text)")
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      }
    }
  }

  @Test("a console with a session of its own takes nothing of another's", arguments: CapturedSessions.all)
  func foreign(sessions: CapturedSessions) throws {
    let datagrams = try sessions.datagrams
    for version in [IPMISessionConfiguration.Version.detected, .version20, .version15(.md5)] {
      var random = Counting()
      var configuration = IPMISessionConfiguration(userName: "admin", password: CapturedSessions.password)
      configuration.version = version
      var session = IPMISession(configuration, crypto: CapturedSessions.crypto)
      let now = ContinuousClock.now
      _ = session.start(at: now, random: &random)
      for datagram in datagrams {
        var bytes = datagram.bytes
        for bit in 0..<bytes.count * 8 {
          bytes[bit / 8] ^= 1 << UInt8(bit % 8)
          _ = session.receive(bytes.span, at: now, random: &random)
          bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        for count in 0...bytes.count { _ = session.receive(bytes.span.extracting(0..<count), at: now, random: &random) }
        #expect(!session.isEstablished)
      }
    }
  }

  /// Whether bytes prove what the datagram proved: they carry a code that is right, and say something.
  ///
  /// What carries no code (presence, requests for a session, what is said before a login) proves nothing, and only has
  /// to be read without a crash.
  private static func isAccepted(_ bytes: [UInt8], as datagram: CapturedSessions.Datagram) -> Bool {
    let crypto = CapturedSessions.crypto
    switch datagram.content {
    case .ping:
      _ = try? PresencePing(parsing: bytes.span)
      return false
    case .pong:
      _ = try? PresencePong(parsing: bytes.span)
      return false
    case .version15(let original, _):
      guard let packet = try? Version15Packet(parsing: bytes.span) else { return false }
      _ = try? IPMIMessage(parsing: packet.payload.span)
      // Bytes behind the payload are a pad that nothing covers.
      return original.authentication == .md5 && packet.isSigned(with: CapturedSessions.password, using: crypto)
    case .sealed(_, _, let keys):
      guard let packet = try? RMCPPlusPacket(parsing: bytes.span) else { return false }
      return (try? keys.open(bytes.span, of: packet, using: crypto)) != nil
    case .openRequest, .openResponse, .rakp1, .rakp2, .rakp3, .rakp4:
      guard let packet = try? RMCPPlusPacket(parsing: bytes.span) else { return false }
      let payload = Array(bytes[packet.payload])
      return isProof(payload, as: datagram.content, using: crypto)
    }
  }

  /// The codes cover what they are made of, and not tags, reserved bytes and lengths: those are compared first.
  private static func isProof(
    _ payload: [UInt8], as content: CapturedSessions.Content, using crypto: some IPMICrypto
  ) -> Bool {
    switch content {
    case .openRequest:
      _ = try? OpenSessionRequest(parsing: payload.span)
      return false
    case .openResponse:
      _ = try? OpenSessionResponse(parsing: payload.span)
      return false
    case .rakp1:
      _ = try? RAKPMessage1(parsing: payload.span)
      return false
    case .rakp2(let original, var exchange):
      guard let message = try? RAKPMessage2(parsing: payload.span), message != original, message.status == .success,
        message.tag == original.tag
      else { return false }
      exchange.bmcRandom = message.bmcRandom
      exchange.guid = message.guid
      exchange.consoleSessionID = message.consoleSessionID
      return message.code == exchange.bmcCode(using: crypto)
    case .rakp3(let original, var exchange):
      guard let message = try? RAKPMessage3(parsing: payload.span), message != original, message.status == .success,
        message.tag == original.tag, message.bmcSessionID == original.bmcSessionID
      else { return false }
      exchange.bmcSessionID = message.bmcSessionID
      return message.code == exchange.consoleCode(using: crypto)
    case .rakp4(let original, let exchange):
      guard let message = try? RAKPMessage4(parsing: payload.span), message != original, message.status == .success,
        message.tag == original.tag, message.consoleSessionID == original.consoleSessionID
      else { return false }
      return message.checkValue == exchange.checkValue(using: crypto)
    case .ping, .pong, .version15, .sealed: return false
    }
  }

  private struct Counting: RandomNumberGenerator {
    private var state: UInt64 = 0
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      return state
    }
  }
}
