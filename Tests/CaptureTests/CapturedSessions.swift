import BMC
import Foundation
import Testing
import Wire

@testable import IPMI

/// What consoles and a BMC said to each other, as it was captured in the lab; Fixtures/IPMI/README.md says how.
///
/// Follows the logins, so that with the password what came after them can be verified and decrypted.
struct CapturedSessions: Sendable, CustomTestStringConvertible {
  /// Everybody's in the captures.
  static let password = KeyMaterial(password: "secret")

  static let crypto = OpenSSLCrypto()

  let file: URL

  static let all: [CapturedSessions] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/IPMI")
    let files = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension == "pcap" }.sorted { $0.path < $1.path }.map { Self(file: $0) }
  }()

  var name: String { file.deletingPathExtension().lastPathComponent }
  var testDescription: String { name }
  var golden: URL { file.deletingPathExtension().appendingPathExtension("txt") }

  /// One datagram and what is in it.
  struct Datagram {
    var header: UDPFrame
    var bytes: [UInt8]
    var content: Content

    var isFromBMC: Bool { header.sourcePort == 623 }

    var text: String {
      "\(header.source):\(header.sourcePort) > \(header.destination):\(header.destinationPort)\n  \(content)\n"
    }
  }

  enum Content {
    case ping
    case pong(PresencePong)
    /// IPMI 1.5's format: in a session, or outside of any.
    case version15(Version15Packet, IPMIMessage)
    case openRequest(OpenSessionRequest)
    case openResponse(OpenSessionResponse)
    case rakp1(RAKPMessage1)
    case rakp2(RAKPMessage2, RAKPExchange)
    case rakp3(RAKPMessage3, RAKPExchange)
    case rakp4(RAKPMessage4, RAKPExchange)
    /// A packet of a session, verified and decrypted with its keys.
    case sealed(RMCPPlusPacket, payload: [UInt8], SessionKeys)
  }

  /// Every datagram, in order.
  var datagrams: [Datagram] {
    get throws {
      var follower = Follower()
      return try PCAPReader.frames(Array(Data(contentsOf: file))).map { frame in
        let (header, payload) = try UDPFrame.parse(frame.bytes.span)
        let bytes = Array(frame.bytes[payload])
        return Datagram(header: header, bytes: bytes, content: try follower.read(bytes))
      }
    }
  }

  /// Whoever hears both sides: the login under way, and the keys of those that are done.
  ///
  /// One login at a time: ipmitool names every session of its own 0xa0a2a3a4, and a refusal names none.
  private struct Follower {
    struct UnknownSession: Error {}

    private var response: OpenSessionResponse?
    private var first: RAKPMessage1?
    private var exchange: RAKPExchange?
    /// By either side's session number.
    private var keys: [UInt32: SessionKeys] = [:]

    mutating func read(_ datagram: [UInt8]) throws -> Content {
      let bytes = datagram.span
      if (try? PresencePing(parsing: bytes)) != nil { return .ping }
      if let pong = try? PresencePong(parsing: bytes) { return .pong(pong) }
      if let packet = try? Version15Packet(parsing: bytes) {
        return .version15(packet, try IPMIMessage(parsing: packet.payload.span))
      }
      let packet = try RMCPPlusPacket(parsing: bytes)
      let payload = bytes.extracting(packet.payload)
      switch packet.type {
      case .openSessionRequest: return .openRequest(try OpenSessionRequest(parsing: payload))
      case .openSessionResponse:
        let response = try OpenSessionResponse(parsing: payload)
        self.response = response
        return .openResponse(response)
      case .rakp1:
        let message = try RAKPMessage1(parsing: payload)
        first = message
        return .rakp1(message)
      case .rakp2:
        let message = try RAKPMessage2(parsing: payload)
        let exchange = try exchange(message)
        self.exchange = exchange
        let keys = SessionKeys(
          suite: exchange.suite, integrityKey: exchange.integrityKey(using: crypto), password: password, using: crypto)
        self.keys[exchange.bmcSessionID] = keys
        self.keys[exchange.consoleSessionID] = keys
        return .rakp2(message, exchange)
      case .rakp3:
        guard let exchange else { throw UnknownSession() }
        return .rakp3(try RAKPMessage3(parsing: payload), exchange)
      case .rakp4:
        guard let exchange else { throw UnknownSession() }
        return .rakp4(try RAKPMessage4(parsing: payload), exchange)
      default:
        guard let keys = keys[packet.sessionID] else { throw UnknownSession() }
        return .sealed(packet, payload: try keys.open(bytes, of: packet, using: crypto), keys)
      }
    }

    /// What the codes of a login are made of. Of a refusal, without what the BMC left out.
    private func exchange(_ message: RAKPMessage2) throws -> RAKPExchange {
      guard let response, let first,
        let suite = CipherSuite(
          authentication: response.authentication, integrity: response.integrity,
          confidentiality: response.confidentiality)
      else { throw UnknownSession() }
      return RAKPExchange(
        suite: suite, consoleSessionID: response.consoleSessionID, bmcSessionID: response.bmcSessionID,
        consoleRandom: first.consoleRandom, bmcRandom: message.bmcRandom, guid: message.guid, role: first.role,
        userName: first.userName, password: password, bmcKey: nil)
    }
  }
}

