/// The number of a DHCP option (RFC 2132 and the IANA "BOOTP Vendor Extensions and DHCP Options" registry).
///
/// One byte on the wire. 0 (pad) and 255 (end) are punctuation of the options area, never options.
public struct OptionCode: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// A filler byte without length (RFC 2132 §3.1).
  public static let pad = OptionCode(rawValue: 0)
  /// RFC 2132 §3.3: four bytes.
  public static let subnetMask = OptionCode(rawValue: 1)
  /// RFC 2132 §3.5: addresses in order of preference.
  public static let router = OptionCode(rawValue: 3)
  /// RFC 2132 §3.8: addresses in order of preference.
  public static let domainNameServer = OptionCode(rawValue: 6)
  /// RFC 2132 §3.14: ASCII, no terminator.
  public static let hostName = OptionCode(rawValue: 12)
  /// RFC 2132 §3.17: ASCII.
  public static let domainName = OptionCode(rawValue: 15)
  /// RFC 2132 §5.1: two bytes, at least 68.
  public static let interfaceMTU = OptionCode(rawValue: 26)
  /// RFC 2132 §5.3: four bytes.
  public static let broadcastAddress = OptionCode(rawValue: 28)
  /// RFC 2132 §8.3: addresses in order of preference.
  public static let ntpServers = OptionCode(rawValue: 42)
  /// RFC 2132 §8.4: encapsulated vendor options; with class `PXEClient` the sub-options of the PXE 2.1 specification.
  public static let vendorSpecific = OptionCode(rawValue: 43)
  /// RFC 2132 §9.1: four bytes.
  public static let requestedAddress = OptionCode(rawValue: 50)
  /// RFC 2132 §9.2: four bytes, seconds.
  public static let leaseTime = OptionCode(rawValue: 51)
  /// RFC 2132 §9.3: one byte; bit 0: `file` holds options, bit 1: `sname` does.
  public static let overload = OptionCode(rawValue: 52)
  /// RFC 2132 §9.6: one byte.
  public static let messageType = OptionCode(rawValue: 53)
  /// RFC 2132 §9.7: four bytes. EDK2 drops an offer without it.
  public static let serverIdentifier = OptionCode(rawValue: 54)
  /// RFC 2132 §9.8: option codes in order of preference.
  public static let parameterRequestList = OptionCode(rawValue: 55)
  /// RFC 2132 §9.9: text for a person.
  public static let message = OptionCode(rawValue: 56)
  /// RFC 2132 §9.10: two bytes, at least 576, IP and UDP headers included.
  public static let maximumMessageSize = OptionCode(rawValue: 57)
  /// RFC 2132 §9.11: four bytes, seconds.
  public static let renewalTime = OptionCode(rawValue: 58)
  /// RFC 2132 §9.12: four bytes, seconds.
  public static let rebindingTime = OptionCode(rawValue: 59)
  /// RFC 2132 §9.13: `PXEClient:Arch:00007:UNDI:003016`, `HTTPClient:…`, or anything else.
  public static let vendorClass = OptionCode(rawValue: 60)
  /// RFC 2132 §9.14, RFC 4361.
  public static let clientIdentifier = OptionCode(rawValue: 61)
  /// RFC 2132 §9.4: the TFTP server's name, in practice its address in text.
  public static let tftpServerName = OptionCode(rawValue: 66)
  /// RFC 2132 §9.5: boot file name or URL.
  public static let bootFileName = OptionCode(rawValue: 67)
  /// RFC 3004: a list of length-prefixed strings; iPXE sends the bare string `iPXE`.
  public static let userClass = OptionCode(rawValue: 77)
  /// RFC 3046: added by a relay agent; echoed, last of all.
  public static let relayAgentInformation = OptionCode(rawValue: 82)
  /// RFC 4578 §2.1: 16-bit architecture types.
  public static let clientArchitecture = OptionCode(rawValue: 93)
  /// RFC 4578 §2.2: type 1 (UNDI), major, minor.
  public static let clientNetworkInterface = OptionCode(rawValue: 94)
  /// RFC 4578 §2.3: type 0 and 16 bytes of UUID.
  public static let clientMachineIdentifier = OptionCode(rawValue: 97)
  /// RFC 3442: destination prefixes and routers.
  public static let classlessStaticRoute = OptionCode(rawValue: 121)
  /// iPXE's (Etherboot's) encapsulated options.
  public static let etherboot = OptionCode(rawValue: 175)
  /// The end of the options (RFC 2132 §3.2).
  public static let end = OptionCode(rawValue: 255)
}

extension OptionCode: CustomStringConvertible {
  /// The number in decimal.
  public var description: String { String(rawValue) }
}
