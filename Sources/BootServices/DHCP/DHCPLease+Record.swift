package import BareMetal
package import DHCP
import Wire

// The responder's leases and the store's: two modules that do not know each other.

extension DHCPLease {
  package init(_ record: Lease) {
    self.init(
      address: record.address, client: ClientIdentity(bytes: record.client),
      mac: record.mac == .zero ? nil : record.mac, hostName: record.hostname,
      state: record.state == .bound ? .bound : .declined, expires: record.expires)
  }

  package var record: Lease {
    Lease(
      address: address, client: client.bytes, mac: mac ?? .zero, hostname: hostName,
      state: state == .bound ? .bound : .declined, expires: expires)
  }
}

extension DHCP.LeaseChange {
  /// What the store is to do, in order.
  package var records: [BareMetal.LeaseChange] {
    (freed.map { [.remove($0)] } ?? []) + [.put(lease.record)]
  }
}
