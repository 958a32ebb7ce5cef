import BareMetal
import DHCP
import Logging
import Synchronization
import Testing
import Wire

@testable import BootServices

@Suite("DHCP endpoint")
struct DHCPEndpointTests {
  @Test("a UEFI PXE client is offered an address and its boot program, straight to its hardware address")
  func offer() throws {
    var rack = try Rack(.server)
    let replies = rack.hear(rack.discover(.uefiX64))
    let reply = try #require(replies.first)
    #expect(replies.count == 1)
    #expect(reply.frame.destinationMAC == Rack.client)
    #expect(reply.frame.sourceMAC == Rack.station)
    #expect(reply.frame.source == Rack.address)
    #expect(reply.frame.sourcePort == 67)
    #expect(reply.frame.destinationPort == 68)
    #expect(reply.packet.messageType == .offer)
    #expect(reply.packet.yourAddress == reply.frame.destination)
    #expect(reply.packet.nextServer == Rack.address)
    #expect(reply.packet.bootFile == Array("snponly.efi".utf8))
    #expect(rack.events == ["Discovered", "OfferSent"])
  }

  @Test("nobody is acknowledged before the lease is durable")
  func durable() throws {
    var rack = try Rack(.server)
    let offer = try #require(rack.hear(rack.discover(.uefiX64)).first)
    #expect(rack.hear(rack.request(offer)).isEmpty)
    let batch = rack.endpoint.takeWaiting()
    #expect(batch.map(\.change.lease.address) == [offer.packet.yourAddress])
    #expect(rack.hear(rack.request(offer)).isEmpty, "a repeated REQUEST waits for the first's answer")
    #expect(rack.endpoint.waiting.isEmpty)
    let replies = rack.commit(batch)
    #expect(replies.map(\.packet.messageType) == [.ack])
    #expect(replies.map(\.packet.yourAddress) == [offer.packet.yourAddress])
    #expect(rack.events == ["Discovered", "OfferSent", "Acknowledged"])
  }

  @Test("a lease that could not be stored is not acknowledged, and can be asked for again")
  func failedCommit() throws {
    var rack = try Rack(.server)
    let offer = try #require(rack.hear(rack.discover(.uefiX64)).first)
    #expect(rack.hear(rack.request(offer)).isEmpty)
    rack.endpoint.failed(rack.endpoint.takeWaiting())
    #expect(rack.hear(rack.request(offer)).isEmpty)
    #expect(rack.commit(rack.endpoint.takeWaiting()).map(\.packet.messageType) == [.ack])
  }

  @Test("as many changes wait as are allowed, and no more")
  func overload() throws {
    var rack = try Rack(.server, pool: 8192)
    for number in 0..<UInt64(DHCPEndpoint.waitingLimit) + 10 {
      let mac = MACAddress(rawValue: 0x0200_0000_0000 + number)
      let offer = try #require(rack.hear(rack.discover(nil, mac: mac), from: mac).first)
      _ = rack.hear(rack.request(offer, mac: mac), from: mac)
    }
    #expect(rack.endpoint.waiting.count == DHCPEndpoint.waitingLimit)
    #expect(rack.commit(rack.endpoint.takeWaiting()).count == DHCPEndpoint.waitingLimit)
  }

  @Test(
    "each kind of client is told what it boots, by a server and by a proxy",
    arguments: [
      (ClientArchitecture.biosX86, false, "undionly.kpxe"),
      (.httpX64, false, "http://10.0.0.1:8081/tftp/snponly.efi"),
      (.uefiX64, true, "http://10.0.0.1:8081/boot.ipxe"),
      (.biosX86, true, "http://10.0.0.1:8081/boot.ipxe"),
    ])
  func program(architecture: ClientArchitecture, isIPXE: Bool, program: String) throws {
    for mode in [Rack.Mode.server, .proxy] {
      var rack = try Rack(mode)
      let reply = try #require(rack.hear(rack.discover(architecture, isIPXE: isIPXE)).first)
      let name = reply.packet.options.text(.bootFileName) ?? String(decoding: reply.packet.bootFile, as: UTF8.self)
      #expect(name == program)
    }
  }

