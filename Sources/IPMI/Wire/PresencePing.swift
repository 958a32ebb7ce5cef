import Wire

/// "Is there a BMC?": answered without a session by whatever listens on UDP 623. ASF 2.0 §3.2.4.2, IPMI v2.0 §13.2.3.
///
/// ```
/// | RMCP header, class ASF | IANA 000011BE (4542, big-endian) | 80 | tag | 00 | length 00 |
/// ```
public struct PresencePing: Hashable, Sendable {
  /// Echoed by the answer; 0xFF would mean that none is wanted.
  public var tag: UInt8

  public init(tag: UInt8) { self.tag = tag }

  public init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    tag = try ASFMessage.read(type: 0x80, from: bytes, at: &offset).tag
  }

  public var bytes: [UInt8] { ASFMessage.bytes(type: 0x80, tag: tag, data: []) }
}

/// The answer to ``PresencePing``. ASF 2.0 §3.2.4.3, IPMI v2.0 §13.2.4.
public struct PresencePong: Hashable, Sendable {
  public var tag: UInt8

  /// IANA enterprise number of the firmware's maker; 4542 (ASF) when it has nothing to add.
  public var enterprise: UInt32

  /// Supported entities bit 7. Without it the machine speaks ASF only and no session can be opened.
  public var supportsIPMI: Bool

  public init(tag: UInt8, enterprise: UInt32 = ASFMessage.enterprise, supportsIPMI: Bool = true) {
    self.tag = tag
    self.enterprise = enterprise
    self.supportsIPMI = supportsIPMI
  }

  public init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let (tag, data) = try ASFMessage.read(type: 0x40, from: bytes, at: &offset)
    self.tag = tag
    let body = bytes.extracting(data)
    var field = 0
    enterprise = try body.doubleWord(at: &field).byteSwapped
    _ = try body.doubleWord(at: &field)  // OEM-defined
    supportsIPMI = try body.byte(at: &field) & 0x80 != 0
  }

  public var bytes: [UInt8] {
    var data = [UInt8]()
    data.append(bigEndian: enterprise)
    data += [0, 0, 0, 0, supportsIPMI ? 0x81 : 0x01, 0, 0, 0, 0, 0, 0, 0]
    return ASFMessage.bytes(type: 0x40, tag: tag, data: data)
  }
}

/// What ping and pong have in common. Numbers are in network order, unlike in the rest of IPMI.
public enum ASFMessage {
  /// ASF's IANA enterprise number.
  public static let enterprise: UInt32 = 4542

  static func read(
    type: UInt8, from bytes: Span<UInt8>, at offset: inout Int
  ) throws(IPMIParseError) -> (tag: UInt8, data: Range<Int>) {
    let header = try RMCPHeader(parsing: bytes, at: &offset)
    guard header.messageClass == .asf else { throw .wrongClass(header.messageClass.rawValue) }
    guard try bytes.doubleWord(at: &offset).byteSwapped == enterprise, try bytes.byte(at: &offset) == type else {
      throw .notPresence
    }
    let tag = try bytes.byte(at: &offset)
    _ = try bytes.byte(at: &offset)
    return (tag, try bytes.range(Int(try bytes.byte(at: &offset)), at: &offset))
  }

  static func bytes(type: UInt8, tag: UInt8, data: [UInt8]) -> [UInt8] {
    var bytes = [UInt8]()
    RMCPHeader(.asf).serialize(into: &bytes)
    bytes.append(bigEndian: enterprise)
    bytes += [type, tag, 0, UInt8(clamping: data.count)]
    return bytes + data
  }
}
