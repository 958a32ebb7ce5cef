/// What a network boot client runs on: one element of option 93 (RFC 4578 §2.1), 16 bits in network order.
///
/// The names are those of the IANA registry "Processor Architecture Types". RFC 4578 itself has 7 and 9 exchanged
/// (erratum 4625): firmware sends 7 for x86-64, and some early x86-64 firmware sends 9, which the registry calls EBC.
public struct ClientArchitecture: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// x86 BIOS. Raspberry Pi firmware sends it too.
  public static let biosX86 = ClientArchitecture(rawValue: 0x00)
  /// x86 UEFI (32 bits).
  public static let uefiX86 = ClientArchitecture(rawValue: 0x06)
  /// x64 UEFI.
  public static let uefiX64 = ClientArchitecture(rawValue: 0x07)
  /// EFI byte code by the registry; x64 UEFI as sent.
  public static let efiByteCode = ClientArchitecture(rawValue: 0x09)
  /// ARM 32-bit UEFI.
  public static let uefiARM32 = ClientArchitecture(rawValue: 0x0a)
  /// ARM 64-bit UEFI.
  public static let uefiARM64 = ClientArchitecture(rawValue: 0x0b)
  /// x86 UEFI, boot from HTTP.
  public static let httpX86 = ClientArchitecture(rawValue: 0x0f)
  /// x64 UEFI, boot from HTTP.
  public static let httpX64 = ClientArchitecture(rawValue: 0x10)
  /// EBC, boot from HTTP.
  public static let httpByteCode = ClientArchitecture(rawValue: 0x11)
  /// ARM 32-bit UEFI, boot from HTTP.
  public static let httpARM32 = ClientArchitecture(rawValue: 0x12)
  /// ARM 64-bit UEFI, boot from HTTP.
  public static let httpARM64 = ClientArchitecture(rawValue: 0x13)
  /// PC/AT BIOS, boot from HTTP.
  public static let httpBIOS = ClientArchitecture(rawValue: 0x14)

  /// The processor whose programs this client can run.
  public enum Processor: String, Hashable, Sendable, CaseIterable {
    case x86
    case x64
    case arm32
    case arm64
  }

  /// What runs the boot program.
  public enum Firmware: String, Hashable, Sendable, CaseIterable {
    case bios
    case uefi
  }

  /// How the client fetches it.
  public enum Transport: String, Hashable, Sendable, CaseIterable {
    case tftp
    case http
  }

  /// The processor, or `nil` for an architecture we have nothing to boot on. A BIOS client counts as x86, whatever
  /// its processor can do beyond that: its boot program is a 16-bit one.
  public var processor: Processor? {
    switch self {
    case .biosX86, .httpBIOS, .uefiX86, .httpX86: .x86
    case .uefiX64, .efiByteCode, .httpX64, .httpByteCode: .x64
    case .uefiARM32, .httpARM32: .arm32
    case .uefiARM64, .httpARM64: .arm64
    default: nil
    }
  }

  /// BIOS for the two BIOS types, UEFI for every other.
  public var firmware: Firmware { self == .biosX86 || self == .httpBIOS ? .bios : .uefi }

  /// HTTP for the "boot from HTTP" types that we know.
  public var transport: Transport {
    switch self {
    case .httpX86, .httpX64, .httpByteCode, .httpARM32, .httpARM64, .httpBIOS: .http
    default: .tftp
    }
  }
}

extension ClientArchitecture: CustomStringConvertible {
  /// The number in decimal, as class identifiers write it.
  public var description: String { String(rawValue) }
}