  @Test("a client that nothing is installed for gets an address only, and the journal says why")
  func nothingInstalled() throws {
    var rack = try Rack(.server)
    let offer = try #require(rack.hear(rack.discover(.uefiARM64)).first)
    #expect(offer.packet.bootFile.isEmpty)
    #expect(
      rack.messages.contains(
        "refused: no boot program for UEFI arm64 is installed: put snponly-arm64.efi or snp-arm64.efi or ipxe-arm64.efi "
          + "into the directory bootFiles, and restart siderite"))
    var proxy = try Rack(.proxy)
    #expect(proxy.hear(proxy.discover(.uefiARM64)).isEmpty)
  }

  @Test("a proxy says nothing to clients that do not boot, and learns which address the others took")
  func proxy() throws {
    var rack = try Rack(.proxy)
    #expect(rack.hear(rack.discover(nil)).isEmpty)
    #expect(rack.events.isEmpty)
    let other = try #require(IPv4Address("10.0.0.2"))
    let address = try #require(IPv4Address("10.0.0.77"))
    var request = rack.discover(.biosX86)
    request.options.set(.messageType, MessageType.request.rawValue)
    request.options.set(.serverIdentifier, other)
    request.options.set(.requestedAddress, address)
    #expect(rack.hear(request).isEmpty)
    #expect(rack.messages == ["takes 10.0.0.77 from 10.0.0.2"])
  }

  @Test("EDK2's question to port 4011 is answered to where it came from")
  func bootServer() throws {
    var rack = try Rack(.proxy)
    let address = try #require(IPv4Address("10.0.0.77"))
    var request = rack.discover(.uefiX64)
    request.options.set(.messageType, MessageType.request.rawValue)
    request.clientAddress = address
    let reply = try #require(
      rack.hear(
        request, from: Rack.client, source: address, sourcePort: 4011, to: Rack.station, Rack.address, port: 4011
      ).first)
    #expect(reply.packet.messageType == .ack)
    #expect(reply.packet.bootFile == Array("snponly.efi".utf8))
    #expect(reply.frame.destination == address)
    #expect(reply.frame.destinationMAC == Rack.client)
    #expect(reply.frame.sourcePort == 4011)
    #expect(reply.frame.destinationPort == 4011)
  }

  @Test("a relayed client is answered through its relay agent, by the way the message came")
  func relay() throws {
    var rack = try Rack(.server)
    let agent = try #require(IPv4Address("10.0.0.254"))
    let router = MACAddress(rawValue: 0x0200_0000_00fe)
    var discover = rack.discover(.uefiX64)
    discover.relayAgent = agent
    let reply = try #require(
      rack.hear(discover, from: router, source: agent, sourcePort: 67, to: Rack.station, Rack.address).first)
    #expect(reply.frame.destinationMAC == router)
    #expect(reply.frame.destination == agent)
    #expect(reply.frame.destinationPort == 67)
  }

  @Test("each network behind relay agents has its own addresses, and its own address of ours")
  func relayedNetworks() throws {
    var rack = try Rack(.server, relayed: ["10.1.0.0/24", "10.2.0.0/24"])
    for (number, agent) in ["10.1.0.254", "10.2.0.254"].enumerated() {
      let agent = try #require(IPv4Address(agent))
      let mac = MACAddress(rawValue: Rack.client.rawValue + UInt64(number))
      let ours = IPv4Address(rawValue: Rack.address.rawValue + 1 + UInt32(number))
      let offer = try #require(rack.hear(relayed(rack.discover(.uefiX64, mac: mac), agent), by: agent).first)
      #expect(offer.packet.yourAddress.rawValue == agent.rawValue - 254 + 100)
      #expect(offer.packet.serverIdentifier == ours)
      #expect(offer.packet.nextServer == ours)
      #expect(offer.packet.options.address(.subnetMask) == IPv4Address("255.255.255.0"))
      #expect(offer.frame.source == ours)
      #expect(offer.frame.destination == agent)

      let request = rack.request(offer, mac: mac)
      #expect(rack.hear(relayed(request, agent), by: agent).isEmpty)
      let ack = try #require(rack.commit(rack.endpoint.takeWaiting()).first)
      #expect(ack.packet.messageType == .ack)
      #expect(ack.packet.yourAddress == offer.packet.yourAddress)

      // It renews by itself, past its relay agent, and asks port 4011 so too.
      var renewal = rack.discover(.uefiX64, mac: mac)
      renewal.options.set(.messageType, MessageType.request.rawValue)
      renewal.clientAddress = ack.packet.yourAddress
      let router = MACAddress(rawValue: 0x0200_0000_00fe)
      #expect(rack.hear(renewal, from: router, source: ack.packet.yourAddress, to: Rack.station, ours).isEmpty)
      let renewed = try #require(rack.commit(rack.endpoint.takeWaiting()).first)
      #expect(renewed.packet.messageType == .ack)
      #expect(renewed.frame.destination == ack.packet.yourAddress)
      #expect(renewed.frame.destinationMAC == router)
      let booted = rack.hear(
        renewal, from: router, source: ack.packet.yourAddress, sourcePort: 4011, to: Rack.station, ours, port: 4011)
      #expect(booted.first?.packet.nextServer == ours)
    }
    // The interface's own network is as it was.
    #expect(rack.hear(rack.discover(.uefiX64)).first?.packet.serverIdentifier == Rack.address)
  }

  @Test("option 82 says which network is meant, and who the client's server is to be")
  func relayAgentInformation() throws {
    var rack = try Rack(.server, relayed: ["10.1.0.0/24"])
    let agent = try #require(IPv4Address("172.16.0.1"))
    var discover = relayed(rack.discover(.uefiX64), agent)
    // Circuit "e1", link selection 10.1.0.0, server identifier override 10.1.0.254.
    let information: [UInt8] = [1, 2, 0x65, 0x31, 5, 4, 10, 1, 0, 0, 11, 4, 10, 1, 0, 254]
    discover.options.set(.relayAgentInformation, information)
    let offer = try #require(rack.hear(discover, by: agent).first)
    #expect(offer.packet.yourAddress == IPv4Address("10.1.0.100"))
    #expect(offer.packet.serverIdentifier == IPv4Address("10.1.0.254"))
    #expect(offer.packet.nextServer == IPv4Address(rawValue: Rack.address.rawValue + 1))
    #expect(offer.frame.destination == agent)
    #expect(offer.packet.options[.relayAgentInformation].map { Array($0) } == information)

    var request = relayed(rack.request(offer), agent)
    request.options.set(.serverIdentifier, IPv4Address(rawValue: 0x0a01_00fe))
    request.options.set(.relayAgentInformation, information)
    #expect(rack.hear(request, by: agent).isEmpty)
    #expect(rack.commit(rack.endpoint.takeWaiting()).map(\.packet.messageType) == [.ack])

    // Nobody else is believed: without a relay agent it is a machine of the interface's own network.
    discover.relayAgent = .any
    let own = try #require(rack.hear(discover).first)
    #expect(own.packet.serverIdentifier == Rack.address)
    #expect(!own.packet.options.contains(.relayAgentInformation))
  }

  @Test("a network that is not configured gets no address, and its machine's boot says why")
  func unknownRelay() throws {
    var rack = try Rack(.server, relayed: ["10.1.0.0/24"])
    let agent = try #require(IPv4Address("10.3.0.254"))
    #expect(rack.hear(relayed(rack.discover(.uefiX64), agent), by: agent).isEmpty)
    #expect(rack.messages.last?.contains("relay agent 10.3.0.254") == true)
    // Where another server gives the addresses it does not matter which network it is.
    var proxy = try Rack(.proxy)
    let offer = try #require(proxy.hear(relayed(proxy.discover(.biosX86), agent), by: agent).first)
    #expect(offer.packet.nextServer == Rack.address)
    #expect(offer.frame.destination == agent)
  }

  private func relayed(_ packet: DHCPPacket, _ agent: IPv4Address) -> DHCPPacket {
    var packet = packet
    packet.relayAgent = agent
    packet.hops = 1
    return packet
  }

  @Test("another server of addresses is told of, once an hour; the one beside a proxy is who it is there for")
  func foreignServer() throws {
    let mac = MACAddress(rawValue: 0x0200_0000_0042)
    func offer(_ rack: Rack, _ server: String, boot: String = "") throws -> [UInt8] {
      let server = try #require(IPv4Address(server))
      var packet = rack.discover(.uefiX64)
      packet.operation = .reply
      packet.options = DHCPOptions()
      packet.options.set(.messageType, MessageType.offer.rawValue)
      packet.options.set(.serverIdentifier, server)
      packet.yourAddress = IPv4Address(rawValue: Rack.address.rawValue + 77)
      packet.bootFile = Array(boot.utf8)
      return rack.frame(packet, from: mac, source: server, sourcePort: 67, port: 68)
    }
    var rack = try Rack(.server)
    for _ in 0..<3 { #expect(rack.hear(bytes: try offer(rack, "10.0.0.9", boot: "pxelinux.0")).isEmpty) }
    #expect(rack.events == ["AnsweredElsewhere"])
    #expect(rack.messages == ["another server, 10.0.0.9 (02:00:00:00:00:42), offers it 10.0.0.78, pxelinux.0"])
    #expect(rack.hear(bytes: try offer(rack, "10.0.0.8")).isEmpty)
    // Ours, by whatever way it comes back.
    #expect(rack.hear(bytes: try offer(rack, "10.0.0.1")).isEmpty)
    #expect(rack.events.count == 2)

    var proxy = try Rack(.proxy)
    #expect(proxy.hear(bytes: try offer(proxy, "10.0.0.9")).isEmpty)
    #expect(proxy.events.isEmpty)
    #expect(proxy.hear(bytes: try offer(proxy, "10.0.0.9", boot: "pxelinux.0")).isEmpty)
    #expect(proxy.events == ["AnsweredElsewhere"])
  }

  @Test("whoever invents servers is told of so often an hour, and all that is forgotten in time")
  func foreignServers() {
    var servers = RareNews<IPv4Address>()
    func news(_ range: Range<UInt32>, _ seconds: Int64) -> Int {
      range.count { servers.isNews(IPv4Address(rawValue: $0), now: Timestamp(seconds: seconds)) }
    }
    #expect(news(0..<1000, 1_000_000) == 64)
    #expect(news(0..<1000, 1_003_599) == 0)
    #expect(news(0..<10, 1_003_600) == 10)
    #expect(news(0..<10, 900_000) == 10, "a clock that was set back keeps nothing silent")
  }

  @Test("a client that never stops is ignored and told of once, and others are served")
  func loud() throws {
    var rack = try Rack(.server, clientRate: .usual)
    let answered = (0..<1000).count { _ in !rack.hear(rack.discover(nil)).isEmpty }
    #expect(answered == 60)
    #expect(rack.messages == ["refused: it sends more than 10 DHCP messages a second, which are ignored"])
    let other = MACAddress(rawValue: 0x5254_0000_0002)
    #expect(rack.hear(rack.discover(nil, mac: other), from: other).count == 1)
    // Behind a relay agent each client counts for itself.
    let agent = try #require(IPv4Address("10.0.0.254"))
    for number in 10..<200 as Range<UInt64> {
      var discover = rack.discover(nil, mac: MACAddress(rawValue: 0x5254_0000_0000 + number))
      discover.relayAgent = agent
      let replies = rack.hear(discover, by: agent)
      #expect(replies.count == (number < 108 ? 1 : 0), "the pool has 100 addresses, two of which are offered")
    }
  }

  @Test("an address that nobody had is asked for twice, and offered when nobody answers")
  func probed() throws {
    var rack = try Rack(.server, probes: true)
    #expect(rack.hear(rack.discover(.uefiX64)).isEmpty)
    #expect(rack.asked.map(\.targetAddress.description) == ["10.0.1.0"])
    #expect(rack.asked.allSatisfy { $0.senderAddress.isUnspecified && $0.destinationMAC == .broadcast })
    #expect(rack.asked.allSatisfy { $0.sourceMAC == Rack.station && $0.senderMAC == Rack.station })
    #expect(rack.endpoint.patience(now: rack.now) == 100)
    #expect(rack.turn(after: 99).isEmpty && rack.asked.count == 1)
    #expect(rack.turn(after: 1).isEmpty && rack.asked.count == 2)
    #expect(rack.turn(after: 149).isEmpty && rack.asked.count == 2)
    let offers = rack.turn(after: 1)
    #expect(offers.map(\.packet.messageType) == [.offer])
    #expect(rack.endpoint.patience(now: rack.now) == nil)
    #expect(rack.events == ["Discovered", "OfferSent"])
    // From now on it is the client's: no more is asked.
    #expect(rack.hear(rack.discover(.uefiX64)).count == 1)
    let offer = try #require(offers.first)
    #expect(rack.hear(rack.request(offer)).isEmpty)
    #expect(rack.commit(rack.endpoint.takeWaiting()).count == 1)
    #expect(rack.hear(rack.discover(.uefiX64)).map(\.packet.yourAddress) == [offer.packet.yourAddress])
    #expect(rack.asked.count == 2)
  }

  @Test("who asks again meanwhile is answered once, as it asked last")
  func probedAgain() throws {
    var rack = try Rack(.server, probes: true)
    var discover = rack.discover(.uefiX64)
    #expect(rack.hear(discover).isEmpty)
    discover.transactionID = TransactionID(rawValue: 7)
    #expect(rack.hear(discover).isEmpty)
    #expect(rack.turn(after: 250).map(\.packet.transactionID) == [TransactionID(rawValue: 7)])
    #expect(rack.turn(after: 250).isEmpty)
  }

  @Test("an address that somebody has rests, is told of with who has it, and another is offered")
  func conflict() throws {
    var rack = try Rack(.server, probes: true)
    let squatter = MACAddress(rawValue: 0x0200_0000_0042)
    #expect(rack.hear(rack.discover(.uefiX64)).isEmpty)
    #expect(rack.answer("10.0.1.0", from: squatter).isEmpty)
    #expect(rack.asked.map(\.targetAddress.description) == ["10.0.1.0", "10.0.1.1"])
    #expect(rack.messages.contains("is not offered 10.0.1.0, which 02:00:00:00:00:42 has without a lease"))
    let batch = rack.endpoint.takeWaiting()
    #expect(batch.map(\.change.lease.state) == [.declined])
    #expect(batch.map(\.change.lease.mac) == [squatter])
    #expect(rack.commit(batch).isEmpty)
    #expect(rack.turn(after: 250).map(\.packet.yourAddress.description) == ["10.0.1.1"])
    // Nobody gets it by asking for it, either.
    let other = MACAddress(rawValue: 0x5254_0000_0002)
    var request = rack.discover(nil, mac: other)
    request.options.set(.messageType, MessageType.request.rawValue)
    request.options.set(.requestedAddress, IPv4Address(rawValue: 0x0a00_0100))
    request.options.set(.serverIdentifier, Rack.address)
    #expect(rack.hear(request, from: other).map(\.packet.messageType) == [.nak])
  }

  @Test("what the client itself answers, strangers say or comes from ourselves is no conflict")
  func noConflict() throws {
    var rack = try Rack(.server, probes: true)
    #expect(rack.hear(rack.discover(.uefiX64)).isEmpty)
    for (address, mac) in [("10.0.1.0", Rack.client), ("10.0.1.0", Rack.station), ("10.0.9.9", Rack.client)] {
      #expect(rack.answer(address, from: mac).isEmpty)
    }
    #expect(rack.endpoint.waiting.isEmpty)
    #expect(rack.turn(after: 250).map(\.packet.yourAddress.description) == ["10.0.1.0"])
    #expect(rack.answer("10.0.1.0", from: MACAddress(rawValue: 0x0200_0000_0042)).isEmpty)
    #expect(rack.endpoint.waiting.isEmpty, "too late is for the client to see")
  }

  @Test("a client that took another server's offer, or a lease, is not offered what was asked for")
  func probedInVain() throws {
    var rack = try Rack(.server, probes: true)
    #expect(rack.hear(rack.discover(.uefiX64)).isEmpty)
    var request = rack.discover(.uefiX64)
    request.options.set(.messageType, MessageType.request.rawValue)
    request.options.set(.requestedAddress, IPv4Address(rawValue: 0x0a00_0909))
    request.options.set(.serverIdentifier, IPv4Address(rawValue: 0x0a00_0002))
    #expect(rack.hear(request).isEmpty)
    #expect(rack.turn(after: 250).isEmpty)
  }

  @Test("a whole rack is asked for at once and waits no longer than one; beyond the bound offers go out unasked")
  func probedTogether() throws {
    var rack = try Rack(.server, pool: 2048, probes: true)
    var offers = 0
    for number in 0..<UInt64(AddressProber.limit) + 10 {
      let mac = MACAddress(rawValue: 0x0200_0000_1000 + number)
      offers += rack.hear(rack.discover(nil, mac: mac), from: mac).count
    }
    #expect(offers == 10 && rack.endpoint.probing == AddressProber.limit)
    #expect(rack.turn(after: 100).isEmpty && rack.asked.count == 2 * AddressProber.limit)
    let rest = rack.turn(after: 150)
    #expect(Set(rest.map(\.packet.yourAddress)).count == AddressProber.limit)
    #expect(rack.endpoint.probing == 0)
  }

  @Test("a router that answers for every address does not empty the pool")
  func proxyARP() throws {
    var rack = try Rack(.server, probes: true)
    let router = MACAddress(rawValue: 0x0200_0000_00fe)
    var offered: [IPv4Address] = []
    for number in 0..<4 as Range<UInt64> {
      let mac = MACAddress(rawValue: 0x5254_0000_0010 + number)
      _ = rack.hear(rack.discover(nil, mac: mac), from: mac)
      var answered = 0
      while rack.asked.count > answered {
        answered = rack.asked.count
        if let last = rack.asked.last { _ = rack.answer(last.targetAddress.description, from: router) }
        _ = rack.commit(rack.endpoint.takeWaiting())
      }
      offered += rack.turn(after: 250).map(\.packet.yourAddress)
    }
    #expect(offered.count == 3, "the first tried all that are tried for one DISCOVER, and none is believed since")
  }

  @Test("machines behind relay agents, reserved ones and those that had their address before are not asked for")
  func unprobed() throws {
    var rack = try Rack(.server, relayed: ["10.1.0.0/24"], probes: true)
    let agent = try #require(IPv4Address("10.1.0.254"))
    #expect(rack.hear(relayed(rack.discover(.uefiX64), agent), by: agent).count == 1)
    let mac = MACAddress(rawValue: 0x5254_0000_0099)
    #expect(rack.hear(rack.discover(nil, mac: mac), from: mac).map(\.packet.yourAddress.description) == ["10.0.0.99"])
    #expect(rack.asked.isEmpty)
  }

  @Test("frames for other stations and addresses are not answered")
  func others() throws {
    var rack = try Rack(.server)
    let other = MACAddress(rawValue: 0x0200_0000_0099)
    #expect(rack.hear(rack.discover(.uefiX64), to: other, .broadcast).isEmpty)
    #expect(rack.hear(rack.discover(.uefiX64), to: Rack.station, try #require(IPv4Address("10.9.9.9"))).isEmpty)
    #expect(rack.hear(rack.discover(.uefiX64), to: .broadcast, try #require(IPv4Address("10.0.255.255"))).count == 1)
  }

  @Test("a bridge that took another hardware address since is still reached at its IP address")
  func bridge() throws {
    var rack = try Rack(.server)
    let taken = MACAddress(rawValue: 0x0200_0000_0098)
    #expect(rack.hear(rack.discover(.uefiX64), to: taken, Rack.address).count == 1)
  }

  @Test("a frame cut anywhere, or with any bit turned, is answered or dropped, never a crash")
  func damaged() throws {
    var rack = try Rack(.server)
    let whole = rack.frame(rack.discover(.uefiX64, isIPXE: true))
    for count in whole.indices { _ = rack.hear(bytes: Array(whole[..<count])) }
    for bit in 0..<whole.count * 8 {
      var turned = whole
      turned[bit / 8] ^= 1 << UInt8(bit % 8)
      _ = rack.hear(bytes: turned)
    }
  }
}

