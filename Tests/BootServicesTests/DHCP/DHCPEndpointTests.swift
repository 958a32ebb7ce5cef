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
    #expect(rack.messages.contains("refused: no boot program for uefiARM64 is installed"))
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
  private let sink = EventList()

  init(_ mode: Mode, pool: UInt32 = 100) throws {
    let subnet = try #require(IPv4Prefix("10.0.0.0/16"))
    let first = IPv4Address(rawValue: Self.address.rawValue + 255)
    let server = DHCPServerConfiguration(
      subnet: subnet, pools: [first...IPv4Address(rawValue: first.rawValue + pool - 1)])
    let configuration = DHCPServiceConfiguration(
      interface: "rack0", mode: mode == .proxy ? .proxy : .server(server), address: Self.address)
    endpoint = DHCPEndpoint(
      configuration,
      at: DHCPEndpoint.Station(mac: Self.station, addresses: [Self.address], broadcasts: [subnet.last]),
      responder: DHCPResponder(mode: configuration.mode),
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
    packet.options.set(.serverIdentifier, Rack.address)
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

  mutating func hear(bytes: [UInt8]) -> [Heard] {
    var sent = [Heard]()
    endpoint.receive(bytes.span, now: Timestamp(seconds: 1_000_000)) { Self.read($0, into: &sent) }
    return sent
  }

  mutating func commit(_ batch: [DHCPEndpoint.Waiting]) -> [Heard] {
    var sent = [Heard]()
    endpoint.committed(batch) { Self.read($0, into: &sent) }
    return sent
  }

  private static func read(_ bytes: Span<UInt8>, into sent: inout [Heard]) {
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
