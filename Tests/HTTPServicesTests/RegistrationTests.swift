import BareMetal
import Foundation
import HTTPTypes
import Testing
import Wire

@testable import HTTPServices

@Suite("Registration")
struct RegistrationTests {
  static let uuid = "4c4c4544-0051-3610-8052-b4c04f4d4631"
  static let path = "/agent/v1/registrations"

  /// What an agent sends, by hand.
  static let report = """
    {"hardware":{
      "system":{"uuid":"4C4C4544-0051-3610-8052-B4C04F4D4631","manufacturer":"Dell Inc.","productName":"R650","serialNumber":"7Q6RMF1"},
      "compute":{"totalCoreCount":32,"totalThreadCount":64,"processorCount":1,"processors":[{"manufacturer":"Intel","speed":2100,"coreCount":32,"threadCount":64}]},
      "memory":{"totalSize":"64 GB","moduleCount":1,"modules":[{"type":"DDR4","size":65536,"speed":3200}]},
      "storage":{"totalSize":"960 GB","deviceCount":1,"devices":[{"type":"NVMe","size":960197124096,"name":"nvme0n1"}]},
      "network":{"interfaceCount":1,"interfaces":[{"index":2,"name":"eth0","mac":"52:54:00:12:34:56","addresses":["10.0.0.7/24"]}]}},
     "hostname":"r1u7","addresses":["10.0.0.7","fe80::1"],"bootMAC":"52:54:00:12:34:56"}
    """

  /// The report with one value in it replaced.
  static func report(_ old: String, _ new: String) -> String { report.replacing(old, with: new) }

  /// By index, for their bodies are too large to print.
  static let lies: [(body: String, status: Int, reason: String)] = [
    (report("\"uuid\":\"\(uuid.uppercased())\",", ""), 422, "hardware.system.uuid is missing"),
    (report(uuid.uppercased(), ""), 422, "hardware.system.uuid is missing"),
    (report(uuid.uppercased(), "../../../etc/passwd"), 422, "is not a UUID"),
    (report("7Q6RMF1", String(repeating: "7", count: 257)), 422, "longer than 256 bytes"),
    (report("r1u7", String(repeating: "h", count: 257)), 422, "hostname is longer"),
    (report("\"10.0.0.7\"", "\"10.0.0.7; reboot\""), 422, "not an IP address"),
    (report("\"10.0.0.7\"", Array(repeating: "\"10.0.0.7\"", count: 2000).joined(separator: ",")), 422, "entries"),
    (report("7Q6RMF1", String(repeating: "7", count: 1 << 20)), 413, "larger than 262144 bytes"),
    (report("65536", "\"64 GB\""), 400, "hardware.memory.modules[0].size"),
    (report("65536", "-1"), 400, "a number does not fit its field"),
    (report("65536", "4294967296"), 400, "a number does not fit its field"),
    (report("65536", "1e999"), 400, " "),
    (report("[{\"type\":\"DDR4\"", "{\"type\":[\"DDR4\""), 400, "not JSON"),
    ("", 400, "not JSON"), ("null", 400, "the body: null"), ("[]", 400, "the body: not"),
    ("{}", 400, "hardware: missing"),
    ("{\"hardware\":null}", 400, "hardware"), ("{\"hardware\":{}}", 422, "hardware.system.uuid is missing"),
    ("\u{0}\u{1}\u{2}", 400, "not JSON"),
    (String(repeating: "[", count: 200_000), 400, "not JSON"),
    (String(repeating: "{\"hardware\":", count: 20_000), 400, "not JSON"),
  ]

  func post(_ rack: Rack, _ body: String) async throws -> Answer {
    try await rack.ask(.post, Self.path, headers: [.contentType: "application/json"], body: Array(body.utf8))
  }

