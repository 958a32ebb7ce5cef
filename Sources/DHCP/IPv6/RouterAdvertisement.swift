public import Wire

/// What tells hosts of a link that DHCPv6 is there: an ICMPv6 message (RFC 4861 §4.2).
/// ```
/// | type 134 | code 0 | checksum (the kernel's) | hop limit | M O 000000 | router lifetime (2) |
/// | reachable time (4) | retransmission timer (4) | options |
/// ```
/// iPXE and operating systems ask no DHCPv6 server before a router says so. We are no router: a lifetime of 0 says that.
public struct RouterAdvertisement: Hashable, Sendable {
  /// ICMPv6 type of what hosts ask with.
  public static let solicitationType: UInt8 = 133
  static let type: UInt8 = 134

  /// The link's network: hosts reach its addresses without a router.
  public var prefix: IPv6Prefix
  /// Whether hosts make an address of their own in it (RFC 4862), besides the one from DHCPv6.
  public var isAutonomous: Bool
  /// The interface it goes out by.
  public var mac: MACAddress

  public init(prefix: IPv6Prefix, isAutonomous: Bool, mac: MACAddress) {
    self.prefix = prefix
    self.isAutonomous = isAutonomous
    self.mac = mac
  }

  /// How long the network is good for without another advertisement: a day.
  static let prefixSeconds: UInt32 = 86_400

  /// Writes the message, its checksum zero.
  public func serialize(into bytes: inout [UInt8]) {
    bytes += [Self.type, 0, 0, 0]
    // Hop limit unspecified; M (0x80) and O (0x40): addresses, and all else, by DHCPv6. Lifetime, reachable time,
    // retransmission timer: none.
    bytes += [0, 0xc0, 0, 0]
    bytes.append(bigEndian: UInt32(0))
    bytes.append(bigEndian: UInt32(0))
    // Source link-layer address (RFC 4861 §4.6.1), in units of eight bytes.
    bytes += [1, 1]
    bytes.append(mac)
    // Prefix information (RFC 4861 §4.6.2): L (0x80) on the link, A (0x40) autonomous.
    bytes += [3, 4, UInt8(prefix.length), 0x80 | (isAutonomous ? 0x40 : 0)]
    bytes.append(bigEndian: Self.prefixSeconds)
    bytes.append(bigEndian: Self.prefixSeconds)
    bytes.append(bigEndian: UInt32(0))
    bytes.append(prefix.network)
  }
}
