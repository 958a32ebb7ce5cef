import DHCP
import Testing
import Wire

@Suite("The lease table")
struct LeaseTableTests {
  /// What the clients of a simulated rack believe, checked against what the server says.
  ///
  /// Every client acts on what it was told only; the store is slow, sometimes fails, and the server is restarted now
  /// and then from what the store has. Two clients must never both believe that they have an address.
  @Test("Whatever clients do, no address is bound twice", arguments: 1...12 as ClosedRange<UInt64>)
  func property(seed: UInt64) {
    var rack = Rack(seed: seed)
    for _ in 0..<3000 where rack.failure == nil { rack.step() }
    #expect(rack.failure == nil, "seed \(seed)")
    #expect(rack.bindings > 100)
    #expect(rack.reclaimed > 0)
    // Offers and changes in flight are bounded by the addresses there are: 20 in pools, 3 reserved.
    #expect(rack.mostOutstanding <= 46)
  }

  @Test("A pool of thousands is given out once, reclaimed once, in order")
  func large() {
    var configuration = DHCPServerConfiguration.test
    guard let subnet = IPv4Prefix("10.64.0.0/12") else { return }
    configuration.subnet = subnet
    configuration.excluded = []
    configuration.pools = [IPv4Address(rawValue: 0x0a40_1000)...IPv4Address(rawValue: 0x0a40_1bff)]
    configuration.reservations = []
    let server = TestServer(configuration)
    var given = Set<IPv4Address>()
    for machine in 0..<3072 as Range<UInt64> {
      guard let address = server.bind(machine) else { break }
      given.insert(address)
      server.now = server.now.advanced(bySeconds: 1)
    }
    #expect(given.count == 3072)
    // The first leases have run out by now, the later ones not.
    server.now = Timestamp(seconds: 1_000_000 + 3600 + 999)
    var again = Set<IPv4Address>()
    while let address = server.bind(10_000 + UInt64(again.count)) { again.insert(address) }
    #expect(again.count == 1000)
    #expect(again == Set((0..<1000).map { IPv4Address(rawValue: 0x0a40_1000 + $0) }))
  }

  @Test("Addresses that must not be given out are not: network, broadcast, ours, the router's")
  func excluded() {
    var configuration = DHCPServerConfiguration.test
    configuration.pools = [address(0)...address(3), address(253)...address(255)]
    configuration.reservations = []
    let server = TestServer(configuration)
    var given = [IPv4Address]()
    while let address = server.bind(UInt64(given.count)) { given.append(address) }
    #expect(given == [address(2), address(3), address(253)])
  }
}

/// Clients, a server, and a store between them that takes its time.
private struct Rack {
  private struct Client {
    var believes: (address: IPv4Address, until: Timestamp)?
    var offered: IPv4Address?
    /// Until when the server holds what it offered; not across its restarts.
    var offerHolds: Timestamp?
  }

  private var random: SeededGenerator
  private var now = Timestamp(seconds: 1_000_000)
  private var clients = [Client](repeating: Client(), count: 60)
  private var configuration = DHCPServerConfiguration.test
  private var responder: DHCPResponder
  private var store: [IPv4Address: DHCPLease] = [:]
  private var inFlight: [(change: LeaseChange, reply: DHCPReply?)] = []

