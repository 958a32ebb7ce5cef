/// A processor socket and what is in it (type 4, SMBIOS 3.7 §7.5).
public struct Processor: Hashable, Sendable {
  /// Offset 04h: what is printed beside the socket.
  public let socket: String?
  /// Offset 07h.
  public let manufacturer: String?
  /// Offset 10h: what people call the product name, "Intel(R) Xeon(R) …".
  public let version: String?
  /// Offset 20h, since 2.3.
  public let serialNumber: String?
  /// Offset 21h, since 2.3.
  public let assetTag: String?
  /// Offset 22h, since 2.3.
  public let partNumber: String?
  /// Offset 14h in MHz: the fastest the *board* can run a processor, not this processor; `nil` when unknown (0).
  public let maximumSpeedMegahertz: Int?
  /// Offset 16h in MHz: the speed at boot, mostly the nominal one; `nil` when unknown (0).
  public let currentSpeedMegahertz: Int?
  /// Offset 18h bit 6: something is in the socket.
  public let isPopulated: Bool
  /// Offset 18h bits 2:0.
  public let status: Status
  /// Offset 23h since 2.5, or 2Ah since 3.0 when that says FFh; `nil` when unknown.
  public let coreCount: Int?
  /// Offset 24h since 2.5, or 2Ch since 3.0 when that says FFh; `nil` when unknown.
  public let enabledCoreCount: Int?
  /// Offset 25h since 2.5, or 2Eh since 3.0 when that says FFh; `nil` when unknown.
  public let threadCount: Int?

  /// What state the processor is in (§7.5, offset 18h).
  public struct Status: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let unknown = Status(rawValue: 0)
    public static let enabled = Status(rawValue: 1)
    public static let disabledByUser = Status(rawValue: 2)
    public static let disabledByBIOS = Status(rawValue: 3)
    public static let idle = Status(rawValue: 4)
  }

  /// Reads a type 4 structure; `nil` for any other, and for one that ends before the status.
  public init?(_ structure: Structure) {
    guard structure.type == 4, let state = structure.byte(at: 0x18) else { return nil }
    socket = structure.string(at: 0x04)
    manufacturer = structure.string(at: 0x07)
    version = structure.string(at: 0x10)
    serialNumber = structure.string(at: 0x20)
    assetTag = structure.string(at: 0x21)
    partNumber = structure.string(at: 0x22)
    maximumSpeedMegahertz = structure.knownWord(at: 0x14)
    currentSpeedMegahertz = structure.knownWord(at: 0x16)
    isPopulated = state & 0x40 != 0
    status = Status(rawValue: state & 0x07)
    coreCount = structure.count(at: 0x23, orAt: 0x2a)
    enabledCoreCount = structure.count(at: 0x24, orAt: 0x2c)
    threadCount = structure.count(at: 0x25, orAt: 0x2e)
  }
}

extension Structure {
  /// A 16-bit number in which 0 means "unknown".
  fileprivate func knownWord(at offset: Int) -> Int? {
    guard let number = word(at: offset), number != 0 else { return nil }
    return Int(number)
  }

  /// A count of cores or threads (§7.5.6, §7.5.8): one byte, where 0 is unknown and FFh says that it does not fit and
  /// stands in the 16-bit field (where FFFFh is reserved).
  fileprivate func count(at offset: Int, orAt wideOffset: Int) -> Int? {
    switch byte(at: offset) {
    case nil, 0: return nil
    case 0xff:
      // Between 2.5 and 2.8 there is no wide field: 255 then is the count.
      guard let wide = word(at: wideOffset) else { return 255 }
      return wide == 0 || wide == 0xffff ? nil : Int(wide)
    case .some(let number): return Int(number)
    }
  }
}
