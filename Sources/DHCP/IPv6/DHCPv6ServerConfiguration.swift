public import Wire

/// What a DHCPv6 server gives out on one link.
public struct DHCPv6ServerConfiguration: Hashable, Sendable {
  /// An address kept for one network card.
  public struct Reservation: Hashable, Sendable {
    public var mac: MACAddress
    public var address: IPv6Address

    public init(mac: MACAddress, address: IPv6Address) {
      self.mac = mac
      self.address = address
    }
  }

  /// Who we are: option 2 of every message, the same for ever.
  public var serverIdentifier: DUID
  /// The link's network.
  public var prefix: IPv6Prefix
  /// Inside of the prefix, none overlapping.
  public var pools: [ClosedRange<IPv6Address>]
  public var reservations: [Reservation] = []
  /// Never given out: our own addresses.
  public var excluded: Set<IPv6Address> = []
  /// How long an address is given for: its valid and preferred lifetime.
  public var leaseSeconds: UInt32 = 3600
  /// Option 23.
  public var nameServers: [IPv6Address] = []
  /// Option 24.
  public var domainName: String?

  public init(serverIdentifier: DUID, prefix: IPv6Prefix, pools: [ClosedRange<IPv6Address>]) {
    self.serverIdentifier = serverIdentifier
    self.prefix = prefix
    self.pools = pools
  }
}