/// An endpoint at 10.0.0.1/16 and a client of it.
private struct Rack {
  enum Mode { case server, proxy }

  struct Heard {
    var frame: UDPFrame
    var packet: DHCPPacket
  }

  static let station = MACAddress(rawValue: 0x0200_0000_0001)
  static let client = MACAddress(rawValue: 0x5254_0000_0001)
  static let address = IPv4Address(rawValue: 0x0a00_0001)

  var endpoint: DHCPEndpoint
  var now = Timestamp(seconds: 1_000_000)
  /// Who was asked for by ARP.
  var asked: [ARPFrame] = []
  private let sink = EventList()

  /// - Parameter relayed: networks behind relay agents, the first at 10.0.0.2 of ours and so on.
  init(
    _ mode: Mode, pool: UInt32 = 100, relayed: [String] = [], clientRate: ClientRateLimiter.Rate? = nil,
    probes: Bool = false
  ) throws {
    let subnet = try #require(IPv4Prefix("10.0.0.0/16"))
    let first = IPv4Address(rawValue: Self.address.rawValue + 255)
    var server = DHCPServerConfiguration(
      subnet: subnet, pools: [first...IPv4Address(rawValue: first.rawValue + pool - 1)])
    server.probes = probes
    if probes {
      server.reservations = [
        .init(mac: MACAddress(rawValue: 0x5254_0000_0099), address: IPv4Address(rawValue: 0x0a00_0063))
      ]
    }
    var configuration = DHCPServiceConfiguration(
      interface: "rack0", mode: mode == .proxy ? .proxy : .server(server), address: Self.address)
    configuration.clientRate = clientRate
    for (number, text) in relayed.enumerated() {
      let subnet = try #require(IPv4Prefix(text))
      let first = IPv4Address(rawValue: subnet.network.rawValue + 100)
      configuration.relayed.append(
        DHCPRelayedNetwork(
          subnet: subnet, mode: .server(DHCPServerConfiguration(subnet: subnet, pools: [first...first])),
          address: IPv4Address(rawValue: Self.address.rawValue + 1 + UInt32(number))))
    }
    let ours = Set([Self.address] + configuration.relayed.map(\.address))
    endpoint = DHCPEndpoint(
      configuration,
      at: DHCPEndpoint.Station(mac: Self.station, addresses: ours, broadcasts: [subnet.last]),
      planner: BootPlanner(files: ["undionly.kpxe", "snponly.efi"]),
      events: sink, counters: DHCPCounters(interface: "rack0"), logger: Logger(label: "test"))
  }

