public import Wire

/// One subnet that we give addresses out in.
///
/// A responder serves one subnet: the one of its interface, or the one that a relay agent (`giaddr`) stands in. A host
/// with several has several responders.
public struct DHCPServerConfiguration: Hashable, Sendable {
  /// An address that always goes to the same machine.
  public struct Reservation: Hashable, Sendable {
    public var mac: MACAddress
    public var address: IPv4Address
    /// Sent as option 12 in place of what the client calls itself.
    public var hostName: String?

    public init(mac: MACAddress, address: IPv4Address, hostName: String? = nil) {
      self.mac = mac
      self.address = address
      self.hostName = hostName
    }
  }

  /// A way to a network that the routers of option 3 are not the way to (RFC 3442).
  public struct Route: Hashable, Sendable {
    public var to: IPv4Prefix
    /// A router in the subnet; 0.0.0.0 for what is on the same link.
    public var via: IPv4Address

    public init(to: IPv4Prefix, via: IPv4Address) {
      self.to = to
      self.via = via
    }
  }

  /// The network; its mask is option 1.
  public var subnet: IPv4Prefix
  /// What is given out to whoever asks, in this order.
  public var pools: [ClosedRange<IPv4Address>]
  /// What is given to named machines; may lie inside or outside the pools.
  public var reservations: [Reservation] = []
  /// Never given out, besides the routers' addresses: put our own here.
  public var excluded: Set<IPv4Address> = []

  /// Seconds, for a client that asks for no time of its own.
  public var defaultLeaseSeconds: UInt32 = 3600
  /// Seconds that a client gets at most.
  public var maximumLeaseSeconds: UInt32 = 86_400
  /// Option 3.
  public var routers: [IPv4Address] = []
  /// Option 121, the routers as its last. Clients that take it leave option 3 aside (RFC 3442).
  public var routes: [Route] = []
  /// Option 6.
  public var nameServers: [IPv4Address] = []
  /// Option 15.
  public var domainName: String?
  /// Option 42.
  public var timeServers: [IPv4Address] = []
  /// Any other options, sent to clients that ask for them (option 55).
  public var extraOptions = DHCPOptions()

  /// `siaddr` for clients that no boot reply names a server for; 0.0.0.0 leaves it out.
  public var nextServer: IPv4Address = .any

  /// What a lease is keyed by.
  public var identity: ClientIdentity.Policy = .hardwareAddress
  /// How long an offer holds its address: clients take theirs within seconds, or, after collecting offers for a while
  /// and asking twice, within half a minute.
  public var offerSeconds: Int64 = 60
  /// How long an address rests that a client found in use; when nothing else is left, as long as an offer stands.
  public var declinedSeconds: Int64 = 3600

  /// Whether clients on our own link are offered an address that they did not have before only when nobody there has it
  /// (``AddressProbe``). Those behind relay agents are out of ARP's reach, and their addresses are not asked for.
  public var probes = false

  public init(subnet: IPv4Prefix, pools: [ClosedRange<IPv4Address>]) {
    self.subnet = subnet
    self.pools = pools
  }

  /// What is wrong with a configuration.
  public enum Problem: Hashable, Sendable {
    case poolOutsideSubnet(ClosedRange<IPv4Address>)
    case poolsOverlap(ClosedRange<IPv4Address>, ClosedRange<IPv4Address>)
    case reservationOutsideSubnet(Reservation)
    case reservedTwice(IPv4Address)
    case twoReservations(MACAddress)
    case routerOutsideSubnet(IPv4Address)
    case leaseTimes
    case nothingToGive
  }

  /// Everything that is wrong; empty when the configuration can be served.
  public var problems: [Problem] {
    var problems = [Problem]()
    for (index, pool) in pools.enumerated() {
      if !subnet.contains(pool.lowerBound) || !subnet.contains(pool.upperBound) {
        problems.append(.poolOutsideSubnet(pool))
      }
      for other in pools[..<index] where pool.overlaps(other) { problems.append(.poolsOverlap(other, pool)) }
    }
    var addresses = Set<IPv4Address>()
    var machines = Set<MACAddress>()
    for reservation in reservations {
      if !subnet.isHost(reservation.address) { problems.append(.reservationOutsideSubnet(reservation)) }
      if !addresses.insert(reservation.address).inserted { problems.append(.reservedTwice(reservation.address)) }
      if !machines.insert(reservation.mac).inserted { problems.append(.twoReservations(reservation.mac)) }
    }
    for router in routers where !subnet.contains(router) { problems.append(.routerOutsideSubnet(router)) }
    if defaultLeaseSeconds < Self.minimumLeaseSeconds || maximumLeaseSeconds < defaultLeaseSeconds {
      problems.append(.leaseTimes)
    }
    if pools.isEmpty && reservations.isEmpty { problems.append(.nothingToGive) }
    return problems
  }

  /// A client that asks for less gets this: every lease is a durable write.
  static let minimumLeaseSeconds: UInt32 = 60
}

extension DHCPServerConfiguration.Problem: CustomStringConvertible {
  public var description: String {
    switch self {
    case .poolOutsideSubnet(let pool):
      "the pool \(pool.lowerBound)-\(pool.upperBound) does not lie in the subnet"
    case .poolsOverlap(let one, let other):
      "the pools \(one.lowerBound)-\(one.upperBound) and \(other.lowerBound)-\(other.upperBound) overlap"
    case .reservationOutsideSubnet(let reservation):
      "\(reservation.address), reserved for \(reservation.mac), is no host address of the subnet"
    case .reservedTwice(let address): "\(address) is reserved for two machines"
    case .twoReservations(let mac): "\(mac) has two reservations"
    case .routerOutsideSubnet(let router): "the router \(router) does not lie in the subnet"
    case .leaseTimes:
      "the lease time must be at least \(DHCPServerConfiguration.minimumLeaseSeconds) seconds and not above its maximum"
    case .nothingToGive: "there is neither a pool nor a reservation"
    }
  }
}
