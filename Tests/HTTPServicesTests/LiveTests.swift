import BareMetal
import Foundation
import Glibc
import NIOCore
import Testing
import Wire

@testable import HTTPServices

/// Over real sockets on 127.0.0.1.
@Suite("The boot plane on the network", .timeLimit(.minutes(1)))
struct LiveTests {
  func serving<Result: Sendable>(
    _ rack: Rack, limits: ConnectionLimits = ConnectionLimits(),
    _ body: @Sendable @escaping (Endpoint) async throws -> Result
  ) async throws -> Result {
    try await running {
      rack.bootPlane(limits: limits, onListening: $0)
    } _: { (endpoints: [Endpoint]) in
      try await body(try #require(endpoints.first))
    }
  }

  func get(_ endpoint: Endpoint, _ path: String, _ headers: String = "") async throws -> String {
    let connection = try await RawConnection.open(endpoint)
    try await connection.write("GET \(path) HTTP/1.1\r\nHost: \(endpoint)\r\nConnection: close\r\n\(headers)\r\n")
    return await connection.rest()
  }

  @Test("A script, a kernel, a range and a 404, as a client sees them")
  func clients() async throws {
    let rack = try Rack()
    try rack.serveAgent()
    try await serving(rack) { endpoint in
      let script = try await get(endpoint, "/ipxe?mac=52-54-00-12-34-56")
      #expect(script.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(script.contains("sidero.endpoint=\(endpoint) "))
      #expect(try await get(endpoint, "/env/agent-amd64/vmlinuz").hasSuffix("\r\n\r\nkernel"))
      let part = try await get(endpoint, "/env/agent-amd64/vmlinuz", "Range: bytes=1-2\r\n")
      #expect(part.hasPrefix("HTTP/1.1 206 "))
      #expect(part.hasSuffix("\r\n\r\ner"))
      let missing = try await get(endpoint, "/env/")
      #expect(missing.hasPrefix("HTTP/1.1 404 "))
      #expect(missing.hasSuffix("there is nothing at GET /env/\n"))
    }
    #expect(rack.reasons.contains("TransferFinished"))
    #expect(rack.journal.records().first?.address == .loopback)
  }

  @Test("One connection serves several requests, as iPXE keeps it")
  func keptAlive() async throws {
    let rack = try Rack()
    try rack.serveAgent()
    try await serving(rack) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      for path in ["/boot.ipxe", "/env/agent-amd64/vmlinuz", "/nothing", "/env/agent-amd64/initramfs.xz"] {
        try await connection.write("GET \(path) HTTP/1.1\r\nHost: \(endpoint)\r\n\r\n")
      }
      #expect(await connection.until("initramfs").contains("\r\n\r\nkernel"))
      try await connection.close()
    }
  }