  var events: [String] { sink.occurrences.map(\.reason) }
  var messages: [String] { sink.occurrences.map(\.message) }

  /// A DISCOVER; without an architecture, of a machine that does not boot from the network.
  func discover(_ architecture: ClientArchitecture?, isIPXE: Bool = false, mac: MACAddress = client) -> DHCPPacket {
    var packet = DHCPPacket(
      operation: .request, clientHardware: HardwareAddress(mac), transactionID: TransactionID(rawValue: 0x1234_5678))
    packet.options.set(.messageType, MessageType.discover.rawValue)
    guard let architecture else { return packet }
    let name = architecture.transport == .http ? "HTTPClient" : "PXEClient"
    packet.options.set(.vendorClass, "\(name):Arch:00000:UNDI:003000")
    packet.options.set(.clientArchitecture, architecture.rawValue)
    packet.options.set(.clientMachineIdentifier, [0] + (1...16))
    if isIPXE { packet.options.set(.userClass, "iPXE") }
    return packet
  }

  /// The REQUEST that takes an offer.
  func request(_ offer: Heard, mac: MACAddress = client) -> DHCPPacket {
    var packet = discover(.uefiX64, mac: mac)
    packet.options.set(.messageType, MessageType.request.rawValue)
    packet.options.set(.requestedAddress, offer.packet.yourAddress)
    packet.options.set(.serverIdentifier, offer.packet.serverIdentifier ?? Rack.address)
    return packet
  }

