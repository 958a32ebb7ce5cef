public import Wire

/// Whom an IPv6 lease belongs to.
///
/// RFC 8415 keys leases by DUID and IAID. On a boot host that is what goes wrong, as with DHCPv4: EDK2, iPXE and the
/// operating system of one machine send different ones from one network card and would hold three addresses. So the key
/// is the card, where the link-local address that a message comes from tells it; all firmware's does. A DUID's own
/// hardware address does not count: a machine sends the same from each of its cards.
public enum DHCPv6Identity: Hashable, Sendable {
  case card(MACAddress)
  case association(DUID, UInt32)

  /// From bytes as ``bytes`` gives them; `nil` for others.
  public init?(bytes: some Collection<UInt8>) {
    let rest = Array(bytes.dropFirst())
    switch bytes.first {
    case 0 where rest.count == 6:
      self = .card(MACAddress(rawValue: rest.reduce(0) { $0 << 8 | UInt64($1) }))
    case 1 where rest.count > 4:
      guard let duid = DUID(bytes: rest[4...]) else { return nil }
      self = .association(duid, rest[..<4].reduce(0) { $0 << 8 | UInt32($1) })
    default: return nil
    }
  }

  /// The bytes to keep.
  public var bytes: [UInt8] {
    switch self {
    case .card(let mac): return [0] + mac.bytes
    case .association(let duid, let identifier):
      var bytes: [UInt8] = [1]
      bytes.append(bigEndian: identifier)
      return bytes + duid.bytes
    }
  }
}

/// An IPv6 address given to a client.
public struct DHCPv6Lease: Hashable, Sendable {
  public enum State: Hashable, Sendable {
    /// The client may use the address until `expires`.
    case bound
    /// The client found another machine using it (DECLINE): given to nobody until `expires`.
    case declined
  }

  public var address: IPv6Address
  public var client: DHCPv6Identity
  /// Option 39.
  public var hostName: String?
  public var state: State
  public var expires: Timestamp

  public init(
    address: IPv6Address, client: DHCPv6Identity, hostName: String? = nil, state: State = .bound, expires: Timestamp
  ) {
    self.address = address
    self.client = client
    self.hostName = hostName
    self.state = state
    self.expires = expires
  }
}

/// One change of the leases.
public enum DHCPv6LeaseChange: Hashable, Sendable {
  /// The address is now this lease's, whatever it was before.
  case put(DHCPv6Lease)
  /// The address is nobody's.
  case remove(IPv6Address)
}
