/// What a session may do. IPMI v2.0 §6.8.
public struct PrivilegeLevel: RawRepresentable, Hashable, Sendable, Comparable {
  public var rawValue: UInt8

  /// The low four bits of `rawValue`.
  public init(rawValue: UInt8) { self.rawValue = rawValue & 0x0f }

  public static let callback = PrivilegeLevel(rawValue: 1)

  /// Reads: chassis status, sensors, SEL.
  public static let user = PrivilegeLevel(rawValue: 2)

  /// Power control, boot options.
  public static let `operator` = PrivilegeLevel(rawValue: 3)

  /// Users, LAN configuration.
  public static let administrator = PrivilegeLevel(rawValue: 4)
  public static let oem = PrivilegeLevel(rawValue: 5)

  /// In user access: this user may not use the channel.
  public static let noAccess = PrivilegeLevel(rawValue: 15)

  public static func < (one: PrivilegeLevel, other: PrivilegeLevel) -> Bool { one.rawValue < other.rawValue }
}
