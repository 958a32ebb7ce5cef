import DHCP
import Testing
import Wire

/// A responder in server mode with a clock that stands still until it is told to move.
final class TestServer {
  var responder: DHCPResponder
  var now = Timestamp(seconds: 1_000_000)
  var boot = DHCPBootReply.none

  init(_ configuration: DHCPServerConfiguration = .test, leases: [DHCPLease] = []) {
    responder = DHCPResponder(mode: .server(configuration), leases: leases)
  }

  /// The decision, nothing confirmed.
  func decide(_ packet: DHCPPacket, _ arrival: DHCPArrival = .test()) -> DHCPDecision {
    responder.decide(packet, from: PXEClient(packet), arrival: arrival, boot: boot, now: now)
  }

  /// The reply, after whatever had to be made durable is.
  func reply(_ packet: DHCPPacket, _ arrival: DHCPArrival = .test()) -> DHCPReply? {
    switch decide(packet, arrival) {
    case .ignore, .probe: return nil
    case .reply(let reply): return reply
    case .commit(let change, let reply):
      responder.confirm(change)
      return reply
    }
  }

  /// DISCOVER, OFFER, REQUEST, ACK; the address.
  func bind(_ machine: UInt64, wish: IPv4Address? = nil) -> IPv4Address? {
    guard let offer = reply(.message(.discover, machine) { $0.options.set(.requestedAddress, wish ?? .any) }) else {
      return nil
    }
    let ack = reply(.selecting(machine, offer.packet.yourAddress))
    return ack?.packet.messageType == .ack ? ack?.packet.yourAddress : nil
  }

  func lease(_ machine: UInt64) -> DHCPLease? { responder.leases?.lease(of: ClientIdentity(mac(machine))) }
}

extension DHCPPacket {
  static func message(
    _ type: MessageType, _ machine: UInt64, edit: (inout DHCPPacket) -> Void = { _ in }
  ) -> DHCPPacket {
    var packet = DHCPPacket(
      operation: .request, clientHardware: HardwareAddress(mac(machine)),
      transactionID: TransactionID(rawValue: UInt32(machine)))
    packet.options.set(.messageType, type.rawValue)
    edit(&packet)
    return packet
  }

  /// A REQUEST in SELECTING.
  static func selecting(_ machine: UInt64, _ address: IPv4Address, server: UInt32 = 1) -> DHCPPacket {
    message(.request, machine) {
      $0.options.set(.requestedAddress, address)
      $0.options.set(.serverIdentifier, DHCPTests.address(server))
    }
  }

  /// A REQUEST in INIT-REBOOT.
  static func rebooting(_ machine: UInt64, _ address: IPv4Address) -> DHCPPacket {
    message(.request, machine) { $0.options.set(.requestedAddress, address) }
  }

  /// A REQUEST in RENEWING or REBINDING.
  static func extending(_ machine: UInt64, _ address: IPv4Address) -> DHCPPacket {
    message(.request, machine) { $0.clientAddress = address }
  }
}

@Suite("Giving addresses")
struct ServerTests {
  @Test("A DISCOVER changes nothing that lasts")
  func discover() throws {
    let server = TestServer()
    let offer = try #require(server.reply(.message(.discover, 1)))
    #expect(offer.packet.yourAddress == address(100))
    #expect(offer.packet.messageType == .offer)
    #expect(server.responder.leases?.count == 0)
    #expect(server.reply(.message(.discover, 1))?.packet.yourAddress == address(100))
    #expect(server.reply(.message(.discover, 2))?.packet.yourAddress == address(101))
  }

