public import Wire

/// Every address of one subnet that was ever given out or offered, and which one a client gets next.
///
/// Three things can hold an address: a lease (durable), an offer (in memory, a minute long) and a change on its way to
/// the store. An address that one client holds in any of these ways is not given to another, but for an offer of what
/// another had last.
///
/// Addresses are looked for in this order: never used ones, those whose offer nobody took, expired leases beginning
/// with the oldest, and when nothing else is left, declined ones before their time. Nothing scans the pool: a cursor
/// passes over each address once, and three heaps keep the rest, so a full pool costs O(log n) a packet.
///
/// No client can keep others out for nothing: an offer, which costs one message, does not hold an address against the
/// machine that had it last; and a client that declines all it gets does not empty the pool. Nor does a flood of made-up
/// clients take memory: offers nobody took are kept for ``offerLimit`` addresses, and the oldest gives way to the next.
public struct LeaseTable: Sendable {
  /// Addresses that were offered and never leased, at most: about 4 MB. Some machines more than are ever powered on in one
  /// minute, all of them new.
  static let offerLimit = 16_384

  /// What may be given out.
  struct Space: Sendable {
    var subnet: IPv4Prefix
    var pools: [ClosedRange<IPv4Address>]
    var reservations: [MACAddress: IPv4Address]
    /// Addresses of ours and the router's: never given out, whatever the pools say.
    var excluded: Set<IPv4Address>
    /// Seconds before a declined address's rest is over from which on it may be offered if nothing else is left.
    var restWaived: Int64 = 0
  }

  private struct Offer {
    var client: ClientIdentity
    var expires: Timestamp
    /// It was the client's before, is kept for it, or nobody on the link has it.
    var isProved = false
  }

  private let space: Space
  private let reservedAddresses: Set<IPv4Address>

  // A slot is an address that has been touched; it keeps its number for the life of the table.
  private var addresses: [IPv4Address] = []
  private var leases = CompactLeases()
  private var slots: [IPv4Address: Int32] = [:]

  private var leaseSlots = ClientIndex<Int32>()
  private var offers: [Int: Offer] = [:]
  private var offerSlots = ClientIndex<Int32>()
  /// Slots that a change in flight holds, with the change's number.
  private var pending: [Int: UInt64] = [:]
  private var pendingClients = ClientIndex<UInt64>()
  private var lastChange: UInt64 = 0

  /// Slots with a lease, by the time they fall free.
  private var expiring = ExpiryHeap()
  /// Slots without one, by the time their last offer lapses.
  private var lapsing = ExpiryHeap()
  /// Slots of declined addresses, by the time that they may be tried again if nothing else is left.
  private var resting = ExpiryHeap()
  private var cursor: (pool: Int, next: IPv4Address?)

  /// A table that holds `leases`, as the store had them.
  init(space: Space, leases stored: [DHCPLease]) {
    self.space = space
    reservedAddresses = Set(space.reservations.values)
    cursor = (0, space.pools.first?.lowerBound)
    for lease in stored {
      let slot = slot(of: lease.address)
      put(lease, in: slot)
      refresh(slot)
    }
  }

  // MARK: Looking up

  /// The number of lease records, expired and declined ones included.
  public var count: Int { leases.count }

  /// Every lease record, in no order.
  public var all: [DHCPLease] { leases.all }

  /// The record of an address.
  public func lease(at address: IPv4Address) -> DHCPLease? {
    slot(at: address).flatMap { leases[$0] }
  }

  /// The record of a client's address, expired or not.
  public func lease(of client: ClientIdentity) -> DHCPLease? {
    leaseSlots[client].flatMap { leases[Int($0)] }
  }

  /// The number of offers and changes in flight that are remembered; never more than there are addresses.
  public var outstanding: Int { offers.count + pending.count }

  /// Whether a change of this client's is on its way to the store.
  func isPending(_ client: ClientIdentity) -> Bool { pendingClients[client] != nil }

  /// The address offered to a client, if the offer still stands.
  func offered(to client: ClientIdentity, now: Timestamp) -> IPv4Address? {
    guard let slot = offerSlots[client], let offer = offers[Int(slot)], offer.expires > now else { return nil }
    return addresses[Int(slot)]
  }

  /// Whether an address is reserved for a machine.
  func hasReservation(_ mac: MACAddress) -> Bool { space.reservations[mac] != nil }

  /// The address reserved for a client, unless somebody else sits on it.
  func reservation(for client: ClientIdentity, mac: MACAddress?, now: Timestamp) -> IPv4Address? {
    guard let mac, let address = space.reservations[mac], space.subnet.isHost(address),
      isFree(address, for: client, now: now)
    else { return nil }
    return address
  }

  /// Whether `client` may have `address` now: it is one we give out, to this client, and nobody else holds it.
  func mayLease(_ address: IPv4Address, to client: ClientIdentity, mac: MACAddress?, now: Timestamp) -> Bool {
    if let reserved = reservation(for: client, mac: mac, now: now) { return reserved == address }
    return isDynamic(address) && isFree(address, for: client, now: now)
  }

