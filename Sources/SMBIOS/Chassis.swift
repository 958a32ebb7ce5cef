/// The case (type 3, SMBIOS 3.7 §7.4).
public struct Chassis: Hashable, Sendable {
  /// Offset 04h.
  public let manufacturer: String?
  /// Offset 05h, the lock bit (7) left out.
  public let kind: Kind?
  /// Offset 06h.
  public let version: String?
  /// Offset 07h.
  public let serialNumber: String?
  /// Offset 08h.
  public let assetTag: String?

  /// What the machine looks like (§7.4.1).
  public struct Kind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let rackMount = Kind(rawValue: 0x17)
    public static let blade = Kind(rawValue: 0x1c)

    // Numbers 1 to 24h without a gap.
    private static let names = [
      "Other", "Unknown", "Desktop", "Low Profile Desktop", "Pizza Box", "Mini Tower", "Tower", "Portable", "Laptop",
      "Notebook", "Hand Held", "Docking Station", "All in One", "Sub Notebook", "Space-saving", "Lunch Box",
      "Main Server Chassis", "Expansion Chassis", "SubChassis", "Bus Expansion Chassis", "Peripheral Chassis",
      "RAID Chassis", "Rack Mount Chassis", "Sealed-case PC", "Multi-system chassis", "Compact PCI", "Advanced TCA",
      "Blade", "Blade Enclosure", "Tablet", "Convertible", "Detachable", "IoT Gateway", "Embedded PC", "Mini PC",
      "Stick PC",
    ]

    /// `Rack Mount Chassis`; `type 99` for a number the specification does not have yet.
    public var description: String {
      Self.names.indices.contains(Int(rawValue) - 1) ? Self.names[Int(rawValue) - 1] : "type \(rawValue)"
    }
  }

  /// Reads a type 3 structure; `nil` for any other.
  public init?(_ structure: Structure) {
    guard structure.type == 3 else { return nil }
    manufacturer = structure.string(at: 0x04)
    kind = structure.byte(at: 0x05).map { Kind(rawValue: $0 & 0x7f) }
    version = structure.string(at: 0x06)
    serialNumber = structure.string(at: 0x07)
    assetTag = structure.string(at: 0x08)
  }
}
