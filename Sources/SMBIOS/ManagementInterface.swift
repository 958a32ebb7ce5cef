/// How the machine reaches its BMC (type 38, SMBIOS 3.7 §7.39).
public struct ManagementInterface: Hashable, Sendable, CustomStringConvertible {
  /// Offset 04h.
  public let kind: Kind?

  /// The kind of system interface (§7.39.1).
  public struct Kind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let kcs = Kind(rawValue: 1)
    public static let smic = Kind(rawValue: 2)
    public static let bt = Kind(rawValue: 3)
    public static let ssif = Kind(rawValue: 4)

    private static let names = ["unknown interface", "KCS", "SMIC", "BT", "SSIF"]

    /// `KCS`; `interface 9` for a number the specification does not have yet.
    public var description: String {
      Self.names.indices.contains(Int(rawValue)) ? Self.names[Int(rawValue)] : "interface \(rawValue)"
    }
  }

  public var description: String { kind?.description ?? "unknown interface" }

  /// Reads a type 38 structure; `nil` for any other.
  public init?(_ structure: Structure) {
    guard structure.type == 38 else { return nil }
    kind = structure.byte(at: 0x04).map { Kind(rawValue: $0) }
  }
}