  var bindings = 0
  var reclaimed = 0
  var mostOutstanding = 0
  var failure: String?

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    configuration.pools = [address(100)...address(114), address(200)...address(204)]
    configuration.reservations = [
      .init(mac: mac(1), address: address(50)), .init(mac: mac(2), address: address(101)),
      .init(mac: mac(3), address: address(60)),
    ]
    configuration.declinedSeconds = 300
    responder = DHCPResponder(mode: .server(configuration))
  }

  mutating func step() {
    now = Timestamp(milliseconds: now.milliseconds + Int64.random(in: 0...4000, using: &random))
    let machine = Int.random(in: 1..<clients.count, using: &random)
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<35: send(discover(machine), from: machine)
    case 35..<60:
      if let offered = clients[machine].offered { send(.selecting(UInt64(machine), offered), from: machine) }
    case 60..<66:
      send(.selecting(UInt64(machine), anyAddress(), server: Bool.random(using: &random) ? 1 : 2), from: machine)
    case 66..<70: send(.rebooting(UInt64(machine), anyAddress()), from: machine)
    case 70..<80:
      if let address = held(machine) { send(.extending(UInt64(machine), address), from: machine, isUnicast: true) }
    case 80..<83: send(.extending(UInt64(machine), anyAddress()), from: machine, isUnicast: Bool.random(using: &random))
    case 83..<88:
      if let address = held(machine) {
        clients[machine].believes = nil
        send(.message(.release, UInt64(machine)) { $0.clientAddress = address }, from: machine)
      }
    case 88..<91:
      if let address = held(machine) {
        clients[machine].believes = nil
        send(.message(.decline, UInt64(machine)) { $0.options.set(.requestedAddress, address) }, from: machine)
      }
    case 91..<92: restart()
    case 92..<93: now = now.advanced(bySeconds: 3600)
    default: settle()
    }
    if inFlight.count > 5 { settle() }
    mostOutstanding = max(mostOutstanding, responder.leases?.outstanding ?? 0)
  }

  private mutating func discover(_ machine: Int) -> DHCPPacket {
    let wish = Bool.random(using: &random) ? anyAddress() : nil
    return .message(.discover, UInt64(machine)) { if let wish { $0.options.set(.requestedAddress, wish) } }
  }

  /// One that may be ours, somebody's, or nobody's to have.
  private mutating func anyAddress() -> IPv4Address {
    address(([0, 1, 50, 60, 254, 255, 201] + Array(98...116)).randomElement(using: &random) ?? 0)
  }

  private func held(_ machine: Int) -> IPv4Address? {
    clients[machine].believes.flatMap { $0.until > now ? $0.address : nil }
  }

  private mutating func send(_ packet: DHCPPacket, from machine: Int, isUnicast: Bool = false) {
    // A client that begins anew, or asks for another address, no longer uses the one it had.
    if packet.clientAddress != held(machine) { clients[machine].believes = nil }
    if packet.serverIdentifier == address(2) { clients[machine].offerHolds = nil }
    let decision = responder.decide(
      packet, from: nil, arrival: .test(isUnicast: isUnicast), boot: .none, now: now)
    switch decision {
    case .ignore, .probe: break
    case .reply(let reply): receive(reply.packet)
    case .commit(let change, let reply): inFlight.append((change, reply))
    }
  }

  /// The store gets through with some of its work, in order, or fails it.
  private mutating func settle() {
    for _ in 0..<Int.random(in: 0...inFlight.count, using: &random) {
      let (change, reply) = inFlight.removeFirst()
      if Int.random(in: 0..<10, using: &random) == 0 {
        responder.reject(change)
        continue
      }
      write(change)
      responder.confirm(change)
      if let reply { receive(reply.packet) }
    }
  }

  private mutating func write(_ change: LeaseChange) {
    if let freed = change.freed { store[freed] = nil }
    if let old = store[change.lease.address], old.client != change.lease.client { reclaimed += 1 }
    store[change.lease.address] = change.lease
  }

  /// SIGKILL: what is in flight may or may not have been written, and nobody was told.
  private mutating func restart() {
    for (change, _) in inFlight where Bool.random(using: &random) { write(change) }
    inFlight = []
    for machine in clients.indices { clients[machine].offerHolds = nil }
    responder = DHCPResponder(mode: .server(configuration), leases: Array(store.values))
  }

  private mutating func receive(_ packet: DHCPPacket) {
    guard let mac = packet.clientHardware.mac else { return }
    let machine = Int(mac.rawValue & 0xffff)
    let address = packet.yourAddress
    switch packet.messageType {
    case .offer:
      check(address, for: machine, "offered")
      for other in clients.indices where other != machine && clients[other].offered == address {
        guard let until = clients[other].offerHolds, until > now else { continue }
        // Who had it last comes before who was only offered it.
        if store[address]?.client != ClientIdentity(mac) { failure = "\(address) offered twice" }
        clients[other].offerHolds = nil
      }
      for (change, _) in inFlight where change.lease.address == address || change.freed == address {
        failure = "\(address) offered while a change of it is in flight"
      }
      clients[machine].offered = address
      clients[machine].offerHolds = now.advanced(bySeconds: configuration.offerSeconds)
    case .nak:
      clients[machine].offered = nil
      clients[machine].believes = nil
    case .ack:
      check(address, for: machine, "bound")
      // Time passes between the decision and the answer; the client counts from when it asked, so not longer.
      let seconds = Int64(packet.options.uint32(.leaseTime) ?? 0)
      let expires = store[address]?.expires ?? now
      clients[machine].believes = (address, min(expires, now.advanced(bySeconds: seconds)))
      clients[machine].offered = nil
      clients[machine].offerHolds = nil
      bindings += 1
      if store[address]?.client != ClientIdentity(mac) { failure = "\(address) acknowledged, not stored" }
    default: failure = "unexpected reply"
    }
  }

  /// Nobody else believes that `address` is theirs, and it is one of ours.
  private mutating func check(_ address: IPv4Address, for machine: Int, _ what: String) {
    for other in clients.indices where other != machine && held(other) == address {
      failure = "\(address) \(what) to \(machine) while \(other) has it"
    }
    let isReserved = configuration.reservations.contains { $0.address == address && $0.mac == mac(UInt64(machine)) }
    let isFree =
      configuration.pools.contains { $0.contains(address) }
      && !configuration.reservations.contains { $0.address == address }
    if !isReserved && !isFree { failure = "\(address) \(what) to \(machine), not ours to give" }
  }
}
