public import Wire

/// The machine as a whole (type 1, SMBIOS 3.7 §7.2).
public struct SystemInformation: Hashable, Sendable {
  /// Offset 04h.
  public let manufacturer: String?
  /// Offset 05h.
  public let productName: String?
  /// Offset 06h.
  public let version: String?
  /// Offset 07h.
  public let serialNumber: String?
  /// Offset 08h, since 2.1; `nil` when absent. All zeros and all ones mean "not set": see ``SystemUUID/isUnset``.
  ///
  /// Since 2.6 the first three fields are little-endian (§7.2.1); before, tables had it in text order. A machine whose
  /// firmware says 2.5 but writes little-endian fields shows another UUID here than in its PXE packets.
  public let uuid: SystemUUID?
  /// Offset 18h, since 2.1: what switched the machine on.
  public let wakeUpType: WakeUpType?
  /// Offset 19h, since 2.4.
  public let skuNumber: String?
  /// Offset 1Ah, since 2.4.
  public let family: String?

  /// What switched the machine on (§7.2.2).
  public struct WakeUpType: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let unknown = WakeUpType(rawValue: 2)
    public static let lanRemote = WakeUpType(rawValue: 5)
    public static let powerSwitch = WakeUpType(rawValue: 6)
    public static let acPowerRestored = WakeUpType(rawValue: 8)
  }

  /// Reads a type 1 structure; `nil` for any other.
  public init?(_ structure: Structure, version specification: EntryPoint.Version) {
    guard structure.type == 1 else { return nil }
    manufacturer = structure.string(at: 0x04)
    productName = structure.string(at: 0x05)
    version = structure.string(at: 0x06)
    serialNumber = structure.string(at: 0x07)
    uuid = structure.bytes(16, at: 0x08).flatMap {
      specification >= EntryPoint.Version(2, 6) ? SystemUUID(mixedEndian: $0) : SystemUUID(bytes: $0)
    }
    wakeUpType = structure.byte(at: 0x18).map(WakeUpType.init)
    skuNumber = structure.string(at: 0x19)
    family = structure.string(at: 0x1a)
  }
}
