import BareMetal
import Foundation
import Glibc
import HTTPTypes
import Testing
import Wire

@testable import HTTPServices

@Suite("Administration", .timeLimit(.minutes(1)))
struct AdminTests {
  static let servers = "/apis/metal.sidero.dev/v1alpha2/servers"

  func admin(_ rack: Rack, onListening: @escaping @Sendable () async -> Void = {}) -> AdminAPI {
    AdminAPI(
      socketPath: rack.folder + "/admin.sock", version: "1.2.3", store: rack.store, journal: rack.journal,
      servers: rack.servers, logger: quiet, onListening: onListening)
  }

  func server(_ last: Int) -> Server {
    Server(
      metadata: ObjectMeta(name: "4c4c4544-0051-3610-8052-b4c04f4d463\(last)"), spec: ServerSpec(hostname: "r\(last)"),
      status: ServerStatus())
  }

  func json(_ answer: Answer) throws -> JSONValue {
    try JSONDecoder().decode(JSONValue.self, from: Data(answer.body))
  }

  @Test("Servers are listed as Kubernetes lists them, and decode as what they are")
  func list() async throws {
    let rack = try Rack()
    for last in [2, 1] { _ = try await rack.store.create(server(last)) }
    let answer = try await send(admin(rack).responder(), .get, Self.servers)
    #expect(answer.status == 200)
    guard case .object(let list) = try json(answer) else { throw NotListening() }
    #expect(list["apiVersion"] == .string("metal.sidero.dev/v1alpha2"))
    #expect(list["kind"] == .string("ServerList"))
    #expect(list["metadata"] == .object(["resourceVersion": .string("2")]))
    struct Items: Decodable { var items: [Server] }
    let items = try JSONDecoder().decode(Items.self, from: Data(answer.body)).items
    #expect(items.map(\.spec.hostname) == ["r1", "r2"])
  }

  @Test("Leases are listed as they are stored; where none are kept there are none")
  func leases() async throws {
    struct Kept: LeaseStore {
      let kept: [Lease]
      func leases() async throws(StoreError) -> [Lease] { kept }
      func commit(_ changes: [LeaseChange]) async throws(StoreError) { throw .unavailable(message: "read only") }
    }
    let rack = try Rack()
    let lease = Lease(
      address: IPv4Address(rawValue: 0x0a00_0064), client: [1, 2, 3], mac: MACAddress(rawValue: 0x5254_0000_0001),
      hostname: "node-1", state: .bound, expires: Timestamp(seconds: 1_700_000_000))
    let api = AdminAPI(
      socketPath: rack.folder + "/admin.sock", version: "1", store: rack.store, journal: rack.journal,
      leases: Kept(kept: [lease]), servers: rack.servers, logger: quiet)
    let answer = try await send(api.responder(), .get, "/leases")
    #expect(try JSONDecoder().decode([Lease].self, from: Data(answer.body)) == [lease])
    let none = try await send(admin(rack).responder(), .get, "/leases")
    #expect(try JSONDecoder().decode([Lease].self, from: Data(none.body)).isEmpty)
  }

  @Test("A Server is shown by name; one that is not there is a Status that says so")
  func get() async throws {
    let rack = try Rack()
    let stored = try await rack.store.create(server(1))
    let found = try await send(admin(rack).responder(), .get, "\(Self.servers)/\(stored.metadata.name)")
    #expect(try JSONDecoder().decode(Server.self, from: Data(found.body)) == stored)
    let missing = try await send(admin(rack).responder(), .get, "\(Self.servers)/nobody")
    #expect(missing.status == 404)
    #expect(
      missing.text
        == #"{"apiVersion":"v1","code":404,"kind":"Status","message":"servers \"nobody\" not found","metadata":{},"#
        + #""reason":"NotFound","status":"Failure"}"# + "\n")
  }

  @Test(
    "What is not there is a Status, too",
    arguments: ["/", "/apis", "/apis/metal.sidero.dev/v1alpha2/", "/apis/metal.sidero.dev/v1alpha2/cows", "/boots/x"])
  func nothing(_ path: String) async throws {
    let answer = try await send(admin(try Rack()).responder(), .get, path)
    #expect(answer.status == 404)
    guard case .object(let status) = try json(answer) else { throw NotListening() }
    #expect(status["kind"] == .string("Status"))
    #expect(status["reason"] == .string("NotFound"))
  }

  @Test("A store that fails is ServiceUnavailable")
  func unavailable() async throws {
    let rack = try Rack(store: MemoryStore(failure: .unavailable))
    let answer = try await send(admin(rack).responder(), .get, Self.servers)
    #expect(answer.status == 503)
    #expect(answer.text.contains(#""reason":"ServiceUnavailable""#))
  }

