import BareMetal
import SQLiteStore
import Testing
import Wire

@Suite("Leases in SQLite", .timeLimit(.minutes(1)))
struct SQLiteLeaseStoreTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  func open() throws -> SQLiteLeaseStore { try SQLiteLeaseStore(path: directory.file("leases.sqlite")) }

  static func lease(_ number: UInt32, hostname: String? = nil) -> Lease {
    Lease(
      address: IPv4Address(rawValue: 0x0a00_0000 + number), client: [1] + MACAddress(rawValue: UInt64(number)).bytes,
      mac: MACAddress(rawValue: UInt64(number)), hostname: hostname, state: .bound,
      expires: Timestamp(milliseconds: 1_763_829_830_123))
  }

  @Test(
    "A lease reads back as it was written",
    arguments: [
      lease(1), lease(2, hostname: "node-ü"),
      Lease(
        address: .broadcast, client: [], mac: .broadcast, hostname: "", state: .declined,
        expires: Timestamp(milliseconds: .max)),
      Lease(
        address: .any, client: [UInt8](repeating: 0xff, count: 255), mac: .zero, hostname: nil, state: .bound,
        expires: Timestamp(milliseconds: .min)),
    ])
  func roundTrip(lease: Lease) async throws {
    let store = try open()
    try await store.commit([.put(lease)])
    #expect(try await store.leases() == [lease])
  }

  @Test("A batch is applied in its order, and a lease replaces its address's last one")
  func order() async throws {
    let store = try open()
    let renamed = Self.lease(1, hostname: "renamed")
    try await store.commit([
      .put(Self.lease(1)), .put(Self.lease(2)), .remove(Self.lease(2).address), .put(Self.lease(3)), .put(renamed),
      .remove(Self.lease(99).address),
    ])
    #expect(try await store.leases() == [renamed, Self.lease(3)])
    try await store.commit([LeaseChange]())
    try await store.commit([.remove(renamed.address), .remove(Self.lease(3).address)])
    #expect(try await store.leases().isEmpty)
  }

  @Test("Ten thousand leases in one batch are there after a restart")
  func many() async throws {
    let leases = (0..<10_000).map { Self.lease($0) }
    var store = try open()
    try await store.commit(leases.map { .put($0) })
    store.close()
    store = try open()
    #expect(try await store.leases() == leases)
  }

  @Test("Concurrent batches all arrive")
  func concurrent() async throws {
    let store = try open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<50 as Range<UInt32> {
        group.addTask { try await store.commit([.put(Self.lease(number)), .put(Self.lease(1000 + number))]) }
      }
      try await group.waitForAll()
    }
    #expect(try await store.leases().count == 100)
  }

  @Test("After closing, calls fail as unavailable")
  func closing() async throws {
    let store = try open()
    store.close()
    await #expect { try await store.leases() } throws: { $0.message.contains("is closed") }
    await #expect { try await store.commit([.put(Self.lease(1))]) } throws: { $0.message.contains("is closed") }
  }
}
