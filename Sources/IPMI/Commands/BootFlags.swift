/// Where the machine boots from next: boot option parameter 5. IPMI v2.0 table 28-14.
///
/// ```
/// | valid:1 persistent:1 UEFI:1 … | CMOS clear:1 lock:1 device:4 screen blank:1 … | … | … | instance:5 |
/// ```
/// Flags are taken back by the BMC 60 seconds after they are set unless the machine starts in between: a machine whose
/// POST takes longer, or that is switched on later, boots as before. Clear bit 3 of parameter 3 first, see
/// ``SetSystemBootOptions/keepFlagsPastTimeout``. Known to matter on Supermicro and slow-POST machines.
public struct BootFlags: Hashable, Sendable {
  /// Values that are not named here are kept.
  public struct Device: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8
    /// The low four bits of `rawValue`.
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x0f }

    /// As the firmware is set up.
    public static let noOverride = Device(rawValue: 0)
    public static let pxe = Device(rawValue: 1)
    public static let disk = Device(rawValue: 2)
    public static let diskSafeMode = Device(rawValue: 3)
    public static let diagnostics = Device(rawValue: 4)
    public static let cd = Device(rawValue: 5)
    public static let setup = Device(rawValue: 6)
    public static let remoteFloppy = Device(rawValue: 7)
    public static let remoteCD = Device(rawValue: 8)
    public static let remotePrimaryMedia = Device(rawValue: 9)
    public static let remoteDisk = Device(rawValue: 11)
    public static let floppy = Device(rawValue: 15)
  }

  /// Whether the firmware heeds the rest.
  public var isValid: Bool

  /// For every boot from now on; else for the next one only.
  public var isPersistent: Bool

  /// Boot the UEFI way; else the BIOS way. Machines that can do one way only ignore it, or the whole request.
  public var isUEFI: Bool
  public var device: Device

  /// Bytes 2 to 5 apart from the device, and bits 0…4 of byte 1, as read: kept when flags are written back.
  var others: [UInt8]

  public init(
    _ device: Device, isPersistent: Bool = false, isUEFI: Bool, isValid: Bool = true
  ) {
    self.device = device
    self.isPersistent = isPersistent
    self.isUEFI = isUEFI
    self.isValid = isValid
    others = [0, 0, 0, 0, 0]
  }

  init(parsing data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let bytes = try data.bytes(5, at: &offset)
    isValid = bytes[0] & 0x80 != 0
    isPersistent = bytes[0] & 0x40 != 0
    isUEFI = bytes[0] & 0x20 != 0
    device = Device(rawValue: bytes[1] >> 2)
    others = [bytes[0] & 0x1f, bytes[1] & 0xc3] + bytes[2...]
  }

  var bytes: [UInt8] {
    var first = others[0]
    if isValid { first |= 0x80 }
    if isPersistent { first |= 0x40 }
    if isUEFI { first |= 0x20 }
    return [first, others[1] | device.rawValue << 2] + others[2...]
  }
}
