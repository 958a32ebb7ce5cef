import Wire

/// Lease records by slot, in 48 bytes each instead of the 72 that ``DHCPLease`` has: a table of a hundred thousand is kept in
/// memory as a whole.
struct CompactLeases: Sendable {
  /// Fields in an order without gaps.
  private struct Kept {
    var client: ClientIdentity
    var state: DHCPLease.State
    var address: IPv4Address
    var expires: Timestamp
    var hostName: String?
    /// `MACAddress?` is a byte longer, and so eight.
    var mac: UInt64
  }

  /// Beyond every hardware address, which has 48 bits.
  private static let noMAC = UInt64.max

  private var kept: [Kept?] = []

  /// Adds a slot without a record.
  mutating func append() { kept.append(nil) }

  /// The records that are there.
  var all: [DHCPLease] { kept.compactMap { $0.map { Self.lease($0) } } }

  /// The number of records.
  var count: Int { kept.count { $0 != nil } }

  /// The record of a slot.
  subscript(slot: Int) -> DHCPLease? {
    get { kept[slot].map { Self.lease($0) } }
    set {
      kept[slot] = newValue.map { lease in
        Kept(
          client: lease.client, state: lease.state, address: lease.address, expires: lease.expires,
          hostName: lease.hostName, mac: lease.mac?.rawValue ?? Self.noMAC)
      }
    }
  }

  private static func lease(_ kept: Kept) -> DHCPLease {
    DHCPLease(
      address: kept.address, client: kept.client,
      mac: kept.mac == noMAC ? nil : MACAddress(rawValue: kept.mac),
      hostName: kept.hostName, state: kept.state, expires: kept.expires)
  }
}
