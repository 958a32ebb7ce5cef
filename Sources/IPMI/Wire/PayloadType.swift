/// What an RMCP+ packet carries. IPMI v2.0 table 13-16.
public struct PayloadType: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8

  /// The low six bits of `rawValue`.
  public init(rawValue: UInt8) { self.rawValue = rawValue & 0x3f }

  public static let ipmi = PayloadType(rawValue: 0x00)
  public static let serialOverLAN = PayloadType(rawValue: 0x01)
  public static let oem = PayloadType(rawValue: 0x02)
  public static let openSessionRequest = PayloadType(rawValue: 0x10)
  public static let openSessionResponse = PayloadType(rawValue: 0x11)
  public static let rakp1 = PayloadType(rawValue: 0x12)
  public static let rakp2 = PayloadType(rawValue: 0x13)
  public static let rakp3 = PayloadType(rawValue: 0x14)
  public static let rakp4 = PayloadType(rawValue: 0x15)
}
