import BareMetal
import DHCP
import Logging
import Synchronization
import Testing
import Wire

@testable import BootServices

@Suite("DHCPv6 endpoint")
struct DHCPv6EndpointTests {
  /// What was reported, in order.
  final class Journal: BootEventSink {
    let events = Mutex<[(BootOccurrence, BootSubject)]>([])
    func report(_ occurrence: BootOccurrence, of subject: BootSubject) {
      events.withLock { $0.append((occurrence, subject)) }
    }
  }

  static let source = IPv6Address(rawValue: 0xfe80 << 112 | 0x5054_00ff_fe77_0002)
  static let uuid = SystemUUID(high: 0x1f0c_6a50_5b1d_4e0c, low: 0x9a02_5254_0077_0002)

  private func endpoint(_ journal: Journal) throws -> DHCPv6Endpoint {
    let server = DHCPv6ServerConfiguration(
      serverIdentifier: DUID(SystemUUID(high: 1, low: 2)), prefix: try #require(IPv6Prefix("fd77::/64")),
      pools: [try #require(IPv6Address("fd77::1:0"))...(try #require(IPv6Address("fd77::1:ff")))])
    return DHCPv6Endpoint(
      DHCPv6ServiceConfiguration(
        interface: "eth0", server: server, bootAddress: try #require(IPv6Address("fd77::1"))),
      planner: BootPlanner(files: ["snponly.efi", "undionly.kpxe"]), events: journal,
      counters: DHCPv6Counters(interface: "eth0"), logger: Logger(label: "test"))
  }

  /// A message to it from the client's card.
  private func send(_ bytes: [UInt8], to endpoint: inout DHCPv6Endpoint) -> DHCPv6Endpoint.Answer? {
    endpoint.receive(bytes.span, DHCPv6Arrival(source: Self.source), now: Timestamp(seconds: 1))
  }

  private func message(
    _ type: DHCPv6MessageType, server: Bool = false, _ options: (DHCPv6OptionCode, [UInt8])...
  ) -> [UInt8] {
    var packet = DHCPv6Packet(type: type, transactionID: 7)
    packet.options.append(.clientIdentifier, [0, 4] + Self.uuid.mixedEndianBytes)
    if server { packet.options.append(.serverIdentifier, DUID(SystemUUID(high: 1, low: 2)).bytes) }
    packet.options.append(.identityAssociation, IdentityAssociation(identifier: 5).bytes)
    for (code, value) in options { packet.options.append(code, value) }
    var bytes: [UInt8] = []
    packet.serialize(into: &bytes)
    return bytes
  }

  private func vendorClass(_ name: String) -> [UInt8] { [0, 0, 1, 0x57, 0, UInt8(name.utf8.count)] + name.utf8 }

  @Test("what a client boots is named by a URL with our IPv6 address: PXE, HTTP boot, iPXE")
  func urls() throws {
    let journal = Journal()
    var endpoint = try endpoint(journal)
    let clients: [([UInt8], String?)] = [
      (
        message(
          .solicit, (.vendorClass, vendorClass("PXEClient:Arch:00007:UNDI:003001")), (.clientArchitecture, [0, 7])),
        "tftp://[fd77::1]/snponly.efi"
      ),
      (
        message(
          .solicit, (.vendorClass, vendorClass("HTTPClient:Arch:00016:UNDI:003001")), (.clientArchitecture, [0, 16])),
        "http://[fd77::1]:8081/tftp/snponly.efi"
      ),
      (
        message(.solicit, (.userClass, [0, 4] + Array("iPXE".utf8)), (.clientArchitecture, [0, 7])),
        "http://[fd77::1]:8081/boot.ipxe"
      ),
      (message(.solicit), nil),
    ]
    for (bytes, url) in clients {
      let sent = send(bytes, to: &endpoint)
      let answer = try #require(sent)
      let reply = try DHCPv6Packet(parsing: answer.bytes.span)
      #expect(reply.options[.bootFileURL].map { String(decoding: $0, as: UTF8.self) } == url)
    }
  }

  @Test("nothing changes before the store has it, and the journal knows the machine by card, UUID and address")
  func durable() throws {
    let journal = Journal()
    var endpoint = try endpoint(journal)
    let options: (DHCPv6OptionCode, [UInt8]) = (.vendorClass, vendorClass("PXEClient:Arch:00007:UNDI:003001"))
    let offered = send(message(.solicit, options), to: &endpoint)
    let offer = try #require(offered)
    #expect(offer.changes.isEmpty)
    endpoint.sent(offer)
    let request = message(.request, server: true, options)
    let first = send(request, to: &endpoint)
    let lost = try #require(first)
    // The store failed: nobody says committed, and the next REQUEST needs the same change again.
    let second = send(request, to: &endpoint)
    let answer = try #require(second)
    #expect(!answer.changes.isEmpty && answer.changes == lost.changes)
    endpoint.committed(answer)
    endpoint.sent(answer)
    let given = try DHCPv6Packet(parsing: answer.bytes.span).identityAssociations().first?.addresses.first?.address
    let address = try #require(given)
    let events = journal.events.withLock { $0 }
    #expect(events.map { $0.0.reason } == ["Discovered", "OfferSent", "Acknowledged"])
    #expect(
      events.last?.1
        == BootSubject(mac: MACAddress(rawValue: 0x5254_0077_0002), uuid: Self.uuid, address: .v6(address)))
  }

  @Test("nonsense is passed over")
  func nonsense() throws {
    var endpoint = try endpoint(Journal())
    let relayed = [12] + [UInt8](repeating: 0, count: 60)
    for bytes: [UInt8] in [[], [1], [1, 0, 0, 0], relayed, [1, 0, 0, 0, 0, 1, 255, 255]] {
      let answer = send(bytes, to: &endpoint)
      #expect(answer == nil)
    }
  }

  @Test("router advertisements that hosts ask for are so many a second, and no more")
  func budget() {
    var budget = AnswerBudget(perSecond: 3)
    let now = ContinuousClock.now
    let moments = Array(repeating: now, count: 5) + [now + .milliseconds(999), now + .seconds(1)]
    let answers = moments.map { budget.take(at: $0) }
    #expect(answers == [true, true, true, false, false, false, true])
  }
}
