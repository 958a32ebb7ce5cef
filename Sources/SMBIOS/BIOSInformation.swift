/// The firmware (type 0, SMBIOS 3.7 §7.1).
public struct BIOSInformation: Hashable, Sendable {
  /// Offset 04h.
  public let vendor: String?
  /// Offset 05h.
  public let version: String?
  /// Offset 08h: `mm/dd/yyyy` by the specification.
  public let releaseDate: String?
  /// Offset 13h bit 3, since 2.4: the firmware is UEFI.
  public let isUEFI: Bool?
  /// Offset 13h bit 4, since 2.4: the table describes a virtual machine.
  public let isVirtualMachine: Bool?

  /// Reads a type 0 structure; `nil` for any other.
  public init?(_ structure: Structure) {
    guard structure.type == 0 else { return nil }
    vendor = structure.string(at: 0x04)
    version = structure.string(at: 0x05)
    releaseDate = structure.string(at: 0x08)
    let characteristics = structure.byte(at: 0x13)
    isUEFI = characteristics.map { $0 & 0x08 != 0 }
    isVirtualMachine = characteristics.map { $0 & 0x10 != 0 }
  }
}
