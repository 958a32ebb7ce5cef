import BareMetal
import DHCP
import Logging
import Testing
import Wire

@testable import BootServices

@Suite("Leases of other servers, on their way to the link's thread", .timeLimit(.minutes(1)))
struct LeaseIntakeTests {
  private func lease(_ text: String, _ machine: UInt64) throws -> Lease {
    let mac = MACAddress(rawValue: 0x5254_0000_0000 + machine)
    return Lease(
      address: try #require(IPv4Address(text)), client: [1] + mac.bytes, mac: mac, hostname: nil, state: .bound,
      expires: Timestamp(seconds: 2_000_000))
  }

  private func configuration() throws -> DHCPServiceConfiguration {
    let subnet = try #require(IPv4Prefix("10.0.0.0/24"))
    let pool = try #require(IPv4Address("10.0.0.100"))...(try #require(IPv4Address("10.0.0.200")))
    return DHCPServiceConfiguration(
      interface: "rack0", mode: .server(DHCPServerConfiguration(subnet: subnet, pools: [pool])),
      address: try #require(IPv4Address("10.0.0.1")))
  }

  private final class Silence: BootEventSink {
    func report(_ occurrence: BootOccurrence, of subject: BootSubject) {}
  }

  private func endpoint() throws -> DHCPEndpoint {
    let address = try #require(IPv4Address("10.0.0.1"))
    return DHCPEndpoint(
      try configuration(),
      at: DHCPEndpoint.Station(mac: MACAddress(rawValue: 0x0200_0000_0001), addresses: [address], broadcasts: []),
      planner: BootPlanner(files: []), events: Silence(), counters: DHCPCounters(interface: "rack0"),
      logger: Logger(label: "test"))
  }

  @Test("each is told of when it is durable, in its order; those of no network are refused at once")
  func adopted() async throws {
    let intake = LeaseIntake()
    let (wakes, wake) = AsyncStream.makeStream(of: Void.self)
    intake.open { wake.yield() }
    let adopter = LeaseAdoptions([(try configuration(), intake)])
    let leases = [try lease("10.0.0.100", 1), try lease("10.9.0.1", 2), try lease("10.0.0.20", 3)]
    async let outcomes = adopter.adopt(leases)
    for await _ in wakes { break }
    var endpoint = try endpoint()
    for order in intake.takeOrders() { endpoint.adopt(order, now: Timestamp(seconds: 1_000_000)) }
    let batch = endpoint.takeWaiting()
    #expect(batch.map(\.change.lease.address) == [leases[0].address])
    endpoint.committed(batch) { _ in }
    #expect(
      await outcomes == [
        LeaseAdoption(address: leases[0].address),
        LeaseAdoption(address: leases[1].address, refusal: "no network that addresses are given out in has it"),
        LeaseAdoption(address: leases[2].address, refusal: "it is given to nobody here: it is in no pool"),
      ])
  }

  @Test("a store that fails, a link that ends and one that is not open are told of")
  func failed() async throws {
    let intake = LeaseIntake()
    let adopter = LeaseAdoptions([(try configuration(), intake)])
    let lease = try lease("10.0.0.100", 1)
    let refusal = { (outcomes: [LeaseAdoption]) in outcomes.map { $0.refusal ?? "" } }
    #expect(refusal(await adopter.adopt([lease])) == ["its interface is not served at the moment"])
    let (wakes, wake) = AsyncStream.makeStream(of: Void.self)
    var iterator = wakes.makeAsyncIterator()
    intake.open { wake.yield() }

    async let failing = adopter.adopt([lease])
    await iterator.next()
    var endpoint = try endpoint()
    for order in intake.takeOrders() { endpoint.adopt(order, now: Timestamp(seconds: 1_000_000)) }
    endpoint.failed(endpoint.takeWaiting())
    #expect(refusal(await failing) == ["it could not be stored"])

    async let lost = adopter.adopt([lease])
    await iterator.next()
    for order in intake.takeOrders() { endpoint.adopt(order, now: Timestamp(seconds: 1_000_000)) }
    _ = endpoint.takeWaiting()
    #expect(refusal(await lost) == ["the interface was lost meanwhile"])

    async let closed = adopter.adopt([lease])
    await iterator.next()
    intake.close()
    #expect(refusal(await closed) == ["its interface is not served at the moment"])
  }
}
