import DHCP
import Testing
import Wire

@Suite("Asking for an address before it is offered")
struct AddressProbeTests {
  private func server(_ last: UInt32 = 101) -> TestServer {
    var configuration = DHCPServerConfiguration.test
    configuration.pools = [address(100)...address(last)]
    configuration.probes = true
    return TestServer(configuration)
  }

  private func asked(_ server: TestServer, _ machine: UInt64) -> AddressProbe? {
    guard case .probe(let probe) = server.decide(.message(.discover, machine)) else { return nil }
    return probe
  }

  /// The address that a machine binds, nobody else having it.
  private func bind(_ server: TestServer, _ machine: UInt64) -> IPv4Address? {
    if let probe = asked(server, machine) { #expect(server.responder.prove(probe) == true) }
    return server.bind(machine)
  }

  @Test("Only what a client did not have before is asked for, and held for it meanwhile")
  func first() throws {
    let server = server()
    let probe = try #require(asked(server, 1))
    #expect(probe.address == address(100) && probe.client == ClientIdentity(mac(1)) && probe.mac == mac(1))
    #expect(asked(server, 1) == probe)
    #expect(asked(server, 2)?.address == address(101))
    #expect(server.responder.prove(probe) == true)
    #expect(server.bind(1) == address(100))
    // Leases that ran out, too.
    server.now = server.now.advanced(bySeconds: 10_000)
    #expect(server.bind(1) == address(100))
    #expect(server.bind(5) == address(50), "reserved")
    #expect(server.decide(.message(.discover, 3) { $0.relayAgent = address(254) }) != .ignore(.noFreeAddress))
  }

  @Test("An address that passes to another machine is asked for: who had it may still use it")
  func reuse() {
    let server = server(100)
    #expect(bind(server, 1) == address(100))
    server.now = server.now.advanced(bySeconds: 10_000)
    #expect(asked(server, 2)?.address == address(100))
  }

  @Test("What was asked for long ago is asked for again")
  func stale() throws {
    let server = server(100)
    let probe = try #require(asked(server, 1))
    #expect(server.responder.prove(probe) == true)
    server.now = server.now.advanced(bySeconds: 30)
    #expect(server.reply(.message(.discover, 1))?.packet.yourAddress == address(100))
    server.now = server.now.advanced(bySeconds: 61)
    #expect(asked(server, 1) != nil)
  }

  @Test("Who has an address is on record, keeps its own lease, and the address comes back after its time")
  func refuted() throws {
    let server = server(102)
    #expect(bind(server, 9) == address(100))
    let probe = try #require(asked(server, 1))
    let refuted = server.responder.refute(probe, holder: mac(9), now: server.now)
    let change = try #require(refuted)
    #expect(change.freed == nil)
    #expect(change.lease.state == .declined && change.lease.mac == mac(9))
    #expect(asked(server, 1)?.address == address(102))
    server.responder.confirm(change)
    #expect(server.lease(9)?.address == address(100))
    #expect(asked(server, 2) == nil)
    server.now = server.now.advanced(bySeconds: 3600)
    #expect(server.responder.leases?.lease(at: address(101))?.isActive(at: server.now) == false)
    #expect(bind(server, 2) != nil)
  }

  @Test("An answer that comes when the address is somebody's by now changes nothing")
  func late() throws {
    let server = server(100)
    #expect(bind(server, 2) == address(100))
    server.now = server.now.advanced(bySeconds: 4000)
    let probe = try #require(asked(server, 1))
    // Who had it last comes back, and comes first.
    #expect(server.bind(2) == address(100))
    #expect(server.responder.refute(probe, holder: mac(2), now: server.now) == nil)
    #expect(server.responder.prove(probe) == false)
    #expect(server.lease(2)?.state == .bound)
  }

  @Test("A store that fails leaves the address to be asked for again")
  func rejected() throws {
    let server = server(100)
    let probe = try #require(asked(server, 1))
    let refuted = server.responder.refute(probe, holder: mac(9), now: server.now)
    let change = try #require(refuted)
    #expect(server.decide(.message(.discover, 1)) == .ignore(.noFreeAddress))
    server.responder.reject(change)
    #expect(asked(server, 1) == probe)
  }
}
