import Wire

/// Asks for a session with given algorithms. IPMI v2.0 §13.17.
///
/// ```
/// | tag | privilege | 0 0 | console's session ID | 00 0 0 08 authentication 0 0 0 | 01 … integrity … | 02 … confidentiality … |
/// ```
struct OpenSessionRequest: Hashable, Sendable {
  var tag: UInt8
  var privilege: PrivilegeLevel

  /// The number by which the BMC will address us.
  var consoleSessionID: UInt32

  /// Raw algorithm numbers: a request may name some that are not spoken here.
  var authentication: UInt8
  var integrity: UInt8
  var confidentiality: UInt8

  init(tag: UInt8, privilege: PrivilegeLevel, consoleSessionID: UInt32, suite: CipherSuite) {
    self.tag = tag
    self.privilege = privilege
    self.consoleSessionID = consoleSessionID
    authentication = suite.authentication.rawValue
    integrity = suite.integrity.rawValue
    confidentiality = suite.confidentiality.rawValue
  }

  init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    tag = try bytes.byte(at: &offset)
    privilege = PrivilegeLevel(rawValue: try bytes.byte(at: &offset))
    _ = try bytes.word(at: &offset)
    consoleSessionID = try bytes.doubleWord(at: &offset)
    (authentication, integrity, confidentiality) = try OpenSessionResponse.readAlgorithms(bytes, at: &offset)
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = [tag, privilege.rawValue, 0, 0]
    bytes.append(littleEndian: consoleSessionID)
    for (type, algorithm) in [(0, authentication), (1, integrity), (2, confidentiality)] as [(UInt8, UInt8)] {
      bytes += [type, 0, 0, 8, algorithm, 0, 0, 0]
    }
    return bytes
  }
}

/// The answer: the BMC's number for the session, and what it chose. IPMI v2.0 §13.18.
///
/// When the status is not success, BMCs send 8 bytes, or 2, or all 36: only the first two are counted on then.
struct OpenSessionResponse: Hashable, Sendable {
  var tag: UInt8
  var status: RAKPStatus
  var privilege = PrivilegeLevel(rawValue: 0)
  var consoleSessionID: UInt32 = 0
  var bmcSessionID: UInt32 = 0
  var authentication: UInt8 = 0
  var integrity: UInt8 = 0
  var confidentiality: UInt8 = 0

  init(tag: UInt8, status: RAKPStatus, consoleSessionID: UInt32) {
    self.tag = tag
    self.status = status
    self.consoleSessionID = consoleSessionID
  }

  init(to request: OpenSessionRequest, bmcSessionID: UInt32) {
    self.init(tag: request.tag, status: .success, consoleSessionID: request.consoleSessionID)
    privilege = request.privilege
    self.bmcSessionID = bmcSessionID
    authentication = request.authentication
    integrity = request.integrity
    confidentiality = request.confidentiality
  }

  init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    tag = try bytes.byte(at: &offset)
    status = RAKPStatus(rawValue: try bytes.byte(at: &offset))
    guard status == .success else { return }
    privilege = PrivilegeLevel(rawValue: try bytes.byte(at: &offset))
    _ = try bytes.byte(at: &offset)
    consoleSessionID = try bytes.doubleWord(at: &offset)
    bmcSessionID = try bytes.doubleWord(at: &offset)
    (authentication, integrity, confidentiality) = try Self.readAlgorithms(bytes, at: &offset)
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = [tag, status.rawValue, privilege.rawValue, 0]
    bytes.append(littleEndian: consoleSessionID)
    guard status == .success else { return bytes }
    bytes.append(littleEndian: bmcSessionID)
    for (type, algorithm) in [(0, authentication), (1, integrity), (2, confidentiality)] as [(UInt8, UInt8)] {
      bytes += [type, 0, 0, 8, algorithm, 0, 0, 0]
    }
    return bytes
  }

  /// Three records of 8 bytes: type 0, 1, 2; reserved; length 8 (0 in a request: "you choose"); algorithm; reserved.
  static func readAlgorithms(
    _ bytes: Span<UInt8>, at offset: inout Int
  ) throws(IPMIParseError) -> (UInt8, UInt8, UInt8) {
    var algorithms: [UInt8] = []
    for type in 0..<3 {
      let record = try bytes.bytes(8, at: &offset)
      guard record[0] == type else { throw .value(field: "algorithm payload", Int(record[0])) }
      guard record[3] == 8 else { throw .length(field: "algorithm payload", value: Int(record[3])) }
      algorithms.append(record[4] & 0x3f)
    }
    return (algorithms[0], algorithms[1], algorithms[2])
  }
}
