/// The four bytes before everything on UDP port 623. IPMI v2.0 §13.1.3, ASF 2.0 §3.2.2.
///
/// ```
/// | version 06 | reserved 00 | sequence FF | class |
/// ```
struct RMCPHeader: Hashable, Sendable {
  static let length = 4

  /// What follows: ASF or IPMI; bit 7 marks RMCP's own acknowledgement, which IPMI does not use.
  struct Class: RawRepresentable, Hashable, Sendable {
    var rawValue: UInt8
    static let asf = Class(rawValue: 0x06)
    static let ipmi = Class(rawValue: 0x07)
  }

  /// 0xFF: no RMCP acknowledgement wanted. Others are legal for ASF, and some BMCs echo theirs.
  var sequence: UInt8 = 0xff
  var messageClass: Class

  init(_ messageClass: Class, sequence: UInt8 = 0xff) {
    self.messageClass = messageClass
    self.sequence = sequence
  }

  init(parsing bytes: Span<UInt8>, at offset: inout Int) throws(IPMIParseError) {
    guard try bytes.byte(at: &offset) == 0x06 else { throw .notRMCP }
    _ = try bytes.byte(at: &offset)  // reserved; not all BMCs send 0
    sequence = try bytes.byte(at: &offset)
    messageClass = Class(rawValue: try bytes.byte(at: &offset))
  }

  func serialize(into bytes: inout [UInt8]) { bytes += [0x06, 0, sequence, messageClass.rawValue] }
}