  @Test("A header sent a byte at a time, or never, ends the connection", arguments: ["GET /boot.ipxe HT", ""])
  func slowHeader(_ beginning: String) async throws {
    var limits = ConnectionLimits()
    limits.idle = .milliseconds(200)
    try await serving(try Rack(), limits: limits) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      if !beginning.isEmpty { try await connection.write(beginning) }
      #expect(await connection.rest().isEmpty)
    }
  }

  @Test("A body that does not come ends the connection; nothing is stored")
  func slowBody() async throws {
    var limits = ConnectionLimits()
    limits.request = .milliseconds(200)
    let rack = try Rack()
    try await serving(rack, limits: limits) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      try await connection.write(
        "POST /agent/v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"hardware\"")
      #expect(await connection.rest().isEmpty)
    }
    #expect(rack.store.writes == 0)
  }

  @Test("A body without end is answered 413 and cut")
  func endlessBody() async throws {
    var limits = ConnectionLimits()
    limits.bodyBytes = 1 << 20
    try await serving(try Rack(), limits: limits) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      try await connection.write(
        "POST /agent/v1/registrations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      let chunk = "10000\r\n" + String(repeating: "x", count: 0x10000) + "\r\n"
      var isOpen = true
      for _ in 0..<10_000 where isOpen {
        do { try await connection.write(chunk) } catch { isOpen = false }
      }
      #expect(!isOpen)
    }
  }

  @Test("A body that is too long is answered 413 before all of it is there; the connection goes on after it")
  func longBody() async throws {
    try await serving(try Rack()) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      let half = String(repeating: "x", count: 600 << 10)
      try await connection.write(
        "POST /agent/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: \(2 * half.utf8.count)\r\n\r\n\(half)")
      #expect(await connection.until("bytes\n").hasPrefix("HTTP/1.1 413 "))
      try await connection.write("\(half)GET /boot.ipxe HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(await connection.until("reboot\n").hasPrefix("HTTP/1.1 200 "))
      try await connection.close()
    }
  }

  @Test("Thousands of requests sent ahead are answered in order, whether they wait for the disk or not")
  func sentAhead() async throws {
    let rack = try Rack()
    try rack.serveAgent()
    try await serving(rack) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      let kernel = "GET /env/agent-amd64/vmlinuz HTTP/1.1\r\n\r\n"
      let nothing = String(repeating: "GET /x HTTP/1.1\r\n\r\n", count: 2000)
      try await connection.write(
        "\(kernel)\(nothing)\(kernel)\(nothing)GET /boot.ipxe HTTP/1.1\r\nConnection: close\r\n\r\n\(kernel)")
      let statuses = await connection.rest().split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
      #expect(statuses.count == 4003)
      #expect(statuses.indices.filter { statuses[$0] == 200 } == [0, 2001, 4002])
    }
  }

  @Test(
    "A client that asks once gets its answer and the end",
    arguments: ["HTTP/1.0\r\n\r\n", "HTTP/1.1\r\nConnection: close\r\n\r\n", "HTTP/1.1\r\n\r\n"])
  func once(_ rest: String) async throws {
    try await serving(try Rack()) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      try await connection.write("GET /boot.ipxe \(rest)")
      if rest == "HTTP/1.1\r\n\r\n" { try await connection.channel.close(mode: .output).get() }
      let answer = await connection.rest()
      #expect(answer.hasPrefix("HTTP/1.1 200 "))
      #expect(answer.hasSuffix("reboot\n"))
    }
  }

  @Test("What is under way at shutdown arrives whole")
  func underWayAtShutdown() async throws {
    let rack = try Rack()
    try rack.serve([(.environment("agent-amd64", .initramfs), [UInt8](repeating: 7, count: 32 << 20))])
    let (connections, continuation) = AsyncStream<RawConnection>.makeStream()
    async let served: Void = serving(rack) { endpoint in
      let updates = try #require(rack.journal.follow())
      let connection = try await RawConnection.open(endpoint, autoRead: false)
      try await connection.write("GET /env/agent-amd64/initramfs.xz HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = await updates.first { $0.event.reason == "TransferStarted" }
      continuation.yield(connection)
    }
    let connection = try #require(await connections.first { _ in true })
    try await connection.channel.setOption(.autoRead, value: true).get()
    #expect(await connection.rest().utf8.count > 32 << 20)
    try await served
  }

  @Test("A client that stops reading is cut, and the journal says so")
  func stalledReader() async throws {
    var limits = ConnectionLimits()
    limits.stall = .milliseconds(300)
    let rack = try Rack()
    // More than the sockets' buffers hold.
    try rack.serve([(.environment("agent-amd64", .initramfs), [UInt8](repeating: 7, count: 32 << 20))])
    try await serving(rack, limits: limits) { endpoint in
      let updates = try #require(rack.journal.follow())
      let connection = try await RawConnection.open(endpoint, autoRead: false)
      try await connection.write("GET /env/agent-amd64/initramfs.xz HTTP/1.1\r\nHost: x\r\n\r\n")
      let end = await updates.first { $0.event.reason != "TransferStarted" }
      #expect(end?.event.reason == "TransferFailed")
      #expect(end?.event.message.contains("the connection ended after") == true)
      try? await connection.close()
    }
  }

  /// A file of several portions, and no multiple of one, in which every line tells where it stands.
  static let kernel = (0..<400_001).map { "line \($0) of the kernel\n" }.joined()

  func rackWithKernel() throws -> Rack {
    let rack = try Rack()
    try rack.serve([(.environment("agent-amd64", .kernel), Array(Self.kernel.utf8))])
    return rack
  }

  @Test("Files of several portions, ranges of them, scripts and HEAD alternate on one connection")
  func alternating() async throws {
    let rack = try rackWithKernel()
    let (size, portion) = (Self.kernel.utf8.count, FileSender.portion)
    #expect(size > 8 * portion)
    try await serving(rack) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      let path = "/env/agent-amd64/vmlinuz"
      let ask = { (method: String, path: String, headers: String) in
        try await connection.write("\(method) \(path) HTTP/1.1\r\nHost: \(endpoint)\r\n\(headers)\r\n")
      }
      for _ in 0..<2 {
        try await ask("GET", path, "")
        try await ask("HEAD", path, "")
        try await ask("GET", path, "Range: bytes=\(portion - 1)-\(3 * portion)\r\n")
        try await ask("GET", "/boot.ipxe", "")
      }
      try await ask("GET", path, "Range: bytes=-7\r\nConnection: close\r\n")
      var answers = Substring(await connection.rest())
      /// The next answer's status, and its body of so many bytes.
      func next(_ count: Int) throws -> (status: Substring, body: String) {
        let end = try #require(answers.range(of: "\r\n\r\n"))
        let status = answers.dropFirst("HTTP/1.1 ".count).prefix(3)
        let body = answers[end.upperBound...].utf8.prefix(count)
        answers = answers[body.endIndex...]
        return (status, String(Substring(body)))
      }
      let bytes = Array(Self.kernel.utf8)
      for _ in 0..<2 {
        #expect(try next(size) == ("200", Self.kernel))
        #expect(try next(0).status == "200")
        let part = String(decoding: bytes[(portion - 1)...(3 * portion)], as: UTF8.self)
        #expect(try next(part.utf8.count) == ("206", part))
        #expect(try next(IPXEScript.first.utf8.count) == ("200", IPXEScript.first))
      }
      #expect(try next(7) == ("206", "kernel\n"))
      #expect(answers.isEmpty)
    }
    #expect(rack.reasons.filter { $0 == "TransferFinished" }.count == 5)
    #expect(!rack.reasons.contains("TransferFailed"))
  }

  @Test("A client that leaves within a file ends its transfer, and nobody else's")
  func leaves() async throws {
    let rack = try Rack()
    try rack.serve([(.environment("agent-amd64", .initramfs), [UInt8](repeating: 7, count: 32 << 20))])
    try await serving(rack) { endpoint in
      let updates = try #require(rack.journal.follow())
      let connection = try await RawConnection.open(endpoint, autoRead: false)
      try await connection.write("GET /env/agent-amd64/initramfs.xz HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = await updates.first { $0.event.reason == "TransferStarted" }
      try await connection.close()
      let end = await updates.first { $0.event.reason != "TransferStarted" }
      #expect(end?.event.reason == "TransferFailed")
      #expect(end?.event.message.contains("the connection ended after") == true)
      let whole = try await get(endpoint, "/env/agent-amd64/initramfs.xz")
      #expect(whole.utf8.count > 32 << 20)
    }
  }

  @Test(
    "A file that becomes shorter while it is sent ends the transfer, at the next portion or within one",
    arguments: [16 << 20, 0])
  func shrinks(_ left: UInt64) async throws {
    var limits = ConnectionLimits()
    limits.stall = left == 0 ? .milliseconds(500) : .seconds(10)
    let rack = try Rack()
    let name = AssetName.environment("agent-amd64", .initramfs)
    try rack.serve([(name, [UInt8](repeating: 7, count: 32 << 20))])
    let path = try #require(rack.assets.asset(name)).path
    try await serving(rack, limits: limits) { endpoint in
      let updates = try #require(rack.journal.follow())
      let connection = try await RawConnection.open(endpoint, autoRead: false)
      try await connection.write("GET /env/agent-amd64/initramfs.xz HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = await updates.first { $0.event.reason == "TransferStarted" }
      // Less than 16 MiB fit into the buffers of the two sockets.
      try FileHandle(forWritingTo: URL(fileURLWithPath: path)).truncate(atOffset: left)
      // It may be cut already.
      try? await connection.channel.setOption(.autoRead, value: true).get()
      let end = await updates.first { $0.event.reason != "TransferStarted" }
      #expect(end?.event.message.contains("its file became shorter on the boot host") == true)
      #expect(await connection.rest().utf8.count < 17 << 20)
    }
  }

  @Test("Clients that take their time cost no memory, however large the file")
  func memory() async throws {
    @Sendable func resident() throws -> Int {
      let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
      return try #require(Int(fields[1])) * Int(getpagesize())
    }
    let rack = try Rack()
    try rack.serve([(.environment("agent-amd64", .initramfs), [UInt8](repeating: 7, count: 64 << 20))])
    try await serving(rack) { endpoint in
      let updates = try #require(rack.journal.follow())
      let before = try resident()
      var connections: [RawConnection] = []
      for _ in 0..<30 {
        let connection = try await RawConnection.open(endpoint, autoRead: false)
        try await connection.write("GET /env/agent-amd64/initramfs.xz HTTP/1.1\r\nHost: x\r\n\r\n")
        connections.append(connection)
      }
      var started = 0
      _ = await updates.first { _ in
        started += 1
        return started == 30
      }
      #expect(try resident() - before < 16 << 20)
      for connection in connections { try await connection.close() }
    }
  }

  @Test("One client cannot take every connection")
  func connectionsPerClient() async throws {
    var limits = ConnectionLimits()
    limits.connectionsPerClient = 2
    try await serving(try Rack(), limits: limits) { endpoint in
      let first = try await RawConnection.open(endpoint)
      let second = try await RawConnection.open(endpoint)
      for connection in [first, second] {
        try await connection.write("GET /boot.ipxe HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await connection.until("reboot\n").contains("#!ipxe"))
      }
      let third = try await RawConnection.open(endpoint)
      #expect(await third.rest().isEmpty)
      try await first.close()
      try await second.close()
    }
  }

  @Test(
    "What is not HTTP is refused, not a crash",
    arguments: [
      "\u{16}\u{3}\u{1}\u{0}\u{5}", "GET\r\n\r\n", "\r\n\r\n\r\n", "GET /boot.ipxe HTTP/9.9\r\n\r\n",
      "GET /" + String(repeating: "a", count: 100_000) + " HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 100_000) + "\r\n\r\n",
      "GET / HTTP/1.1\r\n" + String(repeating: "A: b\r\n", count: 1000) + "\r\n",
      "POST /agent/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
      "POST /agent/v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
      "POST /agent/v1/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
  func garbage(_ bytes: String) async throws {
    var limits = ConnectionLimits()
    limits.idle = .seconds(1)
    limits.request = .seconds(1)
    try await serving(try Rack(), limits: limits) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      try? await connection.write(bytes)
      let answer = await connection.rest()
      #expect(!answer.hasPrefix("HTTP/1.1 2"))
      #expect(try await get(endpoint, "/boot.ipxe").hasPrefix("HTTP/1.1 200"))
    }
  }

  @Test("A registration over the network is stored before it is answered")
  func registration() async throws {
    let rack = try Rack()
    try await serving(rack) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      let body = RegistrationTests.report
      try await connection.write(
        "POST /agent/v1/registrations HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n"
          + "Connection: close\r\n\r\n\(body)")
      #expect(await connection.rest().hasPrefix("HTTP/1.1 200"))
      #expect(try await rack.store.get(ServerKind.self, named: RegistrationTests.uuid) != nil)
    }
  }

  @Test("A port that another has is one line that says what to do")
  func portInUse() async throws {
    try await serving(try Rack()) { endpoint in
      let second = try Rack { $0.port = endpoint.port }
      let error = await #expect(throws: ListenError.self) { try await second.bootPlane().run() }
      #expect(error?.errno == EADDRINUSE)
      #expect(
        error?.description == "cannot listen on TCP \(endpoint): another program uses the port: "
          + "find it with ss -ltnp 'sport = :\(endpoint.port)'")
    }
  }

  @Test("An address that no interface has is one line, too, and the others do not stay behind")
  func foreignAddress() async throws {
    let rack = try Rack { $0.addresses = [.loopback, .v4(IPv4Address(rawValue: 0xc633_6401))] }
    let error = await #expect(throws: ListenError.self) { try await rack.bootPlane().run() }
    #expect(error?.description.contains("TCP 198.51.100.1:0: no interface of this host has that address") == true)
  }

  @Test("Several addresses listen, and are reported together")
  func severalAddresses() async throws {
    let rack = try Rack { $0.addresses = [.v4(IPv4Address(rawValue: 0x7f00_0002)), .loopback] }
    try await running {
      rack.bootPlane(onListening: $0)
    } _: { (endpoints: [Endpoint]) in
      #expect(endpoints.map(\.address.description) == ["127.0.0.1", "127.0.0.2"])
      for endpoint in endpoints {
        #expect(endpoint.port != 0)
        let script = try await get(endpoint, "/boot.ipxe")
        #expect(script.hasPrefix("HTTP/1.1 200"))
      }
    }
  }

  @Test("Shutdown does not wait for connections that ask nothing")
  func shutdown() async throws {
    let connection = try await serving(try Rack()) { endpoint in
      let connection = try await RawConnection.open(endpoint)
      try await connection.write("GET /boot.ipxe HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = await connection.until("reboot\n")
      return connection
    }
    #expect(await connection.rest().isEmpty)
  }

  @Test("Cancelled, it ends, listening or not yet", arguments: [true, false])
  func cancelled(_ isListening: Bool) async throws {
    let (signals, continuation) = AsyncStream<Void>.makeStream()
    let plane = try Rack().bootPlane { _ in continuation.yield() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try? await plane.run() }
      if isListening { _ = await signals.first { true } }
      group.cancelAll()
      try await group.waitForAll()
    }
  }

  @Test("The readiness probe sees who answers and who does not")
  func probe() async throws {
    let gone = try await serving(try Rack()) { endpoint in
      #expect(await ReadinessCheck.http(endpoint).run() == nil)
      #expect(await ReadinessCheck.http(endpoint, path: "/none").run() == "it answers, but not with 200")
      #expect(await ReadinessCheck.http(Endpoint(address: .any, port: endpoint.port)).run() == nil)
      return endpoint
    }
    #expect(await ReadinessCheck.http(gone).run() == "nothing answers")
  }
}
