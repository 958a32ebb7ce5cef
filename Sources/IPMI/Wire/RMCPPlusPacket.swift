import Wire

/// A packet of IPMI v2.0. §13.6, table 13-8.
///
/// ```
/// | RMCP header | 06 | encrypted:1 signed:1 type:6 | session ID | sequence | length:16 | payload |   when signed:
/// | FF … (to a multiple of 4) | pad length | next header 07 | code |
/// ```
/// The code covers everything from `06` to the next header. Numbers are least significant byte first.
struct RMCPPlusPacket: Hashable, Sendable {
  static let nextHeader: UInt8 = 0x07

  var type: PayloadType
  var isEncrypted: Bool
  var isSigned: Bool

  /// The receiver's number for the session; 0 outside of one.
  var sessionID: UInt32

  /// Counts up for each packet sent in a direction, retransmissions included; 0 outside of a session.
  var sequence: UInt32

  /// Where the payload, still encrypted, stands in the datagram.
  let payload: Range<Int>

  /// Reads the header. Nothing is verified yet: see ``SessionKeys/open(_:of:using:)``.
  init(parsing datagram: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let rmcp = try RMCPHeader(parsing: datagram, at: &offset)
    guard rmcp.messageClass == .ipmi else { throw .wrongClass(rmcp.messageClass.rawValue) }
    let format = AuthenticationType(rawValue: try datagram.byte(at: &offset))
    guard format == .rmcpPlus else { throw .authenticationType(format) }
    let typeByte = try datagram.byte(at: &offset)
    type = PayloadType(rawValue: typeByte)
    isEncrypted = typeByte & 0x80 != 0
    isSigned = typeByte & 0x40 != 0
    guard type != .oem else { throw .value(field: "payload type", Int(type.rawValue)) }
    sessionID = try datagram.doubleWord(at: &offset)
    sequence = try datagram.doubleWord(at: &offset)
    payload = try datagram.range(Int(try datagram.word(at: &offset)), at: &offset)
  }

  /// The header's bytes, RMCP's included, for a payload of `length` bytes.
  static func header(
    _ type: PayloadType, isEncrypted: Bool, isSigned: Bool, sessionID: UInt32, sequence: UInt32, length: Int
  ) -> [UInt8] {
    var bytes = [UInt8]()
    RMCPHeader(.ipmi).serialize(into: &bytes)
    bytes.append(AuthenticationType.rmcpPlus.rawValue)
    bytes.append(type.rawValue | (isEncrypted ? 0x80 : 0) | (isSigned ? 0x40 : 0))
    bytes.append(littleEndian: sessionID)
    bytes.append(littleEndian: sequence)
    bytes.append(littleEndian: UInt16(clamping: length))
    return bytes
  }

  /// A packet outside of any session: open session and RAKP.
  static func plain(_ type: PayloadType, _ payload: [UInt8]) -> [UInt8] {
    header(type, isEncrypted: false, isSigned: false, sessionID: 0, sequence: 0, length: payload.count) + payload
  }
}