  /// Why a lease of another server cannot be ours; `nil` when it can.
  func refusal(of lease: DHCPLease, now: Timestamp) -> LeaseRefusal? {
    let address = lease.address
    let reserved = lease.mac.flatMap { space.reservations[$0] }
    if lease.state == .bound, let reserved, reserved != address { return .reservedElsewhere(reserved) }
    if reservedAddresses.contains(address), reserved != address { return .reservedForAnother }
    guard reserved == address && space.subnet.isHost(address) || isDynamic(address) else { return .notGivenOut }
    if lease.state == .bound, let slot = leaseSlots[lease.client].map({ Int($0) }), addresses[slot] != address,
      let other = leases[slot], other.isActive(at: now)
    {
      return .leasedElsewhere(other.address)
    }
    guard let slot = slot(at: address) else { return nil }
    if pending[slot] != nil || pendingClients[lease.client] != nil { return .busy }
    if let other = leases[slot], other.isActive(at: now) {
      if other.client == lease.client, other.state == lease.state {
        return other.expires >= lease.expires ? .known : nil
      }
      return .taken(by: other.client)
    }
    if let offer = offers[slot], offer.expires > now, offer.client != lease.client { return .taken(by: offer.client) }
    return nil
  }

  /// An address of the pools that is reserved for nobody.
  private func isDynamic(_ address: IPv4Address) -> Bool {
    space.pools.contains { $0.contains(address) } && space.subnet.isHost(address)
      && !space.excluded.contains(address) && !reservedAddresses.contains(address)
  }

  /// Nobody but `client` has a lease or an offer of the address, and no change of it is in flight.
  private func isFree(_ address: IPv4Address, for client: ClientIdentity, now: Timestamp) -> Bool {
    guard let slot = slot(at: address) else { return true }
    if pending[slot] != nil { return false }
    let offer = offers[slot].flatMap { $0.expires > now ? $0 : nil }
    guard let lease = leases[slot] else { return offer == nil || offer?.client == client }
    if lease.isActive(at: now) {
      // A declined address is nobody's, unless it was offered once more as the last there is.
      return lease.state == .declined ? offer?.client == client : lease.client == client
    }
    return offer == nil || offer?.client == client || lease.client == client
  }

  // MARK: Offering

  /// Picks an address for a client and holds it for `seconds`; `nil` when there is none left.
  ///
  /// In order: its reservation, what it was just offered, what it had, what it asks for, any (RFC 2131 §4.3.1).
  mutating func offer(
    to client: ClientIdentity, mac: MACAddress?, requested: IPv4Address?, now: Timestamp, holdingFor seconds: Int64
  ) -> IPv4Address? {
    let wishes = [offered(to: client, now: now), leaseSlots[client].map { addresses[Int($0)] }, requested]
    var choice = reservation(for: client, mac: mac, now: now)
    for case let wish? in wishes where choice == nil && isDynamic(wish) && isFree(wish, for: client, now: now) {
      if lapsing.count >= Self.offerLimit, slot(at: wish) == nil { continue }
      choice = wish
    }
    guard let address = choice ?? unused(now: now) else { return nil }
    let slot = slot(of: address)
    let isProved = choice != nil && isKnown(slot, to: client, mac: mac, now: now)
    withdrawOffer(to: client)
    if let other = offers[slot] { offerSlots[other.client] = nil }
    offers[slot] = Offer(client: client, expires: now.advanced(bySeconds: seconds), isProved: isProved)
    offerSlots[client] = Int32(truncatingIfNeeded: slot)
    refresh(slot)
    return address
  }

  /// Whether a client can have an address without anybody being asked.
  private func isKnown(_ slot: Int, to client: ClientIdentity, mac: MACAddress?, now: Timestamp) -> Bool {
    let number = Int32(truncatingIfNeeded: slot)
    if offerSlots[client] == number, let offer = offers[slot], offer.expires > now, offer.isProved { return true }
    return leaseSlots[client] == number || mac.map { space.reservations[$0] == addresses[slot] } ?? false
  }

  /// Whether the address that a client is offered needs no asking.
  func isProved(for client: ClientIdentity) -> Bool {
    offerSlots[client].flatMap { offers[Int($0)]?.isProved } ?? true
  }

  /// Nobody has an address that is offered; false if it no longer is.
  mutating func prove(_ probe: AddressProbe) -> Bool {
    guard let slot = slots[probe.address], offerSlots[probe.client] == slot else { return false }
    offers[Int(slot)]?.isProved = true
    return true
  }

  /// Takes an offer back; false if there is none any more, or somebody else was given the address.
  mutating func retract(_ probe: AddressProbe, now: Timestamp) -> Bool {
    guard let number = slots[probe.address], offerSlots[probe.client] == number else { return false }
    let slot = Int(number)
    guard pending[slot] == nil else { return false }
    withdrawOffer(to: probe.client)
    return leases[slot].map { $0.state == .declined || !$0.isActive(at: now) } ?? true
  }

