public import Wire

/// Why a lease of another server is not taken over.
public enum LeaseRefusal: Error, Hashable, Sendable {
  /// No network that addresses are given out in has the address.
  case notServed
  /// It is in the network, and given to nobody: outside the pools, a router's or ours.
  case notGivenOut
  /// It is reserved for another machine.
  case reservedForAnother
  /// Its client has another address by reservation.
  case reservedElsewhere(IPv4Address)
  /// Somebody has it, is being offered it, or declined it.
  case taken(by: ClientIdentity)
  /// A change of the address or of its client is on its way to the store.
  case busy
  /// Its client has another lease by now.
  case leasedElsewhere(IPv4Address)
  /// Its client has it already, and for as long.
  case known
  /// Its time is over.
  case over
}

extension DHCPResponder {
  /// Takes a lease over that another server gave: as the client believes that it has it, it keeps it.
  /// - Returns: the change to make durable, as one of a client's messages.
  public mutating func adopt(_ lease: DHCPLease, now: Timestamp) throws(LeaseRefusal) -> LeaseChange {
    guard case .server(let configuration) = mode, configuration.subnet.contains(lease.address) else {
      throw .notServed
    }
    guard lease.isActive(at: now) else { throw .over }
    return try adopt(inNetwork: lease, now: now)
  }
}

extension LeaseRefusal: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notServed: "no network that addresses are given out in has it"
    case .notGivenOut: "it is given to nobody here: it is in no pool"
    case .reservedForAnother: "it is reserved for another machine"
    case .reservedElsewhere(let address): "its machine has a reservation, \(address)"
    case .taken(let client): "it is \(client)'s here"
    case .busy: "something else is being done with it; again in a moment"
    case .leasedElsewhere(let address): "its machine has \(address) here"
    case .known: "its machine has it here, for as long or longer"
    case .over: "its time is over"
    }
  }
}