  @Test("A REQUEST is acknowledged only when the lease is durable")
  func commit() throws {
    let server = TestServer()
    let offer = try #require(server.reply(.message(.discover, 1)))
    guard case .commit(let change, let reply) = server.decide(.selecting(1, offer.packet.yourAddress)) else {
      Issue.record("no commit")
      return
    }
    #expect(
      change.lease
        == DHCPLease(
          address: address(100), client: ClientIdentity(mac(1)), mac: mac(1), hostName: nil, state: .bound,
          expires: server.now.advanced(bySeconds: 3600)))
    #expect(change.freed == nil)
    #expect(reply?.packet.messageType == .ack)
    #expect(server.lease(1) == nil)
    // While the store is at work: the same again is not written twice, and nobody else gets the address.
    #expect(server.decide(.selecting(1, address(100))) == .ignore(.alreadyCommitting))
    #expect(server.decide(.message(.discover, 1)) == .ignore(.alreadyCommitting))
    #expect(server.reply(.selecting(2, address(100)))?.packet.messageType == .nak)
    server.responder.confirm(change)
    #expect(server.lease(1) == change.lease)
    #expect(server.reply(.selecting(1, address(100)))?.packet.messageType == .ack)
  }

  @Test("A change that the store refused leaves everything as it was")
  func reject() throws {
    let server = TestServer()
    _ = server.reply(.message(.discover, 1))
    guard case .commit(let change, _) = server.decide(.selecting(1, address(100))) else {
      Issue.record("no commit")
      return
    }
    server.responder.reject(change)
    #expect(server.lease(1) == nil)
    server.responder.confirm(change)  // too late
    #expect(server.lease(1) == nil)
    #expect(server.bind(1) == address(100))
  }

  @Test("An UEFI machine's offer: plain DHCP with the file, no class (it would ask port 4011)")
  func uefi() throws {
    let server = TestServer()
    server.boot = .file(server: address(1), name: "snponly.efi")
    let offer = try #require(server.reply(try .read(Fixture.uefiDiscover)))
    #expect(
      offer.packet.text == """
        reply OFFER xid 0x495b7055 flags 0x8000
        yiaddr 10.77.0.100
        siaddr 10.77.0.1
        chaddr 52:54:00:77:00:02
        file "snponly.efi"
        option 53: OFFER
        option 54: 10.77.0.1
        option 51: 3600 s
        option 58: 1800 s
        option 59: 3150 s
        option 1: 255.255.255.0
        option 3: 10.77.0.254
        option 6: 10.77.0.1 10.77.0.2
        option 15: "rack.test"
        option 28: 10.77.0.255
        option 97: 1f0c6a50-5b1d-4e0c-9a02-525400770002
        option 66: "10.77.0.1"
        option 67: "snponly.efi"

        """)
    #expect(offer.destination == .broadcast)
  }

  @Test("A BIOS ROM gets its class and option 43 with the file")
  func bios() throws {
    let server = TestServer()
    server.boot = .file(server: address(1), name: "undionly.kpxe")
    let offer = try #require(server.reply(try .read(Fixture.biosDiscover))).packet
    #expect(offer.options.text(.vendorClass) == "PXEClient")
    #expect(offer.options[.vendorSpecific].map(Array.init) == hex("06 01 08 ff"))
    #expect(offer.options.map(\.code).last == .bootFileName)
  }

  @Test("iPXE gets its script and its client identifier back (RFC 6842)")
  func ipxe() throws {
    let server = TestServer()
    server.boot = .url("http://10.77.0.1:8081/boot.ipxe")
    let offer = try #require(server.reply(try .read(Fixture.ipxeUEFIDiscover)))
    #expect(
      offer.packet.text == """
        reply OFFER xid 0xa9e1cf19
        yiaddr 10.77.0.100
        siaddr 10.77.0.1
        chaddr 52:54:00:77:00:02
        file "http://10.77.0.1:8081/boot.ipxe"
        option 53: OFFER
        option 54: 10.77.0.1
        option 51: 3600 s
        option 58: 1800 s
        option 59: 3150 s
        option 61: 01525400770002
        option 1: 255.255.255.0
        option 3: 10.77.0.254
        option 6: 10.77.0.1 10.77.0.2
        option 15: "rack.test"
        option 175: b00101
        option 97: 1f0c6a50-5b1d-4e0c-9a02-525400770002
        option 67: "http://10.77.0.1:8081/boot.ipxe"

        """)
    #expect(offer.destination == .unicastHardware(address(100), mac(2)))
  }

  @Test("HTTP boot gets its class and URL")
  func http() throws {
    let server = TestServer()
    server.boot = .url("http://10.77.0.1:8081/tftp/ipxe.efi")
    let offer = try #require(server.reply(try .read(Fixture.httpDiscover))).packet
    #expect(offer.options.text(.vendorClass) == "HTTPClient")
    #expect(offer.options.text(.bootFileName) == "http://10.77.0.1:8081/tftp/ipxe.efi")
    #expect(offer.bootFile == [])
  }

  @Test("ROM, iPXE and operating system of one machine share one address, whatever identifiers they send")
  func oneMachine() throws {
    let server = TestServer()
    let first = server.bind(2)
    for identifier in ["01 525400770002", "ff 00000001 0004 1f0c6a505b1d4e0c9a02525400770002", "00 'x'"] {
      let offer = server.reply(.message(.discover, 2) { $0.options.set(.clientIdentifier, hex(identifier)) })
      #expect(offer?.packet.yourAddress == first)
    }
    // Clones with one identifier do not.
    let clone = server.reply(.message(.discover, 3) { $0.options.set(.clientIdentifier, hex("ff 00000001")) })
    #expect(clone?.packet.yourAddress != first)
  }

  @Test("Keyed by client identifier, as the RFC has it, each identifier has its own lease")
  func byIdentifier() throws {
    var configuration = DHCPServerConfiguration.test
    configuration.identity = .clientIdentifier
    let server = TestServer(configuration)
    let first = server.bind(2)
    let same = server.reply(.message(.discover, 2) { $0.options.set(.clientIdentifier, hex("01 525400770002")) })
    #expect(same?.packet.yourAddress == first)
    let other = server.reply(.message(.discover, 2) { $0.options.set(.clientIdentifier, hex("ff 00000001")) })
    #expect(other?.packet.yourAddress != first)
  }

  @Test("InfiniBand clients are known by their identifier, and answered by broadcast (RFC 4390)")
  func infiniband() throws {
    let server = TestServer()
    var header = DHCPPacketTests.header
    header[1] = 32
    header[2] = 0
    let named = try DHCPPacket.read(header + hex("35 01 01 3d 05 ff 00000007 ff"))
    let offer = try #require(server.reply(named))
    #expect(offer.destination == .broadcast)
    #expect(offer.packet.clientHardware == named.clientHardware)
    let nameless = try DHCPPacket.read(header + hex("35 01 01 ff"))
    #expect(server.decide(nameless) == .ignore(.unidentifiedClient))
  }

  @Test("A reservation goes to its machine, with its name, and to nobody else")
  func reservation() throws {
    let server = TestServer()
    #expect(server.bind(5) == address(50))
    let ack = server.reply(
      .message(.request, 5) {
        $0.clientAddress = address(50)
        $0.options.set(.parameterRequestList, [12])
      })
    #expect(ack?.packet.options.text(.hostName) == "five")
    #expect(server.lease(5)?.hostName == "five")
    #expect(server.bind(6, wish: address(50)) == address(100))
    #expect(server.reply(.selecting(7, address(50)))?.packet.messageType == .nak)
  }

  @Test("A machine that gets a reservation is moved to it, and gives its old address up")
  func newReservation() throws {
    var server = TestServer()
    #expect(server.bind(1) == address(100))
    var configuration = DHCPServerConfiguration.test
    configuration.reservations.append(.init(mac: mac(1), address: address(60)))
    server = TestServer(configuration, leases: server.responder.leases?.all ?? [])
    #expect(server.reply(.extending(1, address(100)))?.packet.messageType == .nak)
    #expect(server.reply(.message(.discover, 1))?.packet.yourAddress == address(60))
    guard case .commit(let change, _) = server.decide(.selecting(1, address(60))) else {
      Issue.record("no commit")
      return
    }
    #expect(change.freed == address(100))
    server.responder.confirm(change)
    #expect(server.responder.leases?.lease(at: address(100)) == nil)
    #expect(server.bind(2, wish: address(100)) == address(100))
  }

  @Test("A reserved address that somebody else still has is not given twice")
  func occupiedReservation() throws {
    var server = TestServer()
    #expect(server.bind(1, wish: address(105)) == address(105))
    var configuration = DHCPServerConfiguration.test
    configuration.reservations = [.init(mac: mac(2), address: address(105))]
    server = TestServer(configuration, leases: server.responder.leases?.all ?? [])
    #expect(server.bind(2) == address(100))
    // Its holder is refused at the next renewal, and then it is free for its machine once it has run out.
    #expect(server.reply(.extending(1, address(105)))?.packet.messageType == .nak)
    server.now = server.now.advanced(bySeconds: 3601)
    #expect(server.bind(2) == address(105))
  }

  @Test("A requested address is honoured when it is free and in a pool")
  func wish() {
    let server = TestServer()
    #expect(server.bind(1, wish: address(107)) == address(107))
    #expect(server.bind(2, wish: address(107)) == address(100))
    #expect(server.bind(3, wish: address(20)) == address(101))
  }

  @Test("A full pool is silent, and expired leases come back oldest first")
  func reclaim() {
    let server = TestServer()
    for machine in 10..<20 as Range<UInt64> {
      #expect(server.bind(machine) == address(90 + UInt32(machine)))
      server.now = server.now.advanced(bySeconds: 1)
    }
    #expect(server.decide(.message(.discover, 30)) == .ignore(.noFreeAddress))
    // 12 renews, so 10 and 11 are the oldest, then 13.
    #expect(server.reply(.extending(12, address(102)))?.packet.messageType == .ack)
    server.now = server.now.advanced(bySeconds: 3600)
    #expect(server.bind(30) == address(100))
    #expect(server.bind(31) == address(101))
    #expect(server.bind(32) == address(103))
    // Who comes back late finds its address gone, and who still can finds it again.
    #expect(server.lease(10) == nil)
    #expect(server.decide(.rebooting(10, address(100))) == .ignore(.unknownClient))
    #expect(server.bind(14) == address(104))
  }

  @Test("An offer lapses, and its address goes to others")
  func lapse() {
    var configuration = DHCPServerConfiguration.test
    configuration.pools = [address(100)...address(100)]
    let server = TestServer(configuration)
    #expect(server.reply(.message(.discover, 1)) != nil)
    #expect(server.decide(.message(.discover, 2)) == .ignore(.noFreeAddress))
    server.now = server.now.advanced(bySeconds: 60)
    #expect(server.reply(.message(.discover, 2))?.packet.yourAddress == address(100))
    #expect(server.reply(.selecting(1, address(100)))?.packet.messageType == .nak)
    #expect(server.reply(.selecting(2, address(100)))?.packet.messageType == .ack)
  }

  @Test("A REQUEST for another server frees the offer and is not answered")
  func otherServer() {
    var configuration = DHCPServerConfiguration.test
    configuration.pools = [address(100)...address(100)]
    let server = TestServer(configuration)
    _ = server.reply(.message(.discover, 1))
    #expect(server.decide(.selecting(1, address(200), server: 2)) == .ignore(.otherServer))
    #expect(server.bind(2) == address(100))
  }

  @Test("INIT-REBOOT: acknowledged, refused, or left alone, by what we know (RFC 2131 §4.3.2)")
  func initReboot() {
    let server = TestServer()
    #expect(server.bind(1) == address(100))
    let right = server.reply(.rebooting(1, address(100)))
    #expect(right?.packet.messageType == .ack)
    #expect(right?.destination == .unicastHardware(address(100), mac(1)))
    #expect(server.reply(.rebooting(1, address(105)))?.packet.messageType == .nak)
    #expect(server.decide(.rebooting(2, address(105))) == .ignore(.unknownClient))
    let wrong = server.reply(.rebooting(2, IPv4Address(rawValue: 0xc0a8_0002)))
    #expect(wrong?.packet.messageType == .nak)
    #expect(wrong?.destination == .broadcast)
    #expect(wrong?.packet.yourAddress == .any)
    #expect(wrong?.packet.options.contains(.leaseTime) == false)
  }

  @Test("RENEWING and REBINDING extend a lease, and are answered to the client's address")
  func extend() {
    let server = TestServer()
    #expect(server.bind(1) == address(100))
    for isUnicast in [true, false] {
      server.now = server.now.advanced(bySeconds: 1800)
      let ack = server.reply(.extending(1, address(100)), .test(source: address(100), isUnicast: isUnicast))
      #expect(ack?.packet.messageType == .ack)
      #expect(ack?.packet.clientAddress == address(100))
      #expect(ack?.destination == .unicastToClient(address(100)))
      #expect(server.lease(1)?.expires == server.now.advanced(bySeconds: 3600))
    }
  }

  @Test("After the leases were lost, a client that renews with us keeps its address; REBINDING to all is not ours")
  func lostLeases() {
    let server = TestServer()
    #expect(server.decide(.extending(1, address(103))) == .ignore(.unknownClient))
    let renewing = DHCPArrival.test(source: address(103), isUnicast: true)
    #expect(server.reply(.extending(1, address(103)), renewing)?.packet.messageType == .ack)
    #expect(server.reply(.extending(2, address(103)), renewing)?.packet.messageType == .nak)
    let foreign = IPv4Address(rawValue: 0xc0a8_0002)
    #expect(server.decide(.extending(3, foreign), renewing) == .ignore(.otherSubnet))
    #expect(server.reply(.extending(3, foreign))?.packet.messageType == .nak)
  }

  @Test("A restart forgets offers, and honours them all the same")
  func restart() {
    var server = TestServer()
    _ = server.reply(.message(.discover, 1))
    server = TestServer()
    #expect(server.reply(.selecting(1, address(100)))?.packet.messageType == .ack)
  }

  @Test("A declined address rests, and comes back after its time")
  func decline() {
    var configuration = DHCPServerConfiguration.test
    configuration.pools = [address(100)...address(101)]
    let server = TestServer(configuration)
    #expect(server.bind(1) == address(100))
    let decline = DHCPPacket.message(.decline, 1) {
      $0.options.set(.requestedAddress, address(100))
      $0.options.set(.serverIdentifier, address(1))
    }
    #expect(server.reply(decline) == nil)
    #expect(server.responder.leases?.lease(at: address(100))?.state == .declined)
    #expect(server.lease(1) == nil)
    #expect(server.bind(1, wish: address(100)) == address(101))
    #expect(server.decide(.message(.discover, 2)) == .ignore(.noFreeAddress))
    server.now = server.now.advanced(bySeconds: 3600)
    #expect(server.bind(2) == address(100))
    #expect(server.decide(decline) == .ignore(.notItsAddress))
  }

  @Test("A client that declines all it gets does not empty the pool: what rested a while is tried again")
  func declineAll() {
    var configuration = DHCPServerConfiguration.test
    configuration.pools = [address(100)...address(103)]
    let server = TestServer(configuration)
    while let bound = server.bind(1) {
      #expect(server.reply(.message(.decline, 1) { $0.options.set(.requestedAddress, bound) }) == nil)
    }
    #expect(server.responder.leases?.all.map(\.state) == [.declined, .declined, .declined, .declined])
    #expect(server.decide(.message(.discover, 2)) == .ignore(.noFreeAddress))
    server.now = server.now.advanced(bySeconds: configuration.offerSeconds)
    let tried = [2, 3, 4, 6].compactMap { server.bind($0) }
    #expect(Set(tried) == Set((100...103).map(address)))
    #expect(server.decide(.message(.discover, 7)) == .ignore(.noFreeAddress))
    // One who asks for a resting address by name does not get it.
    #expect(server.reply(.message(.decline, 2) { $0.options.set(.requestedAddress, tried[0]) }) == nil)
    #expect(server.reply(.selecting(7, tried[0]))?.packet.messageType == .nak)
  }

  @Test("A flood of DISCOVERs keeps no machine from the address that it had, even when its lease has run out")
  func flood() {
    var configuration = DHCPServerConfiguration.test
    configuration.pools = [address(100)...address(103)]
    let server = TestServer(configuration)
    #expect((1...4).map { server.bind($0) } == (100...103).map(address))
    server.now = server.now.advanced(bySeconds: 4000)
    for stranger in 1000...1100 as ClosedRange<UInt64> { _ = server.decide(.message(.discover, stranger)) }
    #expect(server.decide(.message(.discover, 2000)) == .ignore(.noFreeAddress))
    #expect((1...4).map { server.bind($0) } == (100...103).map(address))
    // Who was offered it is told that it is gone.
    #expect(server.reply(.selecting(1000, address(100)))?.packet.messageType == .nak)
  }

  @Test("Nor does it take memory in a pool of millions, or keep new machines out, whatever addresses it asks for")
  func floodOfMillions() throws {
    var configuration = DHCPServerConfiguration.test
    configuration.subnet = try #require(IPv4Prefix("10.0.0.0/8"))
    configuration.pools = [IPv4Address(rawValue: 0x0a00_0100)...IPv4Address(rawValue: 0x0aff_fff0)]
    configuration.reservations = [.init(mac: mac(5), address: address(50))]
    let server = TestServer(configuration)
    let known = (1...4).map { server.bind($0) }
    server.now = server.now.advanced(bySeconds: 4000)
    for stranger in 0..<20_000 as Range<UInt64> {
      let wish = IPv4Address(rawValue: 0x0a80_0000 + UInt32(stranger))
      _ = server.decide(
        .message(.discover, 0x1_0000 + stranger) {
          if stranger % 2 == 0 { $0.options.set(.requestedAddress, wish) }
        })
    }
    #expect(try #require(server.responder.leases).outstanding <= 16_384)
    #expect((1...4).map { server.bind($0) } == known)
    #expect(server.bind(5) == address(50))
    #expect(server.bind(6) != nil)
    #expect(try #require(server.responder.leases).outstanding <= 16_384)
  }

  @Test("A released address is free, and remembered for its client")
  func release() {
    let server = TestServer()
    #expect(server.bind(1) == address(100))
    func release(_ machine: UInt64) -> DHCPPacket {
      .message(.release, machine) {
        $0.clientAddress = address(100)
        $0.options.set(.serverIdentifier, address(1))
      }
    }
    #expect(server.decide(release(2)) == .ignore(.notItsAddress))
    guard case .commit(let change, then: nil) = server.decide(release(1)) else {
      Issue.record("no commit")
      return
    }
    #expect(change.lease.expires == server.now)
    server.responder.confirm(change)
    #expect(server.decide(release(1)) == .ignore(.notItsAddress))
    #expect(server.bind(2) == address(101))
    #expect(server.bind(1) == address(100))
    #expect(server.reply(release(1)) == nil)
    #expect(server.bind(3, wish: address(100)) == address(100))
  }

  @Test("An INFORM gets parameters and no lease")
  func inform() {
    let server = TestServer()
    let ack = server.reply(.message(.inform, 1) { $0.clientAddress = address(20) })
    #expect(ack?.packet.messageType == .ack)
    #expect(ack?.packet.yourAddress == .any)
    #expect(ack?.packet.options.contains(.leaseTime) == false)
    #expect(ack?.packet.options.addresses(.router) == [address(254)])
    #expect(ack?.destination == .unicastToClient(address(20)))
    // Without ciaddr, the datagram says who it is.
    let other = server.reply(.message(.inform, 1), .test(source: address(21)))
    #expect(other?.destination == .unicastToClient(address(21)))
    #expect(server.decide(.message(.inform, 1)) == .ignore(.malformed))
    #expect(
      server.decide(.message(.inform, 1) { $0.clientAddress = IPv4Address(rawValue: 1) }) == .ignore(.otherSubnet))
  }

  @Test("Parameters come in the order they are asked for, the mask before the routers")
  func order() throws {
    var configuration = DHCPServerConfiguration.test
    configuration.timeServers = [address(3)]
    configuration.extraOptions.set(.interfaceMTU, UInt16(9000))
    configuration.extraOptions.set(.leaseTime, UInt32(1))
    let server = TestServer(configuration)
    let offer = try #require(
      server.reply(.message(.discover, 1) { $0.options.set(.parameterRequestList, [42, 26, 6, 99, 3, 51, 15]) }))
    #expect(offer.packet.options.codes.map(\.rawValue) == [53, 54, 51, 58, 59, 1, 42, 26, 6, 3, 15])
    #expect(offer.packet.options.uint32(.leaseTime) == 3600)
  }

  @Test("Routes go out as RFC 3442 writes them, the default route as the last, to who asks for them")
  func routes() throws {
    var configuration = DHCPServerConfiguration.test
    configuration.routers = [address(1)]
    configuration.routes = try [
      ("10.0.0.0/8", "10.77.0.2"), ("10.17.0.0/16", "10.77.0.3"), ("10.229.0.128/25", "0.0.0.0"),
    ]
    .map { text, router in
      DHCPServerConfiguration.Route(
        to: try #require(IPv4Prefix(text)), via: try #require(IPv4Address(router)))
    }
    let server = TestServer(configuration)
    let offer = try #require(
      server.reply(.message(.discover, 1) { $0.options.set(.parameterRequestList, [1, 121, 3]) }))
    #expect(
      offer.packet.options[.classlessStaticRoute].map { Array($0) } == [
        8, 10, 10, 77, 0, 2, 16, 10, 17, 10, 77, 0, 3, 25, 10, 229, 0, 128, 0, 0, 0, 0, 0,
      ] + address(1).bytes)
    #expect(offer.packet.options.addresses(.router) == [address(1)])
    #expect(server.reply(.message(.discover, 2))?.packet.options.contains(.classlessStaticRoute) == false)
  }

  @Test(
    "A lease time is what the client asks for, within bounds",
    arguments: [
      (nil, 3600), (7200, 7200), (1, 60), (0xffff_ffff, 86400),
    ] as [(UInt32?, UInt32)])
  func leaseTime(wish: UInt32?, granted: UInt32) throws {
    let server = TestServer()
    let offer = try #require(
      server.reply(.message(.discover, 1) { if let wish { $0.options.set(.leaseTime, wish) } }))
    #expect(offer.packet.options.uint32(.leaseTime) == granted)
    #expect(offer.packet.options.uint32(.renewalTime) == granted / 2)
  }

  @Test("A relayed client is answered through its agent, a NAK with the broadcast flag")
  func relay() throws {
    let server = TestServer()
    func relayed(_ packet: DHCPPacket) -> DHCPPacket {
      var packet = packet
      packet.relayAgent = address(253)
      packet.options.set(.relayAgentInformation, hex("01 02 'e1'"))
      return packet
    }
    let offer = try #require(server.reply(relayed(.message(.discover, 1))))
    #expect(offer.destination == .relay(address(253)))
    #expect((offer.sourcePort, offer.destinationPort) == (67, 67))
    #expect(offer.packet.options.map(\.code).last == .relayAgentInformation)
    let refusal = try #require(server.reply(relayed(.rebooting(2, IPv4Address(rawValue: 1)))))
    #expect(refusal.packet.messageType == .nak)
    #expect(refusal.packet.isBroadcast)
    #expect(refusal.destination == .relay(address(253)))
    var foreign = relayed(.message(.discover, 1))
    foreign.relayAgent = IPv4Address(rawValue: 0x0a4e_0001)
    #expect(server.decide(foreign) == .ignore(.otherSubnet))
  }

  @Test("What comes back keeps to the size the client takes, however much of it came")
  func echoes() throws {
    let server = TestServer()
    server.boot = .file(server: address(1), name: "ipxe.efi")
    func asking(_ edit: (inout DHCPPacket) -> Void) throws -> DHCPPacket {
      try #require(
        server.reply(
          .message(.discover, 1) {
            $0.options.set(.vendorClass, "PXEClient:Arch:00007:UNDI:003016")
            $0.options.set(.clientArchitecture, [0, 7])
            edit(&$0)
          })
      ).packet
    }
    let usual = try asking {
      $0.options.set(.clientIdentifier, hex("ff 00*159"))
      $0.options.set(.clientMachineIdentifier, hex("00*17"))
    }
    #expect(usual.options[.clientIdentifier]?.count == 160)
    #expect(usual.options[.clientMachineIdentifier]?.count == 17)
    #expect(usual.serializedSize <= 548)
    let absurd = try asking {
      $0.options.set(.clientIdentifier, hex("ff 00*400"))
      $0.options.set(.clientMachineIdentifier, hex("00*300"))
    }
    #expect(absurd.options[.clientIdentifier] == nil && absurd.options[.clientMachineIdentifier] == nil)
    #expect(absurd.serializedSize <= 548)
    // The relay agent takes its information out again: the client's options do not make room for it.
    let relayed = try asking {
      $0.relayAgent = address(253)
      $0.options.set(.clientIdentifier, hex("ff 00*159"))
      $0.options.set(.relayAgentInformation, hex("01 fd 00*253"))
    }
    #expect(relayed.options[.relayAgentInformation]?.count == 255)
    #expect(relayed.options[.router] == usual.options[.router])
    #expect(relayed.serializedSize > 548)
  }

  @Test("A client that asks for broadcast gets it")
  func broadcast() {
    let server = TestServer()
    #expect(server.reply(.message(.discover, 1) { $0.isBroadcast = true })?.destination == .broadcast)
  }

  @Test("A reply keeps to the size the client takes, and drops what matters least")
  func size() throws {
    var configuration = DHCPServerConfiguration.test
    for code in 200..<240 as Range<UInt8> {
      configuration.extraOptions.set(OptionCode(rawValue: code), [UInt8](repeating: code, count: 40))
    }
    let server = TestServer(configuration)
    server.boot = .file(server: address(1), name: "undionly.kpxe")
    for (declared, limit) in [(0, 548), (576, 548), (1000, 972), (60_000, 1472)] {
      var packet = try DHCPPacket.read(Fixture.biosDiscover)
      packet.options.set(.maximumMessageSize, UInt16(declared))
      packet.options.set(.parameterRequestList, Array(200..<240 as Range<UInt8>))
      let offer = try #require(server.reply(packet)).packet
      #expect(offer.serialized.count <= limit)
      #expect(offer.serialized.count > limit - 45)
      #expect(offer.options.text(.bootFileName) == "undionly.kpxe")
      #expect(offer.options.contains(.clientMachineIdentifier))
    }
  }

  @Test("Port 4011 is answered in server mode too")
  func bootServer() throws {
    let server = TestServer()
    server.boot = .file(server: address(1), name: "snponly.efi")
    let arrival = DHCPArrival.test(port: 4011, source: address(131), sourcePort: 4011, isUnicast: true)
    let reply = server.reply(try .read(Fixture.uefiBootServerRequest), arrival)
    #expect(reply?.packet.bootFile == Array("snponly.efi".utf8))
    #expect(reply?.sourcePort == 4011)
  }

  @Test("A REQUEST without an address is malformed")
  func malformed() {
    let server = TestServer()
    #expect(server.decide(.message(.request, 1)) == .ignore(.malformed))
    #expect(server.decide(.message(.decline, 1)) == .ignore(.malformed))
    #expect(server.decide(.message(.offer, 1)) == .ignore(.unexpectedType))
    #expect(server.decide(.message(.release, 1)) == .ignore(.notItsAddress))
  }

  @Test(
    "Only what could be a host's name is kept as one",
    arguments: [
      ("node-1.rack", "node-1.rack"), ("a\u{0}b", "a"), ("bad name", nil), ("", nil), ("<script>", nil),
      (String(repeating: "a", count: 64), nil),
    ] as [(String, String?)])
  func hostName(sent: String, kept: String?) throws {
    let server = TestServer()
    _ = server.reply(.message(.discover, 1))
    var request = DHCPPacket.selecting(1, address(100))
    request.options.set(.hostName, sent)
    _ = server.reply(request)
    #expect(server.lease(1)?.hostName == kept)
  }

  @Test("A configuration tells everything that is wrong with it")
  func problems() {
    #expect(DHCPServerConfiguration.test.problems.isEmpty)
    var configuration = DHCPServerConfiguration.test
    let outside = IPv4Address(rawValue: 0xc0a8_0002)
    configuration.pools = [address(10)...address(20), address(20)...address(30), address(200)...outside]
    configuration.reservations = [
      .init(mac: mac(1), address: outside), .init(mac: mac(1), address: address(5)),
      .init(mac: mac(2), address: address(5)),
    ]
    configuration.routers = [outside]
    configuration.defaultLeaseSeconds = 10
    #expect(
      configuration.problems.map(\.description) == [
        "the pools 10.77.0.10-10.77.0.20 and 10.77.0.20-10.77.0.30 overlap",
        "the pool 10.77.0.200-192.168.0.2 does not lie in the subnet",
        "192.168.0.2, reserved for 52:54:00:77:00:01, is no host address of the subnet",
        "52:54:00:77:00:01 has two reservations", "10.77.0.5 is reserved for two machines",
        "the router 192.168.0.2 does not lie in the subnet",
        "the lease time must be at least 60 seconds and not above its maximum",
      ])
  }
}
