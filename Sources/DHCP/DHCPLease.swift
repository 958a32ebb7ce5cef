public import Wire

/// Who has an address, and until when: the record that is durable before a client is told.
public struct DHCPLease: Hashable, Sendable {
  /// What became of the address.
  public enum State: UInt8, Hashable, Sendable {
    /// Leased to `client` until `expires`; released or run out after that, and remembered for the client's return.
    case bound = 1
    /// A client found somebody else using it (DHCPDECLINE): nobody gets it until `expires`.
    case declined = 2
  }

  public var address: IPv4Address
  public var client: ClientIdentity
  /// The hardware address, where it is an Ethernet one.
  public var mac: MACAddress?
  /// What the client calls itself (option 12), or the reservation does; at most 63 characters.
  public var hostName: String?
  public var state: State
  public var expires: Timestamp

  public init(
    address: IPv4Address, client: ClientIdentity, mac: MACAddress?, hostName: String?, state: State,
    expires: Timestamp
  ) {
    self.address = address
    self.client = client
    self.mac = mac
    self.hostName = hostName
    self.state = state
    self.expires = expires
  }

  /// Whether the address is taken at `now`.
  public func isActive(at now: Timestamp) -> Bool { expires > now }
}

/// One durable change of the leases.
///
/// The store writes it as one: ``lease`` takes the place of whatever stood at its address, and the record at
/// ``freed`` is deleted. Afterwards the responder is told (``DHCPResponder/confirm(_:)``).
public struct LeaseChange: Hashable, Sendable {
  /// Tells changes in flight apart; counts up within one responder.
  public let id: UInt64
  /// The record to put, keyed by its address.
  public let lease: DHCPLease
  /// The address that the same client gives up by this, if it had another.
  public let freed: IPv4Address?
}