  @Test("A new machine becomes a Server that is not accepted; the agent is told to power off")
  func new() async throws {
    let rack = try Rack()
    let answer = try await post(rack, Self.report)
    #expect(answer.status == 200)
    let response = try JSONDecoder().decode(RegistrationResponse.self, from: Data(answer.body))
    #expect(response == RegistrationResponse(server: Self.uuid, action: .powerOff))
    let server = try #require(try await rack.store.get(ServerKind.self, named: Self.uuid))
    #expect(server.spec.accepted == false)
    #expect(server.spec.hostname == "r1u7")
    #expect(server.spec.hardware?.system?.serialNumber == "7Q6RMF1")
    #expect(server.spec.hardware?.storage?.devices?.first?.size == 960_197_124_096)
    #expect(server.status.addresses?.map(\.address) == ["10.0.0.7", "fe80::1"])
    let record = try #require(rack.journal.records().first)
    #expect(record.events.map(\.reason) == ["Registered", "Instructed"])
    #expect(record.mac == MACAddress("52:54:00:12:34:56"))
    #expect(record.uuid == SystemUUID(Self.uuid))
    #expect(record.address == IPAddress("10.0.0.7"))
  }

  @Test("A machine that comes again is refreshed and keeps what people set")
  func again() async throws {
    let rack = try Rack { $0.afterRegistration = .reboot }
    _ = try await post(rack, Self.report)
    var server = try #require(try await rack.store.get(ServerKind.self, named: Self.uuid))
    server.spec.accepted = true
    server.metadata.labels = ["rack": "1"]
    server = try await rack.store.update(server)
    server.status.addresses = [NodeAddress(type: "Hostname", address: "r1u7")]
    server.status.isClean = true
    _ = try await rack.store.updateStatus(server)

    let answer = try await post(rack, Self.report("\"speed\":2100", "\"speed\":2200"))
    #expect(answer.status == 200)
    // Accepted and clean: there is nothing to boot for.
    #expect(answer.text.contains("\"action\":\"poweroff\""))
    server = try #require(try await rack.store.get(ServerKind.self, named: Self.uuid))
    #expect(server.spec.accepted)
    #expect(server.status.isClean)
    #expect(server.metadata.labels == ["rack": "1"])
    #expect(server.spec.hardware?.compute?.processors?.first?.speed == 2200)
    #expect(server.status.addresses?.map(\.type) == ["Hostname", "InternalIP", "InternalIP"])
    #expect(rack.store.count == 1)
  }

  @Test("With autoAcceptServers a new Server is accepted, one that was there stays as it is")
  func autoAccept() async throws {
    let store = MemoryStore()
    let manual = try Rack(store: store)
    let auto = try Rack(store: store) { $0.autoAcceptServers = true }
    let other = "4c4c4544-0051-3610-8052-b4c04f4d4632"
    _ = try await post(manual, Self.report)
    _ = try await post(auto, Self.report)
    _ = try await post(auto, Self.report(Self.uuid.uppercased(), other))
    #expect(try await store.get(ServerKind.self, named: Self.uuid)?.spec.accepted == false)
    #expect(try await store.get(ServerKind.self, named: other)?.spec.accepted == true)
  }

  @Test(
    "A registration that lies is refused with the reason in one line, and nothing is stored",
    arguments: lies.indices)
  func refused(_ index: Int) async throws {
    let (body, status, reason) = Self.lies[index]
    let rack = try Rack()
    let answer = try await post(rack, body)
    #expect(answer.status == status)
    #expect(answer.isOneLine)
    #expect(answer.text.contains(reason))
    #expect(rack.store.count == 0)
    #expect(rack.store.writes == 0)
    #expect(rack.reasons == ["RegistrationRefused"])
  }

  @Test("A length that is announced too large is refused before it is read")
  func announced() async throws {
    let rack = try Rack()
    let answer = try await rack.ask(.post, Self.path, headers: [.contentLength: "99999999999"], body: [])
    #expect(answer.status == 413)
  }

