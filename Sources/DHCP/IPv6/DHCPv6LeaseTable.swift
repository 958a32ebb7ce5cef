import Wire

/// Who has which IPv6 address, as it is durable; and whom one was offered to lately.
public struct DHCPv6LeaseTable: Sendable {
  /// Leases at most, expired ones included: about 20 MB. A pool may have 2^64 addresses, memory has not.
  public static let limit = 65_536
  /// Offers remembered at a time: four racks powered on at once.
  static let offerLimit = 4096
  /// How long an offer is kept for its client.
  static let offerSeconds: Int64 = 60
  /// How long a declined address is given to nobody.
  static let declinedSeconds: Int64 = 3600
  /// Expired leases that one change clears away at most.
  private static let sweep = 1024

  private struct Offer: Sendable {
    var client: DHCPv6Identity
    var until: Timestamp
  }

  private let configuration: DHCPv6ServerConfiguration
  private let reserved: [IPv6Address: MACAddress]
  private let reservations: [MACAddress: IPv6Address]
  private var byAddress: [IPv6Address: DHCPv6Lease] = [:]
  private var byClient: [DHCPv6Identity: IPv6Address] = [:]
  private var offers: [IPv6Address: Offer] = [:]

  init(_ configuration: DHCPv6ServerConfiguration, leases: [DHCPv6Lease]) {
    self.configuration = configuration
    reserved = Dictionary(configuration.reservations.map { ($0.address, $0.mac) }) { first, _ in first }
    reservations = Dictionary(configuration.reservations.map { ($0.mac, $0.address) }) { first, _ in first }
    apply(leases.filter { configuration.prefix.contains($0.address) }.map { .put($0) })
  }

  /// How many there are, expired ones included.
  public var count: Int { byAddress.count }

  /// The address that a client has.
  func lease(of client: DHCPv6Identity, at now: Timestamp) -> DHCPv6Lease? {
    byClient[client].flatMap { byAddress[$0] }.flatMap { $0.state == .bound && $0.expires > now ? $0 : nil }
  }

  /// The address to offer or give to a client: what it has or had, what is reserved for it, what it wishes for, any.
  /// - Returns: `nil` when none is free.
  mutating func choose(
    for client: DHCPv6Identity, mac: MACAddress?, wish: IPv6Address?, now: Timestamp
  ) -> IPv6Address? {
    if let mac, let address = reservations[mac], isFree(address, for: client, mac: mac, now: now) { return address }
    for address in [byClient[client], offered(to: client, now: now), wish].compactMap({ $0 })
    where isInPool(address) && isFree(address, for: client, mac: mac, now: now) {
      return address
    }
    guard hasRoom(for: client) else { return nil }
    for pool in configuration.pools {
      if let address = pick(in: pool, for: client, mac: mac, now: now) { return address }
    }
    return nil
  }

  /// Keeps an address for a client for a minute.
  mutating func offer(_ address: IPv6Address, to client: DHCPv6Identity, now: Timestamp) {
    if offers.count >= Self.offerLimit { offers = offers.filter { $0.value.until > now } }
    guard offers.count < Self.offerLimit || offers[address] != nil else { return }
    offers[address] = Offer(client: client, until: now.advanced(bySeconds: Self.offerSeconds))
  }

  /// What makes the addresses that one message gives the clients'. What goes comes first: what one of the clients leaves
  /// behind may be what another is given.
  func binding(
    _ bindings: [(address: IPv6Address, client: DHCPv6Identity, hostName: String?)], now: Timestamp
  ) -> [DHCPv6LeaseChange] {
    guard !bindings.isEmpty else { return [] }
    var left = bindings.compactMap { binding in byClient[binding.client].flatMap { $0 == binding.address ? nil : $0 } }
    if byAddress.count >= Self.limit {
      left += byAddress.values.lazy.filter { $0.expires <= now }.prefix(Self.sweep).map(\.address)
    }
    let expires = now.advanced(bySeconds: Int64(configuration.leaseSeconds))
    return left.map { .remove($0) }
      + bindings.map {
        .put(DHCPv6Lease(address: $0.address, client: $0.client, hostName: $0.hostName, expires: expires))
      }
  }

  /// Takes over what is durable now.
  mutating func apply(_ changes: [DHCPv6LeaseChange]) {
    for change in changes {
      switch change {
      case .remove(let address): forget(address)
      case .put(let lease):
        forget(lease.address)
        byAddress[lease.address] = lease
        if lease.state == .bound { byClient[lease.client] = lease.address }
        offers[lease.address] = nil
      }
    }
  }

  private mutating func forget(_ address: IPv6Address) {
    guard let old = byAddress.removeValue(forKey: address) else { return }
    if byClient[old.client] == address { byClient[old.client] = nil }
  }

  private func offered(to client: DHCPv6Identity, now: Timestamp) -> IPv6Address? {
    offers.first { $0.value.client == client && $0.value.until > now }?.key
  }

  private func isInPool(_ address: IPv6Address) -> Bool {
    reserved[address] != nil || configuration.pools.contains { $0.contains(address) }
  }

  private func isFree(_ address: IPv6Address, for client: DHCPv6Identity, mac: MACAddress?, now: Timestamp) -> Bool {
    if configuration.excluded.contains(address) { return false }
    if let owner = reserved[address], owner != mac { return false }
    if let lease = byAddress[address], lease.expires > now, lease.state == .declined || lease.client != client {
      return false
    }
    if let offer = offers[address], offer.until > now, offer.client != client { return false }
    return true
  }

  private func hasRoom(for client: DHCPv6Identity) -> Bool {
    byAddress.count < Self.limit + Self.sweep || byClient[client] != nil
  }

  /// Begins where the client's own number points and takes the first free address from there: the same client finds the same
  /// address again even when its lease is long forgotten, and no more are looked at than are in use.
  private func pick(
    in pool: ClosedRange<IPv6Address>, for client: DHCPv6Identity, mac: MACAddress?, now: Timestamp
  ) -> IPv6Address? {
    let size = pool.upperBound.rawValue - pool.lowerBound.rawValue + 1
    let start = UInt128(Self.hash(client.bytes)) % max(size, 1)
    let inUse = UInt128(byAddress.count + offers.count + reserved.count + configuration.excluded.count)
    for step in 0..<min(size, inUse + 1) {
      let address = IPv6Address(rawValue: pool.lowerBound.rawValue + (start + step) % size)
      if isFree(address, for: client, mac: mac, now: now) { return address }
    }
    return nil
  }

  /// FNV-1a, 64 bits: the same in every run, unlike Swift's own.
  private static func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// The lease at an address.
  func lease(at address: IPv6Address) -> DHCPv6Lease? { byAddress[address] }
}