  @Test("The journal's records and the version")
  func boots() async throws {
    let rack = try Rack()
    rack.journal.report(.agent(message: "hello"), of: BootSubject(mac: MACAddress(rawValue: 0x5254_0012_3456)))
    let boots = try await send(admin(rack).responder(), .get, "/boots")
    let records = try JSONDecoder().decode([BootRecord].self, from: Data(boots.body))
    #expect(records == rack.journal.records())
    let version = try await send(admin(rack).responder(), .get, "/version")
    #expect(version.text == "{\"version\":\"1.2.3\"}\n")
  }

  @Test("The socket lets owner and group in, and goes with the daemon")
  func permissions() async throws {
    let rack = try Rack()
    let path = rack.folder + "/admin.sock"
    try await serving(rack) {
      var status = stat()
      #expect(lstat(path, &status) == 0)
      #expect(status.st_mode & S_IFMT == S_IFSOCK)
      #expect(status.st_mode & 0o777 == 0o660)
      #expect(await ReadinessCheck.http(socketPath: path).run() == nil)
      let connection = try await RawConnection.open(socketPath: path)
      try await connection.write("GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      #expect(await connection.rest().contains("1.2.3"))
    }
    #expect(access(path, F_OK) == -1)
    #expect(await ReadinessCheck.http(socketPath: path).run() == "nothing answers")
  }

  @Test("A socket that a killed daemon left is replaced")
  func stale() async throws {
    let rack = try Rack()
    let path = rack.folder + "/admin.sock"
    leaveSocket(path)
    #expect(access(path, F_OK) == 0)
    try await serving(rack) {
      #expect(await ReadinessCheck.http(socketPath: path).run() == nil)
    }
  }

  @Test("A socket on which somebody answers is left alone")
  func inUse() async throws {
    let rack = try Rack()
    let path = rack.folder + "/admin.sock"
    try await serving(rack) {
      let error = await #expect(throws: ListenError.self) { try await admin(rack).run() }
      #expect(error?.description == "cannot listen on \(path): another siderite answers there: stop it first")
      #expect(await ReadinessCheck.http(socketPath: path).run() == nil)
    }
  }

  @Test("A file that is no socket is left alone")
  func file() async throws {
    let rack = try Rack()
    let path = rack.folder + "/admin.sock"
    try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
    let error = await #expect(throws: ListenError.self) { try await admin(rack).run() }
    #expect(error?.errno == EEXIST)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("precious".utf8))
  }

  @Test("A directory that is not there is one line")
  func directory() async throws {
    let rack = try Rack()
    let api = AdminAPI(
      socketPath: rack.folder + "/none/admin.sock", version: "", store: rack.store, journal: rack.journal,
      servers: rack.servers, logger: quiet)
    let error = await #expect(throws: ListenError.self) { try await api.run() }
    #expect(error?.message == "its directory does not exist")
  }

  @Test("A watch gives an update a line, and ends when the daemon shuts down")
  func watch() async throws {
    let rack = try Rack()
    let connection = try await serving(rack) {
      let connection = try await RawConnection.open(socketPath: rack.folder + "/admin.sock")
      try await connection.write("GET /boots?watch=true HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(await connection.until("\r\n\r\n").contains("ransfer-"))
      for message in ["one", "two"] {
        rack.journal.report(.agent(message: message), of: BootSubject(address: .loopback))
      }
      let lines = await connection.until("two")
      let begin = try #require(lines.firstIndex(of: "{"))
      let update = lines[begin...].prefix { $0 != "\n" }
      let decoded = try JSONDecoder().decode(BootJournal.Update.self, from: Data(update.utf8))
      #expect(decoded.address == .loopback)
      #expect(decoded.event == rack.journal.records().first?.events.first)
      return connection
    }
    #expect(await connection.rest().hasSuffix("0\r\n\r\n"))
  }

  @Test("A watcher that leaves makes room for another; too many are refused")
  func watchers() async throws {
    let rack = try Rack()
    try await serving(rack) {
      let streams = (0..<(BootJournal.Limits.followers - 1)).map { _ in rack.journal.follow() }
      let first = try await RawConnection.open(socketPath: rack.folder + "/admin.sock")
      try await first.write("GET /boots?watch=true HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(await first.until("\r\n\r\n").hasPrefix("HTTP/1.1 200"))
      let second = try await RawConnection.open(socketPath: rack.folder + "/admin.sock")
      try await second.write("GET /boots?watch=true HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
      #expect(await second.rest().hasPrefix("HTTP/1.1 503"))
      try await first.close()
      // The daemon notices in its own time; nothing tells us when.
      while rack.journal.follow() == nil { await Task.yield() }
      #expect(streams.allSatisfy { $0 != nil })
    }
  }

  /// Binds and closes, which leaves the file.
  private func leaveSocket(_ path: String) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(result == 0)
    close(descriptor)
  }

  private func serving<Result: Sendable>(
    _ rack: Rack, _ body: @Sendable @escaping () async throws -> Result
  ) async throws -> Result {
    try await running { (listening: @escaping @Sendable (Bool) async -> Void) in
      admin(rack) { await listening(true) }
    } _: { _ in
      try await body()
    }
  }
}