  @Test("A report cut anywhere is 400 and stores nothing")
  func truncated() async throws {
    let rack = try Rack()
    let responder = rack.bootPlane().responder()
    let bytes = Array(Self.report.utf8)
    for length in 0..<bytes.count {
      let answer = try await send(responder, .post, Self.path, body: Array(bytes.prefix(length)))
      #expect(answer.status == 400)
      #expect(answer.isOneLine)
    }
    #expect(rack.store.writes == 0)
  }

  @Test("A report with any bit flipped is taken or refused, one way or the other")
  func flipped() async throws {
    let rack = try Rack()
    let responder = rack.bootPlane().responder()
    let bytes = Array(Self.report.utf8)
    for index in bytes.indices {
      var flipped = bytes
      flipped[index] ^= 1 << UInt8(index % 8)
      let answer = try await send(responder, .post, Self.path, body: flipped)
      #expect([200, 400, 422].contains(answer.status))
    }
  }

  @Test("A store that fails is 503: the agent comes again, and then it is registered")
  func unavailable() async throws {
    let rack = try Rack(store: MemoryStore(failure: .unavailable))
    let answer = try await post(rack, Self.report)
    #expect(answer.status == 503)
    #expect(answer.headers[.retryAfter] == "5")
    #expect(answer.isOneLine)
    #expect(!answer.text.contains("/var"))
    rack.store.fail(nil)
    #expect(try await post(rack, Self.report).status == 200)
    #expect(rack.reasons == ["RegistrationRefused", "Registered", "Instructed"])
  }

  @Test("Writes that others overtake are made again, and given up when they always are")
  func conflicts() async throws {
    let rack = try Rack(store: MemoryStore(failure: .conflicts(count: 3)))
    #expect(try await post(rack, Self.report).status == 200)
    #expect(rack.store.count == 1)
    rack.store.fail(.conflicts(count: .max))
    let answer = try await post(rack, Self.report("r1u7", "r1u8"))
    #expect(answer.status == 503)
    #expect(answer.isOneLine)
    #expect(rack.store.writes <= 4 + BootPlane.Limits.attempts)
  }

  @Test("No more registrations at a time than there are slots")
  func slots() async throws {
    let slots = Slots(limit: 1)
    let inner: Bool? = await slots.with { await slots.with { true } } ?? nil
    #expect(inner == nil)
    #expect(await slots.with { true } == true)
  }

  @Test("An agent's event reaches the journal as one clean line of 200 bytes at most")
  func event() async throws {
    let rack = try Rack()
    let message = "link up\u{1b}[2J\r\n on eth0 \u{202e}" + String(repeating: "é", count: 300)
    let event = try JSONEncoder().encode(
      AgentEvent(mac: "52:54:00:12:34:56", uuid: Self.uuid, message: message))
    let answer = try await rack.ask(.post, "/agent/v1/events", body: Array(event))
    #expect(answer.status == 204)
    let record = try #require(rack.journal.records().first)
    #expect(record.mac == MACAddress("52:54:00:12:34:56"))
    let kept = try #require(record.events.first?.message)
    #expect(kept.hasPrefix("link up[2J on eth0 éé"))
    #expect((198...200).contains(kept.utf8.count))
  }

  @Test(
    "An event without a message, or too large, is refused",
    arguments: [
      (#"{"message":""}"#, 422), (#"{"message":"\u0000\n"}"#, 422), (#"{}"#, 400), (#"{"message":1}"#, 400),
      ("{\"message\":\"" + String(repeating: "x", count: 5000) + "\"}", 413), ("", 400),
    ])
  func badEvent(_ body: String, _ status: Int) async throws {
    let rack = try Rack()
    let answer = try await rack.ask(.post, "/agent/v1/events", body: Array(body.utf8))
    #expect(answer.status == status)
    #expect(answer.isOneLine)
    #expect(rack.journal.records().isEmpty)
  }
}
