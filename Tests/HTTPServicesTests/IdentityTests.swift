import BareMetal
import Foundation
import HTTPTypes
import Testing
import Wire

@testable import HTTPServices

/// Machines whose UUID cannot be believed.
@Suite("Identity")
struct IdentityTests {
  private static let upper = RegistrationTests.uuid.uppercased()
  private static let otherMachine = RegistrationTests.report.replacing("7Q6RMF1", with: "9Z9ZZZ9")
    .replacing("52:54:00:12:34:56", with: "52:54:00:99:99:99")

  private func register(_ rack: Rack, _ body: String) async throws -> RegistrationResponse {
    let answer = try await rack.ask(
      .post, RegistrationTests.path, headers: [.contentType: "application/json"], body: Array(body.utf8))
    #expect(answer.status == 200, "\(answer.text)")
    return try JSONDecoder().decode(RegistrationResponse.self, from: Data(answer.body))
  }

  private func server(_ rack: Rack, _ name: String) async throws -> Server {
    try #require(try await rack.store.get(ServerKind.self, named: name))
  }

  @Test(
    "A UUID that names no machine: a Server of a derived name, in quarantine, the same one each time",
    arguments: [
      ("00000000-0000-0000-0000-000000000000", "UnsetUUID"), ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "UnsetUUID"),
      ("03000200-0400-0500-0006-000700080009", "VendorDefaultUUID"),
    ])
  func unusable(uuid: String, reason: String) async throws {
    let rack = try Rack { $0.autoAcceptServers = true }
    let report = RegistrationTests.report.replacing(Self.upper, with: uuid)
    let name = try await register(rack, report).server
    #expect(name != uuid.lowercased())
    let found = try await server(rack, name)
    #expect(found.spec.accepted == false, "nobody accepts a doubtful machine but a person")
    #expect(found.isQuarantined && found.status.conditions.condition("Quarantined")?.reason == reason)
    #expect(found.spec.hardware?.system?.uuid == uuid.lowercased())
    // A NIC more, and a NIC less: the same machine.
    let changed = report.replacing(
      "[{\"index\":2", with: "[{\"index\":1,\"name\":\"eth1\",\"mac\":\"02:00:00:00:00:01\"},{\"index\":2")
    #expect(try await register(rack, changed).server == name)
    #expect(rack.store.count == 1)
    // Another such machine is another Server.
    let other = Self.otherMachine.replacing(Self.upper, with: uuid)
    #expect(try await register(rack, other).server != name)
    #expect(rack.store.count == 2)
  }

  @Test("Once a person has confirmed it, it stays out of quarantine")
  func confirmed() async throws {
    let rack = try Rack()
    let report = RegistrationTests.report.replacing(Self.upper, with: "00000000-0000-0000-0000-000000000000")
    let name = try await register(rack, report).server
    var found = try await server(rack, name)
    found.metadata.annotations?[Server.identityConfirmedAnnotation] = "true"
    found = try await rack.store.update(found)
    found.status.conditions.remove("Quarantined")
    _ = try await rack.store.updateStatus(found)
    _ = try await register(rack, report)
    #expect(try await !server(rack, name).isQuarantined)
  }

  @Test("Another machine of a known UUID never overwrites the known one's facts, and each boots as itself")
  func duplicate() async throws {
    let rack = try Rack()
    try rack.serveAgent()
    #expect(try await register(rack, RegistrationTests.report).server == RegistrationTests.uuid)
    let known = try await server(rack, RegistrationTests.uuid)
    let name = try await register(rack, Self.otherMachine).server
    #expect(name != RegistrationTests.uuid)
    #expect(try await server(rack, RegistrationTests.uuid) == known)
    let other = try await server(rack, name)
    let condition = try #require(other.status.conditions.condition("Quarantined"))
    #expect(condition.status == .true && condition.reason == "DuplicateUUID")
    #expect(condition.message?.contains("7Q6RMF1") == true && condition.message?.contains("9Z9ZZZ9") == true)
    for (mac, expected) in [("52:54:00:12:34:56", RegistrationTests.uuid), ("52:54:00:99:99:99", name)] {
      let machine = try await BootContext(
        of: SystemUUID(RegistrationTests.uuid), mac: MACAddress(mac), in: rack.store)
      #expect(machine.server?.metadata.name == expected)
    }
    // A third one, never seen, is nobody's Server.
    let stranger = try await BootContext(
      of: SystemUUID(RegistrationTests.uuid), mac: MACAddress("52:54:00:77:77:77"), in: rack.store)
    #expect(stranger.server == nil)
  }

  @Test("Hardware that changed between two discoveries is in the Server's status and in the journal")
  func drift() async throws {
    let rack = try Rack()
    _ = try await register(rack, RegistrationTests.report)
    #expect(try await server(rack, RegistrationTests.uuid).status.hardwareChanges == nil)
    let changed = RegistrationTests.report.replacing("\"totalSize\":\"64 GB\"", with: "\"totalSize\":\"32 GB\"")
    for _ in 0..<2 { _ = try await register(rack, changed) }
    let changes = try #require(try await server(rack, RegistrationTests.uuid).status.hardwareChanges)
    #expect(changes.map(\.message) == ["memory was 64 GB in 1 modules, is 32 GB in 1"])
    #expect(rack.messages.contains { $0.contains("hardware changed: memory was 64 GB") })
  }

  @Test("An agent in an allocated machine is told to boot again")
  func allocated() async throws {
    let rack = try Rack()
    _ = try await register(rack, RegistrationTests.report)
    var known = try await server(rack, RegistrationTests.uuid)
    known.spec.accepted = true
    _ = try await rack.store.update(known)
    #expect(try await register(rack, RegistrationTests.report).action == .powerOff)
    _ = try await rack.store.create(
      ServerBinding(metadata: ObjectMeta(name: RegistrationTests.uuid), spec: ServerBindingSpec()))
    #expect(try await register(rack, RegistrationTests.report).action == .reboot)
  }
}
