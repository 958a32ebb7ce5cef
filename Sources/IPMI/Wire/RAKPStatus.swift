/// How an open session or RAKP message went. IPMI v2.0 table 13-15.
public struct RAKPStatus: RawRepresentable, Hashable, Sendable {
  public var rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let success = RAKPStatus(rawValue: 0x00)

  /// All sessions are taken.
  public static let insufficientResources = RAKPStatus(rawValue: 0x01)
  public static let invalidSessionID = RAKPStatus(rawValue: 0x02)
  public static let invalidPayloadType = RAKPStatus(rawValue: 0x03)
  public static let invalidAuthentication = RAKPStatus(rawValue: 0x04)
  public static let invalidIntegrity = RAKPStatus(rawValue: 0x05)
  public static let noMatchingAuthentication = RAKPStatus(rawValue: 0x06)
  public static let noMatchingIntegrity = RAKPStatus(rawValue: 0x07)
  public static let inactiveSessionID = RAKPStatus(rawValue: 0x08)
  public static let invalidRole = RAKPStatus(rawValue: 0x09)
  public static let unauthorizedPrivilege = RAKPStatus(rawValue: 0x0a)
  public static let insufficientResourcesForRole = RAKPStatus(rawValue: 0x0b)
  public static let invalidNameLength = RAKPStatus(rawValue: 0x0c)
  public static let unauthorizedName = RAKPStatus(rawValue: 0x0d)
  public static let unauthorizedGUID = RAKPStatus(rawValue: 0x0e)
  public static let invalidCheckValue = RAKPStatus(rawValue: 0x0f)
  public static let invalidConfidentiality = RAKPStatus(rawValue: 0x10)
  public static let noMatchingCipherSuite = RAKPStatus(rawValue: 0x11)
  public static let illegalParameter = RAKPStatus(rawValue: 0x12)
}
