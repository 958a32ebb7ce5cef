public import Wire

/// How a message reached us: what its own bytes do not say.
public struct DHCPv6Arrival: Hashable, Sendable {
  /// The IP source address: link-local, from a client on the link.
  public var source: IPv6Address
  /// The IP destination was `ff02::1:2`, not an address of ours.
  public var isMulticast: Bool

  public init(source: IPv6Address, isMulticast: Bool = true) {
    self.source = source
    self.isMulticast = isMulticast
  }

  /// The network card that sent it, where the link-local address was made from the card's own, as all firmware does.
  public var hardwareAddress: MACAddress? { source.isLinkLocal ? source.hardwareAddress : nil }
}

/// The UDP ports and groups of DHCPv6 (RFC 8415 §7).
public enum DHCPv6Port {
  /// Clients.
  public static let client: UInt16 = 546
  /// Servers and relay agents.
  public static let server: UInt16 = 547
  /// `ff02::1:2`, all servers and relay agents of a link.
  public static let group = IPv6Address(rawValue: 0xff02 << 112 | 0x1_0002)
}