  /// Forgets what a client was offered: it chose another server.
  mutating func withdrawOffer(to client: ClientIdentity) {
    guard let slot = offerSlots.removeValue(for: client).map({ Int($0) }) else { return }
    offers[slot] = nil
    refresh(slot)
  }

  /// An address that nobody holds.
  private mutating func unused(now: Timestamp) -> IPv4Address? {
    if lapsing.count >= Self.offerLimit, let (slot, _) = lapsing.earliest { return addresses[slot] }
    if let address = nextUntouched() { return address }
    if let (slot, since) = lapsing.earliest, since <= now { return addresses[slot] }
    if let (slot, since) = expiring.earliest, since <= now { return addresses[slot] }
    // Whoever held it against its client may be gone; if not, the next client declines it too.
    if let (slot, since) = resting.earliest, since <= now { return addresses[slot] }
    return nil
  }

  /// Moves the cursor to the next address without a slot.
  private mutating func nextUntouched() -> IPv4Address? {
    while cursor.pool < space.pools.count {
      let pool = space.pools[cursor.pool]
      while let address = cursor.next {
        cursor.next = address < pool.upperBound ? IPv4Address(rawValue: address.rawValue + 1) : nil
        if slot(at: address) == nil, isDynamic(address) { return address }
      }
      cursor.pool += 1
      cursor.next = cursor.pool < space.pools.count ? space.pools[cursor.pool].lowerBound : nil
    }
    return nil
  }

  // MARK: Changing

  /// Begins a change: until it is confirmed or rejected nobody else gets the address, nor the one that the client
  /// gives up by it. `nil` when another change of the same address or client is in flight.
  mutating func begin(_ lease: DHCPLease) -> LeaseChange? {
    let slot = slot(of: lease.address)
    guard pending[slot] == nil, pendingClients[lease.client] == nil else { return nil }
    lastChange += 1
    var freed: IPv4Address?
    if lease.state == .bound, let old = leaseSlots[lease.client].map({ Int($0) }), old != slot, pending[old] == nil {
      freed = addresses[old]
      pending[old] = lastChange
      refresh(old)
    }
    pending[slot] = lastChange
    pendingClients[lease.client] = lastChange
    refresh(slot)
    return LeaseChange(id: lastChange, lease: lease, freed: freed)
  }

  /// The change is durable.
  mutating func confirm(_ change: LeaseChange) {
    guard end(change) else { return }
    if let freed = change.freed, let old = slot(at: freed) {
      leases[old] = nil
      leaseSlots[change.lease.client] = nil
      refresh(old)
    }
    let slot = slot(of: change.lease.address)
    put(change.lease, in: slot)
    // Who was found to have an address by hand may be offered another.
    if change.lease.state == .bound || offerSlots[change.lease.client].map({ Int($0) }) == slot {
      withdrawOffer(to: change.lease.client)
    }
    refresh(slot)
  }

  /// The change could not be made durable: everything is as before it.
  mutating func reject(_ change: LeaseChange) {
    guard end(change) else { return }
    for address in [change.lease.address, change.freed] {
      if let slot = address.flatMap({ slot(at: $0) }) { refresh(slot) }
    }
  }

  /// Lets go of what a change holds; false if it is not in flight.
  private mutating func end(_ change: LeaseChange) -> Bool {
    guard pendingClients[change.lease.client] == change.id else { return false }
    pendingClients[change.lease.client] = nil
    for address in [change.lease.address, change.freed] {
      if let slot = address.flatMap({ slot(at: $0) }), pending[slot] == change.id { pending[slot] = nil }
    }
    return true
  }

  /// Writes a record, and keeps the clients' index true: one bound record a client, none for a declined address.
  private mutating func put(_ lease: DHCPLease, in slot: Int) {
    if let old = leases[slot], leaseSlots[old.client] == Int32(truncatingIfNeeded: slot) {
      leaseSlots[old.client] = nil
    }
    leases[slot] = lease
    if lease.state == .bound { leaseSlots[lease.client] = Int32(truncatingIfNeeded: slot) }
  }

  private mutating func slot(of address: IPv4Address) -> Int {
    if let slot = slot(at: address) { return slot }
    let slot = addresses.count
    addresses.append(address)
    leases.append()
    slots[address] = Int32(truncatingIfNeeded: slot)
    return slot
  }

  private func slot(at address: IPv4Address) -> Int? { slots[address].map { Int($0) } }

  /// Puts a slot into the heap that it belongs to.
  private mutating func refresh(_ slot: Int) {
    expiring.remove(slot)
    lapsing.remove(slot)
    resting.remove(slot)
    guard pending[slot] == nil, isDynamic(addresses[slot]) else { return }
    let offered = offers[slot]?.expires ?? Timestamp(milliseconds: 0)
    if let lease = leases[slot] {
      expiring.set(slot, key: max(lease.expires, offered))
      if lease.state == .declined {
        resting.set(slot, key: max(lease.expires.advanced(bySeconds: -space.restWaived), offered))
      }
    } else {
      lapsing.set(slot, key: offered)
    }
  }
}
