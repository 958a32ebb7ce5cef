import DHCP
import Testing
import Wire

@Suite("Taking leases over from another server")
struct AdoptionTests {
  private func lease(
    _ machine: UInt64, _ host: UInt32, _ state: DHCPLease.State = .bound, hours: Int64 = 1
  ) -> DHCPLease {
    DHCPLease(
      address: address(host), client: ClientIdentity(mac(machine)), mac: mac(machine), hostName: nil, state: state,
      expires: Timestamp(seconds: 1_000_000 + hours * 3600))
  }

  /// Takes a lease over; why not, if not.
  private func adopt(_ server: TestServer, _ lease: DHCPLease) -> LeaseRefusal? {
    do throws(LeaseRefusal) {
      let change = try server.responder.adopt(lease, now: server.now)
      server.responder.confirm(change)
      return nil
    } catch {
      return error
    }
  }

  @Test("Its client keeps the address, and nobody else gets it")
  func adopted() {
    let server = TestServer()
    #expect(adopt(server, lease(1, 100)) == nil)
    #expect(server.reply(.extending(1, address(100)))?.packet.messageType == .ack)
    #expect(server.bind(2) == address(101))
    #expect(adopt(server, lease(5, 50)) == nil, "where it is reserved")
    #expect(adopt(server, lease(9, 103, .declined)) == nil)
    #expect(server.bind(3, wish: address(103)) == address(102))
  }

  @Test("What could not be given out here is refused, with the reason")
  func refused() {
    let server = TestServer()
    #expect(server.bind(1) == address(100))
    #expect(server.reply(.message(.discover, 8)) != nil)
    for (lease, refusal) in [
      (lease(2, 100), LeaseRefusal.taken(by: ClientIdentity(mac(1)))), (lease(1, 100), .known),
      (lease(1, 105), .leasedElsewhere(address(100))), (lease(2, 101), .taken(by: ClientIdentity(mac(8)))),
      (lease(2, 20), .notGivenOut), (lease(2, 50), .reservedForAnother),
      (lease(5, 105), .reservedElsewhere(address(50))),
      (lease(2, 105, hours: 0), .over), (lease(2, 600), .notServed),
      (lease(2, 100, .declined), .taken(by: ClientIdentity(mac(1)))),
    ] {
      #expect(adopt(server, lease) == refusal)
      #expect(!refusal.description.isEmpty)
    }
    #expect(server.lease(1)?.address == address(100))
    #expect(adopt(server, lease(1, 100, hours: 2)) == nil, "it is longer there")
    #expect(server.responder.leases?.count == 1)
    var proxy = DHCPResponder(mode: .proxy)
    #expect(throws: LeaseRefusal.notServed) { try proxy.adopt(lease(1, 100), now: server.now) }
  }

  @Test("What a machine had here before, and lost, makes way")
  func freed() {
    let server = TestServer()
    #expect(server.bind(1) == address(100))
    server.now = server.now.advanced(bySeconds: 4000)
    #expect(adopt(server, lease(1, 105, hours: 5)) == nil)
    #expect(server.responder.leases?.lease(at: address(100)) == nil)
    #expect(server.lease(1)?.address == address(105))
  }

  @Test("While its change is on the way, nothing else is done with it")
  func busy() throws {
    let server = TestServer()
    let change = try server.responder.adopt(lease(1, 100), now: server.now)
    #expect(adopt(server, lease(1, 100)) == .busy)
    #expect(server.bind(2) == address(101))
    server.responder.reject(change)
    #expect(adopt(server, lease(1, 100)) == nil)
  }
}
