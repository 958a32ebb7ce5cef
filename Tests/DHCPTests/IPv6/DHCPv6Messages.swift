import DHCP
import Wire

/// Messages as clients put them on the wire, field by field.
enum DHCPv6Messages {
  /// DUID-UUID (RFC 6355), laid out as EDK2 does: the UUID as SMBIOS has it.
  static let clientDUID = hex("0004 506a0c1f 1d5b 0c4e 9a02 525400770002")
  static let serverDUID = DUID(bytes: hex("0004 00112233 4455 4677 8899 aabbccddeeff"))
  static let mac = MACAddress(rawValue: 0x5254_0077_0002)
  /// `fe80::5054:ff:fe77:2`
  static let source = IPv6Address(rawValue: 0xfe80 << 112 | 0x5054_00ff_fe77_0002)

  static func hex(_ text: String) -> [UInt8] { Hexadecimal.bytes(text) ?? [] }

  static func option(_ code: UInt16, _ value: [UInt8]) -> [UInt8] {
    [UInt8(code >> 8), UInt8(code & 0xff), UInt8(value.count >> 8), UInt8(value.count & 0xff)] + value
  }

  /// IA_NA: IAID, T1, T2, and addresses with lifetimes of zero.
  static func association(_ identifier: UInt32 = 0x1234_5678, _ addresses: IPv6Address...) -> [UInt8] {
    var bytes: [UInt8] = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: identifier >> $0) }
    bytes += hex("00000000 00000000")
    for address in addresses { bytes += option(5, address.bytes + hex("00000000 00000000")) }
    return option(3, bytes)
  }

  /// What firmware says of itself: it asks for options 23 and 59, boots x64 by PXE (7) or HTTP (16).
  static func firmware(http: Bool = false) -> [UInt8] {
    let name = Array("\(http ? "HTTP" : "PXE")Client:Arch:000\(http ? "16" : "07"):UNDI:003001".utf8)
    return option(6, hex("003b 003c 0017 0018"))
      + option(61, hex(http ? "0010" : "0007"))
      + option(16, hex("00000157") + [0, UInt8(name.count)] + name)
  }

  /// iPXE: user class and vendor class.
  static let ipxe =
    option(6, hex("0017 003b 003c")) + option(15, [0, 4] + Array("iPXE".utf8)) + option(61, hex("0007"))

  static func message(_ type: DHCPv6MessageType, _ options: [UInt8]...) -> [UInt8] {
    [type.rawValue] + hex("abcdef") + options.flatMap { $0 }
  }

  static let client = option(1, clientDUID)
  static let server = option(2, serverDUID?.bytes ?? [])
}
