/// A memory slot and what is in it (type 17, SMBIOS 3.7 §7.18).
public struct MemoryDevice: Hashable, Sendable {
  /// How much memory is in the slot.
  public enum Size: Hashable, Sendable {
    /// Nothing is plugged in (size 0).
    case empty
    /// Something is, the firmware does not know how much (size FFFFh).
    case unknown
    /// Bytes.
    case bytes(UInt64)
  }

  /// Offset 0Ch, and 1Ch since 2.7 for modules of 32 GiB - 1 MiB and more.
  public let size: Size
  /// Offset 10h: what is printed beside the slot.
  public let deviceLocator: String?
  /// Offset 11h: which bank.
  public let bankLocator: String?
  /// Offset 12h.
  public let type: MemoryType
  /// Offset 15h since 2.3, or 54h since 3.3, in MT/s: the fastest the module can do; `nil` when unknown (0).
  public let speedMegatransfers: Int?
  /// Offset 20h since 2.7, or 58h since 3.3, in MT/s: what it is set to; `nil` when unknown (0).
  public let configuredSpeedMegatransfers: Int?
  /// Offset 17h, since 2.3.
  public let manufacturer: String?
  /// Offset 18h, since 2.3.
  public let serialNumber: String?
  /// Offset 19h, since 2.3.
  public let assetTag: String?
  /// Offset 1Ah, since 2.3: the product name.
  public let partNumber: String?

  /// Bytes in the slot; 0 when empty, `nil` when unknown.
  public var sizeBytes: UInt64? {
    switch size {
    case .empty: 0
    case .unknown: nil
    case .bytes(let bytes): bytes
    }
  }

  /// Reads a type 17 structure; `nil` for any other, and for one that ends before the memory type.
  public init?(_ structure: Structure) {
    guard structure.type == 17, let size = structure.word(at: 0x0c), let type = structure.byte(at: 0x12) else {
      return nil
    }
    self.size = Self.size(size, extended: structure.doubleWord(at: 0x1c))
    self.type = MemoryType(rawValue: type)
    deviceLocator = structure.string(at: 0x10)
    bankLocator = structure.string(at: 0x11)
    manufacturer = structure.string(at: 0x17)
    serialNumber = structure.string(at: 0x18)
    assetTag = structure.string(at: 0x19)
    partNumber = structure.string(at: 0x1a)
    speedMegatransfers = Self.speed(structure.word(at: 0x15), extended: structure.doubleWord(at: 0x54))
    configuredSpeedMegatransfers = Self.speed(structure.word(at: 0x20), extended: structure.doubleWord(at: 0x58))
  }

  /// Bit 15 clear: MiB, set: KiB. 7FFFh: too large for the field, the extended one has MiB in bits 30:0 (§7.18.5).
  /// Read as a plain number of MiB, a module given in KiB comes out 1024 times too large and then some.
  private static func size(_ size: UInt16, extended: UInt32?) -> Size {
    switch size {
    case 0: .empty
    case 0xffff: .unknown
    case 0x7fff: extended.map { .bytes(UInt64($0 & 0x7fff_ffff) << 20) } ?? .unknown
    default: .bytes(size & 0x8000 == 0 ? UInt64(size) << 20 : UInt64(size & 0x7fff) << 10)
    }
  }

  /// FFFFh: too large for the field, the extended one has it in bits 30:0 (§7.18.6).
  private static func speed(_ speed: UInt16?, extended: UInt32?) -> Int? {
    switch speed {
    case nil, 0: nil
    case 0xffff: extended.flatMap { $0 & 0x7fff_ffff == 0 ? nil : Int($0 & 0x7fff_ffff) }
    case .some(let number): Int(number)
    }
  }
}

/// What kind of memory it is (SMBIOS 3.7 §7.18.2).
public struct MemoryType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  private static let names: [UInt8: String] = [
    0x01: "Other", 0x02: "Unknown", 0x03: "DRAM", 0x04: "EDRAM", 0x05: "VRAM", 0x06: "SRAM", 0x07: "RAM", 0x08: "ROM",
    0x09: "FLASH", 0x0a: "EEPROM", 0x0b: "FEPROM", 0x0c: "EPROM", 0x0d: "CDRAM", 0x0e: "3DRAM", 0x0f: "SDRAM",
    0x10: "SGRAM", 0x11: "RDRAM", 0x12: "DDR", 0x13: "DDR2", 0x14: "DDR2 FB-DIMM", 0x18: "DDR3", 0x19: "FBD2",
    0x1a: "DDR4", 0x1b: "LPDDR", 0x1c: "LPDDR2", 0x1d: "LPDDR3", 0x1e: "LPDDR4",
    0x1f: "Logical non-volatile device", 0x20: "HBM", 0x21: "HBM2", 0x22: "DDR5", 0x23: "LPDDR5", 0x24: "HBM3",
  ]

  /// `DDR4`; `type 99` for a number the specification does not have yet.
  public var description: String { Self.names[rawValue] ?? "type \(rawValue)" }
}
