import Wire

/// A packet of IPMI v1.5, and in every version what is said outside of a session. IPMI v2.0 table 13-8.
///
/// ```
/// | RMCP header | type | sequence | session ID | [code, 16 bytes, unless type is none] | length:8 | message |
/// ```
/// Numbers are least significant byte first.
struct Version15Packet: Hashable, Sendable {
  var authentication: AuthenticationType
  var sequence: UInt32
  var sessionID: UInt32

  /// 16 bytes, or empty.
  var code: [UInt8]
  var payload: [UInt8]

  /// Reads a packet; the code is not verified: see ``isSigned(with:using:)``.
  ///
  /// Bytes behind the payload are the legacy pad that avoids certain lengths on old network controllers (§13.6).
  init(parsing datagram: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let rmcp = try RMCPHeader(parsing: datagram, at: &offset)
    guard rmcp.messageClass == .ipmi else { throw .wrongClass(rmcp.messageClass.rawValue) }
    authentication = AuthenticationType(rawValue: try datagram.byte(at: &offset))
    sequence = try datagram.doubleWord(at: &offset)
    sessionID = try datagram.doubleWord(at: &offset)
    switch authentication {
    case .none: code = []
    case .md2, .md5, .straight, .oem: code = try datagram.bytes(16, at: &offset)
    default: throw .authenticationType(authentication)
    }
    payload = try datagram.bytes(Int(try datagram.byte(at: &offset)), at: &offset)
  }

  /// A packet to send, signed if `authentication` says so.
  init(
    _ payload: [UInt8], authentication: AuthenticationType = .none, sequence: UInt32 = 0, sessionID: UInt32 = 0,
    password: KeyMaterial = KeyMaterial([]), using crypto: any IPMICrypto
  ) {
    self.authentication = authentication
    self.sequence = sequence
    self.sessionID = sessionID
    self.payload = payload
    self.code = []
    self.code = expectedCode(password, using: crypto)
  }

  /// Whether the code is that of `password`.
  func isSigned(with password: KeyMaterial, using crypto: any IPMICrypto) -> Bool {
    guard authentication == .md5 || authentication == .straight else { return false }
    return ConstantTime.areEqual(code.span, expectedCode(password, using: crypto).span)
  }

  /// §22.17.1: MD5 of password (16 bytes), session ID, message, sequence, password.
  private func expectedCode(_ password: KeyMaterial, using crypto: any IPMICrypto) -> [UInt8] {
    let secret = password.padded(to: 16)
    switch authentication {
    case .straight: return secret
    case .md5:
      var message = secret
      message.append(littleEndian: sessionID)
      message += payload
      message.append(littleEndian: sequence)
      return crypto.md5(message + secret)
    default: return []
    }
  }

  var bytes: [UInt8] {
    var bytes = [UInt8]()
    RMCPHeader(.ipmi).serialize(into: &bytes)
    bytes.append(authentication.rawValue)
    bytes.append(littleEndian: sequence)
    bytes.append(littleEndian: sessionID)
    return bytes + code + [UInt8(clamping: payload.count)] + payload
  }
}
