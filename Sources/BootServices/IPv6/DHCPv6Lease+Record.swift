import BareMetal
import DHCP

// The responder's leases and the store's: two modules that do not know each other.

extension DHCPv6Lease {
  /// `nil` for a client that cannot be read.
  init?(_ record: IPv6Lease) {
    guard let client = DHCPv6Identity(bytes: record.client) else { return nil }
    self.init(
      address: record.address, client: client, hostName: record.hostname,
      state: record.state == .bound ? .bound : .declined, expires: record.expires)
  }

  fileprivate var record: IPv6Lease {
    IPv6Lease(
      address: address, client: client.bytes, hostname: hostName, state: state == .bound ? .bound : .declined,
      expires: expires)
  }
}

extension DHCPv6LeaseChange {
  /// What the store is to do.
  var record: IPv6LeaseChange {
    switch self {
    case .put(let lease): .put(lease.record)
    case .remove(let address): .remove(address)
    }
  }
}
