import DHCP
import Testing
import Wire

@Suite("The agent's DHCP client")
struct DHCPClientTests {
  static let start = ContinuousClock.now

  /// A client, what it sent last, and the time that it is told.
  final class Machine {
    var client: DHCPClient
    var random = SeededGenerator(seed: 1)
    var now = DHCPClientTests.start
    var address: IPv4Address?
    var binding: DHCPClient.Binding?

    init(edit: (inout DHCPClient.Configuration) -> Void = { _ in }) {
      var configuration = DHCPClient.Configuration(mac: mac(1))
      edit(&configuration)
      client = DHCPClient(configuration)
    }

    func begin() -> [DHCPPacket] { apply(client.start(now: now, using: &random)) }

    func receive(_ packet: DHCPPacket) -> [DHCPPacket] {
      apply(client.receive(packet, now: now, using: &random))
    }

    /// Lets time pass to the deadline.
    func wait() -> [DHCPPacket] {
      now = client.deadline ?? now
      return apply(client.timerFired(now: now, using: &random))
    }

    /// DISCOVER, OFFER; the REQUEST that follows.
    func request(_ server: TestServer) throws -> DHCPPacket {
      let discover = try #require(begin().first)
      let offer = try #require(server.reply(discover))
      return try #require(receive(offer.packet).first)
    }

    /// The ACK to a REQUEST.
    func acknowledge(_ request: DHCPPacket, _ server: TestServer) throws {
      let ack = try #require(server.reply(request))
      #expect(receive(ack.packet).isEmpty)
    }

    /// What is sent; addresses are put on and taken off.
    private func apply(_ actions: [DHCPClient.Action]) -> [DHCPPacket] {
      var sent = [DHCPPacket]()
      for action in actions {
        switch action {
        case .broadcast(let packet), .unicast(let packet, _): sent.append(packet)
        case .bind(let binding):
          address = binding.address
          self.binding = binding
        case .unbind(let old):
          #expect(address == old)
          address = nil
        }
      }
      return sent
    }
  }

  @Test("With our own server: an address in two exchanges, everything understood")
  func bind() throws {
    var configuration = DHCPServerConfiguration.test
    configuration.extraOptions.set(.interfaceMTU, UInt16(9000))
    configuration.extraOptions.set(.classlessStaticRoute, hex("00 0a4d00fe 08 0a 00000000"))
    let server = TestServer(configuration)
    let machine = Machine { $0.vendorClass = "siderite" }

    let discover = try #require(machine.begin().first)
    #expect(
      discover.text == """
        request DISCOVER xid \(discover.transactionID) flags 0x8000
        chaddr 52:54:00:77:00:01
        option 53: DISCOVER
        option 61: 01525400770001
        option 57: 1500
        option 60: "siderite"
        option 55: 1 121 3 6 12 15 26 51 54

        """)
    let offer = try #require(server.reply(discover))
    let request = try #require(machine.receive(offer.packet).first)
    #expect(request.requestedAddress == address(100))
    #expect(request.serverIdentifier == address(1))
    #expect(request.transactionID == discover.transactionID)
    let ack = try #require(server.reply(request))
    #expect(machine.receive(ack.packet).isEmpty)

