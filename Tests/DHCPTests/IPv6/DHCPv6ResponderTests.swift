import DHCP
import Testing
import Wire

@Suite("DHCPv6 server")
struct DHCPv6ResponderTests {
  typealias Wire = DHCPv6Messages

  /// A server, and clients that speak with it.
  struct Link {
    var responder: DHCPv6Responder
    var now = Timestamp(seconds: 1_000_000)

    init(pool: String = "fd77::1:0", to last: String = "fd77::1:ff", leases: [DHCPv6Lease] = []) throws {
      let first = try #require(IPv6Address(pool))
      let last = try #require(IPv6Address(last))
      var configuration = DHCPv6ServerConfiguration(
        serverIdentifier: try #require(Wire.serverDUID), prefix: try #require(IPv6Prefix("fd77::/64")),
        pools: [first...last])
      configuration.nameServers = [try #require(IPv6Address("fd77::53"))]
      configuration.reservations = [
        .init(mac: MACAddress(rawValue: 0x5254_0077_0099), address: try #require(IPv6Address("fd77::99")))
      ]
      responder = DHCPv6Responder(configuration, leases: leases)
    }

    mutating func decide(
      _ bytes: [UInt8], from source: IPv6Address = Wire.source, multicast: Bool = true
    ) throws -> DHCPv6Decision {
      let packet = try DHCPv6Packet(parsing: bytes.span)
      let arrival = DHCPv6Arrival(source: source, isMulticast: multicast)
      let client = DHCPv6BootClient(packet, mac: arrival.hardwareAddress)
      let boot = client == nil ? .none : DHCPv6BootReply(url: "tftp://[fd77::1]/snponly.efi")
      return responder.decide(packet, from: client, arrival: arrival, boot: boot, now: now)
    }

    /// The answer, when what it needs is durable.
    mutating func answer(_ bytes: [UInt8], from source: IPv6Address = Wire.source) throws -> DHCPv6Packet? {
      switch try decide(bytes, from: source) {
      case .ignore: return nil
      case .reply(let reply): return reply
      case .commit(let changes, then: let reply):
        responder.confirm(changes)
        return reply
      }
    }

    mutating func bind(_ source: IPv6Address = Wire.source) throws -> IPv6Address {
      let reply = try answer(Wire.message(.request, Wire.client, Wire.server, Wire.association()), from: source)
      return try #require(reply?.address)
    }
  }

  static func source(_ number: UInt64) -> IPv6Address {
    IPv6Address(rawValue: 0xfe80 << 112 | 0x5054_00ff_fe00_0000 | UInt128(number))
  }

  @Test("firmware is advertised an address and a URL, and is given the same by REPLY, durable first")
  func boot() throws {
    var link = try Link()
    let solicit = Wire.message(.solicit, Wire.client, Wire.association(), Wire.firmware())
    let advertise = try #require(try link.answer(solicit))
    #expect(advertise.type == .advertise && advertise.transactionID == 0xabcdef)
    #expect(advertise.clientIdentifier?.bytes == Wire.clientDUID && advertise.serverIdentifier == Wire.serverDUID)
    #expect(advertise.options[.preference] == [255])
    #expect(advertise.options[.bootFileURL] == Array("tftp://[fd77::1]/snponly.efi".utf8))
    #expect(advertise.options[.nameServers] == IPv6Address("fd77::53")?.bytes)
    // EDK2 takes that for a boot server's answer.
    #expect(!advertise.options.contains(.vendorClass))
    let address = try #require(advertise.address)

    let request = Wire.message(
      .request, Wire.client, Wire.server, Wire.association(0x1234_5678, address), Wire.firmware())
    guard case .commit(let changes, then: let reply) = try link.decide(request) else {
      Issue.record("a REPLY without a durable lease")
      return
    }
    #expect(reply.type == .reply && reply.address == address)
    #expect(reply.options[.bootFileURL] == advertise.options[.bootFileURL])
    let given = try #require(try reply.identityAssociations().first)
    #expect(given.identifier == 0x1234_5678 && given.renewSeconds == 1800 && given.rebindSeconds == 2880)
    #expect(given.addresses.map(\.validSeconds) == [3600])
    guard case .put(let lease)? = changes.last else {
      Issue.record("no lease")
      return
    }
    #expect(lease.address == address && lease.client == .card(Wire.mac) && lease.expires.seconds == 1_003_600)
  }

  @Test("HTTP firmware gets its vendor class back, Intel's enterprise number before it")
  func http() throws {
    var link = try Link()
    let solicit = Wire.message(.solicit, Wire.client, Wire.association(), Wire.firmware(http: true))
    let reply = try #require(try link.answer(solicit))
    #expect(reply.options[.vendorClass] == Wire.hex("00000157 000a") + Array("HTTPClient".utf8))
  }

  @Test("a client that boots nothing gets an address, no URL and no preference")
  func system() throws {
    var link = try Link()
    let reply = try #require(try link.answer(Wire.message(.solicit, Wire.client, Wire.association())))
    #expect(reply.address != nil)
    #expect(!reply.options.contains(.bootFileURL) && !reply.options.contains(.preference))
  }

  @Test("firmware and iPXE of one card have one address, two cards two")
  func oneAddress() throws {
    var link = try Link()
    let first = try link.bind()
    let other = Wire.message(
      .request, Wire.option(1, Wire.hex("0004 ffffffff ffff ffff ffff ffffffffffff")), Wire.server,
      Wire.association(7), Wire.ipxe)
    #expect(try link.answer(other)?.address == first)
    #expect(try link.bind(Self.source(1)) != first)
    #expect(link.responder.leases.count == 2)
  }

  @Test("rapid commit is two messages")
  func rapidCommit() throws {
    var link = try Link()
    let solicit = Wire.message(.solicit, Wire.client, Wire.association(), Wire.option(14, []))
    guard case .commit(_, then: let reply) = try link.decide(solicit) else {
      Issue.record("not committed")
      return
    }
    #expect(reply.type == .reply && reply.options.contains(.rapidCommit) && reply.address != nil)
  }

  @Test("an address is renewed for whoever has it, and unknown to whoever has none")
  func renew() throws {
    var link = try Link()
    let address = try link.bind()
    link.now = link.now.advanced(bySeconds: 1800)
    let renew = Wire.message(.renew, Wire.client, Wire.server, Wire.association(9, address))
    guard case .commit(let changes, then: let reply) = try link.decide(renew) else {
      Issue.record("not renewed")
      return
    }
    #expect(reply.address == address)
    guard case .put(let lease)? = changes.last else { return }
    #expect(lease.expires == link.now.advanced(bySeconds: 3600))
    let stranger = try #require(try link.answer(renew, from: Self.source(5)))
    #expect(try stranger.identityAssociations().first?.status?.code == 3)
    #expect(stranger.address == nil)
    let rebind = Wire.message(.rebind, Wire.client, Wire.association(9, address))
    #expect(try link.decide(rebind, from: Self.source(5)) == .ignore(.unknownLease))
    #expect(try link.answer(rebind)?.address == address)
  }

  @Test("an address that a client has besides its own ends")
  func foreignAddress() throws {
    var link = try Link()
    let address = try link.bind()
    let other = try #require(IPv6Address("fd77::bad"))
    let reply = try link.answer(
      Wire.message(.renew, Wire.client, Wire.server, Wire.association(9, other, address)))
    let addresses = try #require(try reply?.identityAssociations().first?.addresses)
    #expect(addresses.map(\.validSeconds) == [3600, 0])
    #expect(addresses.map(\.address) == [address, other])
  }

  @Test("a released address is free, a declined one is not")
  func giveUp() throws {
    var link = try Link(pool: "fd77::1:0", to: "fd77::1:1")
    let address = try link.bind()
    let release = Wire.message(.release, Wire.client, Wire.server, Wire.association(9, address))
    // Not by somebody else.
    let stranger = try #require(try link.answer(release, from: Self.source(5)))
    #expect(try stranger.identityAssociations().first?.status?.code == 3)
    #expect(link.responder.leases.count == 1)
    _ = try link.answer(release)
    #expect(link.responder.leases.count == 0)

    #expect(try link.bind() == address)
    _ = try link.answer(Wire.message(.decline, Wire.client, Wire.server, Wire.association(9, address)))
    #expect(try link.bind() != address)
    let full = try #require(
      try link.answer(Wire.message(.solicit, Wire.client, Wire.association()), from: Self.source(6)))
    #expect(full.address == nil && full.options[.statusCode]?.prefix(2) == [0, 2])
    link.now = link.now.advanced(bySeconds: 3601)
    #expect(try link.bind(Self.source(6)) != link.bind(Self.source(7)))
  }

