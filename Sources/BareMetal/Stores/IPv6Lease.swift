public import Wire

/// An IPv6 address given to a client, as it is kept on disk.
public struct IPv6Lease: Hashable, Sendable, Codable {
  public var address: IPv6Address
  /// Who has it: bytes that the DHCPv6 server knows how to read.
  public var client: [UInt8]
  public var hostname: String?
  public var state: Lease.State
  public var expires: Timestamp

  public init(address: IPv6Address, client: [UInt8], hostname: String?, state: Lease.State, expires: Timestamp) {
    self.address = address
    self.client = client
    self.hostname = hostname
    self.state = state
    self.expires = expires
  }
}

/// One change of the IPv6 leases.
public enum IPv6LeaseChange: Hashable, Sendable {
  /// The address is now this lease's, whatever it was before.
  case put(IPv6Lease)
  /// The address is nobody's.
  case remove(IPv6Address)
}

/// Where IPv6 leases, and who gave them, outlive the daemon.
public protocol IPv6LeaseStore: Sendable {
  /// Every lease, expired ones too.
  func ipv6Leases() async throws(StoreError) -> [IPv6Lease]

  /// Makes all changes durable (synced to the disk) or none; one commit for the whole batch.
  func commit(_ changes: [IPv6LeaseChange]) async throws(StoreError)

  /// What this server is known by to its clients: the same for ever, `first` when there is none yet.
  func serverUUID(first: SystemUUID) async throws(StoreError) -> SystemUUID
}