extension CapturedSessions.Content: CustomStringConvertible {
  /// In one line, with every byte that matters.
  var description: String {
    switch self {
    case .ping: "ASF presence ping"
    case .pong(let pong): "ASF presence pong, enterprise \(pong.enterprise), \(pong.supportsIPMI ? "IPMI" : "no IPMI")"
    case .version15(let packet, let message): "\(Self.text(packet)): \(Self.text(message))"
    case .openRequest(let request):
      "open session request \(request.tag), privilege \(request.privilege.rawValue), console \(hex(request.consoleSessionID)), "
        + "algorithms \(request.authentication) \(request.integrity) \(request.confidentiality)"
    case .openResponse(let response):
      "open session response \(response.tag), status \(response.status.rawValue), console \(hex(response.consoleSessionID)), "
        + "BMC \(hex(response.bmcSessionID)), "
        + "algorithms \(response.authentication) \(response.integrity) \(response.confidentiality)"
    case .rakp1(let message):
      "RAKP 1 \(message.tag), BMC \(hex(message.bmcSessionID)), random \(hex(message.consoleRandom)), role \(message.role), "
        + "user \(String(decoding: message.userName, as: UTF8.self))"
    case .rakp2(let message, let exchange):
      "RAKP 2 \(message.tag), status \(message.status.rawValue), random \(hex(message.bmcRandom)), GUID \(hex(message.guid)), "
        + "code \(Self.verdict(message.code, exchange.bmcCode(using: CapturedSessions.crypto)))"
    case .rakp3(let message, let exchange):
      "RAKP 3 \(message.tag), status \(message.status.rawValue), BMC \(hex(message.bmcSessionID)), "
        + "code \(Self.verdict(message.code, exchange.consoleCode(using: CapturedSessions.crypto)))"
    case .rakp4(let message, let exchange):
      "RAKP 4 \(message.tag), status \(message.status.rawValue), "
        + "check value \(Self.verdict(message.checkValue, exchange.checkValue(using: CapturedSessions.crypto)))"
    case .sealed(let packet, let payload, _):
      "session \(hex(packet.sessionID)), \(packet.sequence)\(packet.isSigned ? ", signed" : "")"
        + "\(packet.isEncrypted ? ", encrypted" : ""): \(Self.text(payload, packet.type))"
    }
  }

  private static func text(_ packet: Version15Packet) -> String {
    guard packet.sessionID != 0 else { return "no session" }
    let session = "session \(hex(packet.sessionID)), \(packet.sequence)"
    guard packet.authentication != .none else { return session }
    let isGood = packet.isSigned(with: CapturedSessions.password, using: CapturedSessions.crypto)
    return session + ", type \(packet.authentication.rawValue) \(isGood ? "good" : "wrong")"
  }

  private static func text(_ message: IPMIMessage) -> String {
    "\(hex(message.source)) > \(hex(message.destination)), function \(hex(message.networkFunction.rawValue)), "
      + "command \(hex(message.command)), \(message.sequence), data \(hex(message.data))"
  }

  private static func text(_ payload: [UInt8], _ type: PayloadType) -> String {
    switch type {
    case .ipmi:
      do { return text(try IPMIMessage(parsing: payload.span)) } catch { return "\(error)" }
    case .serialOverLAN:
      let head = payload.prefix(4)
      let characters = String(decoding: payload.dropFirst(4), as: UTF8.self).debugDescription
      return "serial-over-LAN \(hex(Array(head))) \(characters)"
    default: return "payload \(type.rawValue), \(hex(payload))"
    }
  }

  private static func verdict(_ code: [UInt8], _ expected: [UInt8]) -> String {
    code.isEmpty ? "none" : code == expected ? "good" : "wrong"
  }
}

private func hex(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()
}

private func hex(_ number: some FixedWidthInteger) -> String { "0x" + String(number, radix: 16) }
