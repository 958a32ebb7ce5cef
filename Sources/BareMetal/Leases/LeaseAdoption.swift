public import Wire

/// What became of a lease that was to be taken over from another server.
public struct LeaseAdoption: Hashable, Sendable, Codable {
  public var address: IPv4Address
  /// Why it was not taken over; `nil` when it was, and is on the disk.
  public var refusal: String?

  public init(address: IPv4Address, refusal: String? = nil) {
    self.address = address
    self.refusal = refusal
  }
}

/// Who takes leases over from another server, in each network that this host serves.
public protocol LeaseAdopter: Sendable {
  /// Takes over what can be: no address that somebody else has here, and none that nobody is given here. An outcome each, in
  /// their order, when what is taken over is durable.
  func adopt(_ leases: [Lease]) async -> [LeaseAdoption]
}
