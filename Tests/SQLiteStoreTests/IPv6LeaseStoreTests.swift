import BareMetal
import SQLiteStore
import Testing
import Wire

@Suite("IPv6 leases in SQLite", .timeLimit(.minutes(1)))
struct IPv6LeaseStoreTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  func open() throws -> SQLiteLeaseStore { try SQLiteLeaseStore(path: directory.file("leases.sqlite")) }

  static func lease(_ number: UInt128, hostname: String? = nil, state: Lease.State = .bound) -> IPv6Lease {
    IPv6Lease(
      address: IPv6Address(rawValue: 0xfd77 << 112 | number), client: [0, 1, 2, 3, 4, 5, UInt8(number)],
      hostname: hostname, state: state, expires: Timestamp(milliseconds: 1_763_829_830_123))
  }

  @Test("leases read back after a restart as they were written, beside those of IPv4")
  func roundTrip() async throws {
    let kept = [Self.lease(1, hostname: "node-\u{fc}"), Self.lease(2, state: .declined)]
    var store = try open()
    try await store.commit(kept.map { .put($0) } + [.put(Self.lease(3)), .remove(Self.lease(3).address)])
    try await store.commit([.put(SQLiteLeaseStoreTests.lease(7))])
    try await store.commit([IPv6LeaseChange]())
    store.close()
    store = try open()
    #expect(try await store.ipv6Leases() == kept)
    #expect(try await store.leases() == [SQLiteLeaseStoreTests.lease(7)])
    try await store.commit(kept.map { .remove($0.address) })
    #expect(try await store.ipv6Leases().isEmpty)
  }

  @Test("the server is known by its first UUID for ever")
  func identity() async throws {
    let first = SystemUUID(high: 1, low: 2)
    var store = try open()
    #expect(try await store.serverUUID(first: first) == first)
    #expect(try await store.serverUUID(first: SystemUUID(high: 3, low: 4)) == first)
    store.close()
    store = try open()
    #expect(try await store.serverUUID(first: SystemUUID(high: 5, low: 6)) == first)
  }
}
