import DHCP
import Testing
import Wire

@Suite("Who is served")
struct ClientFilterTests {
  private func filter(allow: [String]? = nil, deny: [String] = []) -> ClientFilter {
    ClientFilter(
      allowed: allow.map { Set($0.compactMap { MACPrefix($0) }) }, denied: Set(deny.compactMap { MACPrefix($0) }))
  }

  @Test("Without lists everybody; with a list of the denied all others; with one of the allowed nobody else")
  func lists() {
    #expect(filter().admits(mac(1)) && filter().admits(nil))
    #expect(!filter(deny: ["52:54:00"]).admits(mac(1)))
    #expect(filter(deny: ["52:54:01", "52:54:00:77:00:02"]).admits(mac(1)))
    #expect(filter(deny: ["52:54:00"]).admits(nil))
    #expect(filter(allow: ["52:54:00:77:00:01"]).admits(mac(1)))
    #expect(!filter(allow: ["52:54:00:77:00:01"]).admits(mac(2)))
    #expect(!filter(allow: []).admits(mac(1)) && !filter(allow: []).admits(nil))
  }

  @Test("What matches longest decides, in whichever list it is")
  func longest() {
    let one = filter(allow: ["any", "52:54:00:77:00:01"], deny: ["52:54:00"])
    #expect(one.admits(mac(1)) && !one.admits(mac(2)) && one.admits(MACAddress(rawValue: 0x0200_0000_0001)))
    let other = filter(allow: ["52:54"], deny: ["52:54:00:77:00:01", "52"])
    #expect(!other.admits(mac(1)) && other.admits(mac(2)) && !other.admits(MACAddress(rawValue: 0x5200_0000_0001)))
    #expect(filter(allow: ["52:54", "00"], deny: ["52:54", "52"]).contradictions.map(\.description) == ["52:54"])
  }

  @Test("Who is not served gets no answer whatever it sends; reserved machines do")
  func server() throws {
    let responder = { DHCPResponder(mode: .server(.test), clients: self.filter(allow: []), leases: $0) }
    let arrival = DHCPArrival.test()
    let lease = DHCPLease(
      address: address(100), client: ClientIdentity(mac(1)), mac: mac(1), hostName: nil, state: .bound,
      expires: Timestamp(seconds: 2_000_000))
    var strict = responder([lease])
    func decide(_ packet: DHCPPacket, _ port: UInt16 = 67) -> DHCPDecision {
      var arrival = arrival
      arrival.destinationPort = port
      return strict.decide(
        packet, from: PXEClient(packet), arrival: arrival, boot: .file(server: address(1), name: "x"),
        now: Timestamp(seconds: 1_000_000))
    }
    for type in [MessageType.discover, .request, .inform, .release, .decline] {
      let packet = DHCPPacket.message(type, 1) {
        $0.options.set(.requestedAddress, address(100))
        if type != .discover && type != .decline { $0.clientAddress = address(100) }
      }
      #expect(decide(packet) == .ignore(.notAllowed))
    }
    #expect(decide(try .read(Fixture.uefiBootServerRequest), 4011) == .ignore(.notAllowed))
    guard case .reply(let offer) = decide(.message(.discover, 5)) else {
      Issue.record("the reserved machine is not served")
      return
    }
    #expect(offer.packet.yourAddress == address(50))
  }

  @Test("A proxy boots those that are served")
  func proxy() throws {
    let packet = try DHCPPacket.read(Fixture.biosDiscover)
    for (list, isServed) in [(["52:54:00"], false), (["52:54:01"], true)] {
      var responder = DHCPResponder(mode: .proxy, clients: filter(deny: list))
      let decision = responder.decide(
        packet, from: PXEClient(packet), arrival: .test(), boot: .file(server: address(1), name: "x"),
        now: Timestamp(seconds: 1_000_000))
      #expect((decision == .ignore(.notAllowed)) == !isServed)
    }
  }
}