  func frame(
    _ packet: DHCPPacket, from mac: MACAddress = client, source: IPv4Address = .any, sourcePort: UInt16 = 68,
    to station: MACAddress = .broadcast, _ address: IPv4Address = .broadcast, port: UInt16 = 67
  ) -> [UInt8] {
    var payload = [UInt8]()
    packet.serialize(into: &payload)
    var bytes = [UInt8]()
    try? UDPFrame(
      destinationMAC: station, sourceMAC: mac, source: source, destination: address, sourcePort: sourcePort,
      destinationPort: port
    ).serialize(payload: payload.span, into: &bytes)
    return bytes
  }

  mutating func hear(
    _ packet: DHCPPacket, from mac: MACAddress = client, source: IPv4Address = .any, sourcePort: UInt16 = 68,
    to station: MACAddress = .broadcast, _ address: IPv4Address = .broadcast, port: UInt16 = 67
  ) -> [Heard] {
    hear(bytes: frame(packet, from: mac, source: source, sourcePort: sourcePort, to: station, address, port: port))
  }

  /// What a relay agent forwards to us.
  mutating func hear(_ packet: DHCPPacket, by agent: IPv4Address) -> [Heard] {
    hear(
      packet, from: MACAddress(rawValue: 0x0200_0000_00fe), source: agent, sourcePort: 67, to: Rack.station,
      Rack.address)
  }

