/// A board (type 2, SMBIOS 3.7 §7.3).
public struct Baseboard: Hashable, Sendable {
  /// Offset 04h.
  public let manufacturer: String?
  /// Offset 05h.
  public let productName: String?
  /// Offset 06h.
  public let version: String?
  /// Offset 07h.
  public let serialNumber: String?
  /// Offset 08h.
  public let assetTag: String?

  /// Reads a type 2 structure; `nil` for any other.
  public init?(_ structure: Structure) {
    guard structure.type == 2 else { return nil }
    manufacturer = structure.string(at: 0x04)
    productName = structure.string(at: 0x05)
    version = structure.string(at: 0x06)
    serialNumber = structure.string(at: 0x07)
    assetTag = structure.string(at: 0x08)
  }
}