    let binding = try #require(machine.binding)
    #expect(binding.address == address(100))
    #expect(binding.subnet.description == "10.77.0.0/24")
    #expect(binding.server == address(1))
    #expect(binding.routers == [address(254)])
    #expect(binding.nameServers == [address(1), address(2)])
    #expect(binding.domainName == "rack.test")
    #expect(binding.mtu == 9000)
    #expect(binding.routes.map(\.destination.description) == ["0.0.0.0/0", "10.0.0.0/8"])
    #expect(binding.routes.map(\.router) == [address(254), .any])
    #expect(binding.leaseSeconds == 3600)
    #expect(machine.client.binding == binding)
    #expect(machine.client.deadline == machine.now + .seconds(1800))
  }

  @Test("A lease is counted from its first REQUEST, however late the ACK is, and so is each renewal")
  func countedFromRequest() throws {
    let server = TestServer()
    let machine = Machine()
    let request = try machine.request(server)
    let requested = machine.now
    let again = try #require(machine.wait().first)
    #expect(again.transactionID == request.transactionID)
    try machine.acknowledge(again, server)
    #expect(machine.now > requested)
    #expect(machine.client.expiry == requested + .seconds(3600))

    let renewal = try #require(machine.wait().first)
    let renewed = machine.now
    machine.now += .seconds(3)
    try machine.acknowledge(renewal, server)
    #expect(machine.client.expiry == renewed + .seconds(3600))
  }

  @Test("Proxy offers, offers to others and late ones are passed over")
  func offers() throws {
    let server = TestServer()
    let machine = Machine()
    let discover = try #require(machine.begin().first)
    let offer = try #require(server.reply(discover)).packet
    for edit: (inout DHCPPacket) -> Void in [
      { $0.yourAddress = .any }, { $0.transactionID = TransactionID(rawValue: 9) },
      { $0.clientHardware = HardwareAddress(mac(2)) }, { $0.operation = .request },
      { $0.options[.serverIdentifier] = nil }, { $0.options[.messageType] = nil },
    ] {
      var other = offer
      edit(&other)
      #expect(machine.receive(other).isEmpty)
    }
    #expect(machine.receive(offer).count == 1)
    #expect(machine.receive(offer).isEmpty)
  }

  @Test("Unanswered, it asks again at growing intervals, with one transaction")
  func retry() throws {
    let machine = Machine()
    let first = try #require(machine.begin().first)
    var pauses = [Duration]()
    for _ in 0..<6 {
      let before = machine.now
      let again = try #require(machine.wait().first)
      #expect(again.transactionID == first.transactionID)
      #expect(Int64(again.seconds) == (machine.now - Self.start).components.seconds)
      pauses.append(machine.now - before)
    }
    for (pause, seconds) in zip(pauses, [2, 4, 8, 16, 16, 16]) {
      #expect(abs((pause / .milliseconds(1)) - Double(seconds * 1000)) <= 500)
    }
    // Not before its time.
    #expect(machine.client.timerFired(now: machine.now, using: &machine.random).isEmpty)
  }

  @Test("A server that offers and then falls silent is given up")
  func silentServer() throws {
    let server = TestServer()
    let machine = Machine()
    let discover = try #require(machine.begin().first)
    let offer = try #require(server.reply(discover))
    #expect(machine.receive(offer.packet).first?.messageType == .request)
    let types = (0..<4).compactMap { _ in machine.wait().first?.messageType }
    #expect(types == [.request, .request, .request, .discover])
  }

  @Test("Refused, it begins again; the refusal of another server does not count")
  func refusal() throws {
    let server = TestServer()
    let machine = Machine()
    let request = try machine.request(server)
    var nak = DHCPPacket(
      operation: .reply, clientHardware: HardwareAddress(mac(1)), transactionID: request.transactionID)
    nak.options.set(.messageType, MessageType.nak.rawValue)
    nak.options.set(.serverIdentifier, address(2))
    #expect(machine.receive(nak).isEmpty)
    nak.options.set(.serverIdentifier, address(1))
    let again = try #require(machine.receive(nak).first)
    #expect(again.messageType == .discover)
    #expect(again.transactionID != request.transactionID)
  }

  @Test("It renews at T1 with its server, rebinds at T2 with any, and lets go when the lease runs out")
  func extend() throws {
    let server = TestServer()
    let machine = Machine()
    let request = try machine.request(server)
    try machine.acknowledge(request, server)
    let bound = machine.now

    machine.now = try #require(machine.client.deadline)
    let renewal = machine.client.timerFired(now: machine.now, using: &machine.random)
    guard case .unicast(let renew, to: address(1)) = renewal.first else {
      Issue.record("no renewal: \(renewal)")
      return
    }
    #expect(machine.now - bound == .seconds(1800))
    #expect(renew.clientAddress == address(100))
    #expect(!renew.options.contains(.requestedAddress) && !renew.options.contains(.serverIdentifier))
    #expect(machine.address == address(100))
    // The server knows it for what it is.
    #expect(server.reply(renew, .test(source: address(100), isUnicast: true))?.packet.messageType == .ack)

    // Nobody answers: RENEWING goes on until T2, REBINDING until the end.
    var sent = [DHCPPacket]()
    while machine.address != nil, sent.count < 100 { sent += machine.wait() }
    #expect(machine.now - bound == .seconds(3600))
    #expect(sent.last?.messageType == .discover)
    #expect(sent.count < 20)
  }

  @Test("A renewal extends the lease from its answer")
  func renewed() throws {
    let server = TestServer()
    let machine = Machine()
    let request = try machine.request(server)
    try machine.acknowledge(request, server)
    let renew = try #require(machine.wait().first)
    try machine.acknowledge(renew, server)
    #expect(machine.client.deadline == machine.now + .seconds(1800))
    #expect(machine.address == address(100))
  }

  @Test("Through a network that loses, doubles and reorders, every client gets its address", arguments: 1...20)
  func lossy(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    let server = TestServer()
    let machine = Machine()
    var wire = machine.begin().map { ($0, true) }
    var steps = 0
    while machine.address == nil, steps < 500 {
      steps += 1
      guard !wire.isEmpty, Int.random(in: 0..<4, using: &random) > 0 else {
        wire += machine.wait().map { ($0, true) }
        continue
      }
      let (packet, isToServer) = wire.remove(at: Int.random(in: 0..<wire.count, using: &random))
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<4: continue
      case 4: wire.append((packet, isToServer))
      default: break
      }
      if isToServer {
        if let reply = server.reply(packet) { wire.append((reply.packet, false)) }
      } else {
        wire += machine.receive(packet).map { ($0, true) }
      }
    }
    #expect(machine.address == address(100))
    #expect(server.lease(1)?.address == address(100))
  }

  @Test(
    "Nonsense in an ACK is put right",
    arguments: [
      ("33 04 00000000", 60), ("33 04 ffffffff", 0xffff_ffff), ("33 02 0001", 3600), ("", 3600),
      ("33 04 00000e10 3a 04 ffffffff 3b 04 ffffffff 1a 02 0001 79 05 21 00000000 01 03 ffff00", 3600),
    ] as [(String, UInt32)])
  func nonsense(options: String, seconds: UInt32) throws {
    let server = TestServer()
    let machine = Machine()
    let request = try machine.request(server)
    var ack = try #require(server.reply(request)).packet
    for code in [OptionCode.leaseTime, .renewalTime, .rebindingTime] { ack.options[code] = nil }
    for option in try DHCPPacketTests.packet(options: options).options { ack.options.set(option.code, option.value) }
    _ = machine.receive(ack)
    let binding = try #require(machine.binding)
    #expect(binding.leaseSeconds == seconds)
    #expect(binding.mtu == nil)
    #expect(binding.routes.isEmpty)
    let deadline = try #require(machine.client.deadline)
    #expect(deadline > machine.now && deadline <= machine.now + .seconds(Int64(seconds)))
  }
}