  mutating func hear(bytes: [UInt8]) -> [Heard] {
    var sent = [Heard]()
    var asked = asked
    endpoint.receive(bytes.span, now: now) { Self.read($0, into: &sent, &asked) }
    self.asked = asked
    return sent
  }

  /// Lets time pass, and what is due be done.
  mutating func turn(after milliseconds: Int64) -> [Heard] {
    now = Timestamp(milliseconds: now.milliseconds + milliseconds)
    var sent = [Heard]()
    var asked = asked
    endpoint.turn(now: now) { Self.read($0, into: &sent, &asked) }
    self.asked = asked
    return sent
  }

  /// A station says that it has an address.
  mutating func answer(_ address: String, from mac: MACAddress) -> [Heard] {
    guard let address = IPv4Address(address) else { return [] }
    var bytes: [UInt8] = []
    ARPFrame(
      destinationMAC: Self.station, sourceMAC: mac, operation: ARPFrame.reply, senderMAC: mac, senderAddress: address,
      targetMAC: Self.station, targetAddress: .any
    ).serialize(into: &bytes)
    return hear(bytes: bytes)
  }

  mutating func commit(_ batch: [DHCPEndpoint.Waiting]) -> [Heard] {
    var sent = [Heard]()
    var asked = asked
    endpoint.committed(batch) { Self.read($0, into: &sent, &asked) }
    return sent
  }

  private static func read(_ bytes: Span<UInt8>, into sent: inout [Heard], _ asked: inout [ARPFrame]) {
    if let arp = ARPFrame(parsing: bytes) { return asked.append(arp) }
    do {
      let (frame, payload) = try UDPFrame.parse(bytes)
      sent.append(Heard(frame: frame, packet: try DHCPPacket(parsing: bytes.extracting(payload))))
    } catch {
      Issue.record("an unreadable frame was sent: \(error)")
    }
  }
}

private final class EventList: BootEventSink {
  private let list = Mutex([BootOccurrence]())
  var occurrences: [BootOccurrence] { list.withLock { $0 } }
  func report(_ occurrence: BootOccurrence, of subject: BootSubject) { list.withLock { $0.append(occurrence) } }
}