  @Test("CONFIRM says whether an address is of this link")
  func confirm() throws {
    var link = try Link()
    for (text, code) in [("fd77::5", 0), ("fd78::5", 4)] {
      let address = try #require(IPv6Address(text))
      let reply = try link.answer(Wire.message(.confirm, Wire.client, Wire.association(1, address)))
      #expect(reply?.options[.statusCode]?.prefix(2) == [0, UInt8(code)])
    }
    #expect(try link.decide(Wire.message(.confirm, Wire.client, Wire.association())) == .ignore(.malformed))
  }

  @Test("INFORMATION-REQUEST gets everything but an address")
  func information() throws {
    var link = try Link()
    let reply = try #require(try link.answer(Wire.message(.informationRequest, Wire.client, Wire.ipxe)))
    #expect(reply.type == .reply && reply.address == nil)
    #expect(reply.options[.bootFileURL] != nil && reply.options[.nameServers] != nil)
  }

  @Test("a reserved address is its card's, and nobody else's")
  func reservation() throws {
    var link = try Link(pool: "fd77::99", to: "fd77::9a")
    let reserved = try #require(IPv6Address("fd77::99"))
    #expect(try link.bind() == IPv6Address("fd77::9a"))
    #expect(try link.bind(IPv6Address(rawValue: 0xfe80 << 112 | 0x5054_00ff_fe77_0099)) == reserved)
  }

