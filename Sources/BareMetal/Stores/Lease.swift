public import Wire

/// An address given to a client, as it is kept on disk.
public struct Lease: Hashable, Sendable, Codable {
  public enum State: String, Codable, Hashable, Sendable {
    /// The client may use the address until `expires`.
    case bound
    /// The client found another machine using it (DHCPDECLINE): given to nobody until `expires`.
    case declined
  }

  public var address: IPv4Address
  /// Who has it: the bytes of option 61, or hardware type and address where the client sent none.
  public var client: [UInt8]
  public var mac: MACAddress
  public var hostname: String?
  public var state: State
  public var expires: Timestamp

  public init(
    address: IPv4Address, client: [UInt8], mac: MACAddress, hostname: String?, state: State, expires: Timestamp
  ) {
    self.address = address
    self.client = client
    self.mac = mac
    self.hostname = hostname
    self.state = state
    self.expires = expires
  }
}

/// One change of the leases.
public enum LeaseChange: Hashable, Sendable {
  /// The address is now this lease's, whatever it was before.
  case put(Lease)
  /// The address is nobody's.
  case remove(IPv4Address)
}

/// Where leases outlive the daemon.
public protocol LeaseStore: Sendable {
  /// Every lease, expired ones too.
  func leases() async throws(StoreError) -> [Lease]

  /// Makes all changes durable (synced to the disk) or none; one commit for the whole batch.
  func commit(_ changes: [LeaseChange]) async throws(StoreError)
}