  @Test("no address is offered or given twice, and when all are gone the next client is told")
  func exhaustion() throws {
    var link = try Link()
    var given: Set<IPv6Address> = []
    for number: UInt64 in 1...256 {
      let solicit = Wire.message(.solicit, Wire.client, Wire.association())
      let offer = try #require(try link.answer(solicit, from: Self.source(number))?.address)
      #expect(given.insert(offer).inserted)
    }
    for number: UInt64 in 1...256 { #expect(given.contains(try link.bind(Self.source(number)))) }
    #expect(link.responder.leases.count == 256)
    let request = Wire.message(.request, Wire.client, Wire.server, Wire.association())
    let late = try #require(try link.answer(request, from: Self.source(999)))
    #expect(try late.identityAssociations().first?.status?.code == 2)
  }

  @Test("an address that one IA of a message leaves and another gets stays the other's")
  func handedOver() throws {
    var link = try Link(pool: "fd77::1:0", to: "fd77::1:1")
    // Not a card's own address, so that every IA has a lease.
    let source = try #require(IPv6Address("fe80::1"))
    let request = Wire.message(.request, Wire.client, Wire.server, Wire.association(2))
    let first = try #require(try link.answer(request, from: source)?.address)
    link.now = link.now.advanced(bySeconds: 7200)
    let both = Wire.message(
      .request, Wire.client, Wire.server, Wire.association(1, first), Wire.association(2))
    let given = try #require(try link.answer(both, from: source)).identityAssociations().flatMap(\.addresses)
    #expect(given.count == 2 && given.first?.address == first && given.last?.address != first)
    #expect(link.responder.leases.count == 2)
    let other = Wire.message(.request, Wire.client, Wire.server, Wire.association(3, first))
    #expect(try link.answer(other, from: source)?.identityAssociations().first?.status?.code == 2)
  }

  @Test("leases of an earlier run are known")
  func restart() throws {
    let address = try #require(IPv6Address("fd77::1:77"))
    let lease = DHCPv6Lease(
      address: address, client: .card(Wire.mac), expires: Timestamp(seconds: 1_000_100))
    var link = try Link(leases: [lease])
    #expect(try link.bind() == address)
    let identity = DHCPv6Identity.association(try #require(Wire.serverDUID), 0xdead_beef)
    #expect(DHCPv6Identity(bytes: identity.bytes) == identity)
    #expect(DHCPv6Identity(bytes: DHCPv6Identity.card(Wire.mac).bytes) == .card(Wire.mac))
    for bytes: [UInt8] in [[], [0], [0, 1], [1, 2, 3, 4, 5], [2] + Wire.clientDUID] {
      #expect(DHCPv6Identity(bytes: bytes) == nil)
    }
  }

  @Test(
    "what RFC 8415 section 16 has servers discard is discarded",
    arguments: [
      (Wire.message(.solicit, Wire.association()), DHCPv6IgnoreReason.malformed),
      (Wire.message(.solicit, Wire.client, Wire.server), .malformed),
      (Wire.message(.solicit, Wire.option(1, [1])), .malformed),
      (Wire.message(.solicit, Wire.client, Wire.option(3, [1])), .malformed),
      (Wire.message(.request, Wire.client), .malformed),
      (Wire.message(.request, Wire.server), .malformed),
      (Wire.message(.request, Wire.client, Wire.option(2, [0, 4, 1, 2, 3])), .otherServer),
      (Wire.message(.rebind, Wire.client, Wire.server), .malformed),
      (Wire.message(.informationRequest, Wire.association()), .malformed),
      (Wire.message(.informationRequest, Wire.option(2, [0, 4, 1, 2, 3])), .otherServer),
      (Wire.message(.advertise, Wire.client, Wire.server), .notForServers),
      (Wire.message(DHCPv6MessageType(rawValue: 99), Wire.client), .notForServers),
    ])
  func discarded(message: [UInt8], reason: DHCPv6IgnoreReason) throws {
    var link = try Link()
    #expect(try link.decide(message) == .ignore(reason))
  }

  @Test("who asks by unicast is told to ask by multicast, or nothing")
  func unicast() throws {
    var link = try Link()
    #expect(
      try link.decide(Wire.message(.solicit, Wire.client), multicast: false) == .ignore(.unicast))
    let request = Wire.message(.request, Wire.client, Wire.server, Wire.association())
    guard case .reply(let reply) = try link.decide(request, multicast: false) else {
      Issue.record("no answer")
      return
    }
    #expect(reply.options[.statusCode]?.prefix(2) == [0, 5] && reply.address == nil)
  }
}

extension DHCPv6Packet {
  /// The first address that is given.
  fileprivate var address: IPv6Address? {
    (try? identityAssociations())?.lazy.flatMap(\.addresses).first { $0.validSeconds > 0 }?.address
  }
}
