import BareMetal
import Foundation
import HTTPTypes
import Synchronization
import Testing
import Wire

@testable import HTTPServices

@Suite("Handing over a BMC")
struct RegistrationBMCTests {
  static let uuid = RegistrationTests.uuid

  /// A boot plane whose BMCs answer as told, and what it kept.
  struct Site {
    let rack: Rack
    let secrets = MemorySecrets()
    let clock = FakeClock()
    let bmcs: FakeBMCs

    init(
      accepted: Bool = true, bmcs: FakeBMCs = FakeBMCs(), allowsLoopback: Bool = false,
      configure: (inout BootPlaneConfiguration) -> Void = { _ in }
    ) throws {
      self.bmcs = bmcs
      let (secrets, clock) = (secrets, clock)
      rack = try Rack { configuration in
        configuration.autoAcceptServers = accepted
        configure(&configuration)
      }
      rack.handover.withLock {
        $0 = BMCHandover(
          store: rack.store, secrets: secrets, allowsLoopback: allowsLoopback, now: { clock.now },
          controller: { bmcs.controller(for: $0) })
      }
    }

    func register() async throws -> RegistrationResponse {
      let answer = try await rack.ask(
        .post, RegistrationTests.path, headers: [.contentType: "application/json"],
        body: Array(RegistrationTests.report.utf8))
      try #require(answer.status == 200, "\(answer.text)")
      return try JSONDecoder().decode(RegistrationResponse.self, from: Data(answer.body))
    }

    func setup() async throws -> BMCSetup { try #require(try await register().bmcSetup) }

    func tell(_ report: BMCReport) async throws -> Answer {
      try await rack.ask(
        .post, "/agent/v1/bmc", headers: [.contentType: "application/json"],
        body: Array(try JSONEncoder().encode(report)))
    }

    func report(_ setup: BMCSetup, address: String? = "10.0.0.9") -> BMCReport {
      var report = BMCReport(server: uuid, token: setup.token)
      report.channel = 8
      report.address = address
      report.port = 623
      return report
    }

    func server() async throws -> Server {
      try #require(try await rack.store.get(ServerKind.self, named: uuid))
    }
  }

  @Test("A password is made, and on disk, before it is handed out; the next boot gets the same")
  func handsOut() async throws {
    let site = try Site()
    let setup = try await site.setup()
    #expect(setup.user == "sidero")
    #expect(setup.password.exposedText.utf8.count == 16)
    #expect(setup.password.exposedText.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
    #expect(setup.token.exposedText.utf8.count == 32)
    let kept = site.secrets.values("\(Self.uuid)-bmc-pending")
    #expect(kept?["pass"] == setup.password)
    #expect(kept?["token"] == setup.token)
    #expect(try await site.setup() == setup)
    // A token grows old; a password that the BMC may have stays.
    site.clock.advance(seconds: 3600)
    let later = try await site.setup()
    #expect(later.password == setup.password)
    #expect(later.token != setup.token)
  }

  @Test("Every Server has its own password")
  func distinct() async throws {
    let passwords = Set(
      try await [Site(), Site(), Site()].asyncMap { try await $0.setup().password.exposedText })
    #expect(passwords.count == 3)
  }

  @Test("A store of Secrets that fails hands out nothing")
  func storeFails() async throws {
    let site = try Site()
    site.secrets.fails.withLock { $0 = true }
    let answer = try await site.rack.ask(
      .post, RegistrationTests.path, headers: [.contentType: "application/json"],
      body: Array(RegistrationTests.report.utf8))
    #expect(answer.status == 503)
    #expect(!answer.text.contains("pass"))
  }

  @Test(
    "Nothing is handed out for a Server that nobody accepted, or that is switched in some way already, or when told not to"
  )
  func notForAll() async throws {
    #expect(try await Site(accepted: false).register().bmcSetup == nil)
    #expect(try await Site { $0.autoBMCSetup = false }.register().bmcSetup == nil)

    let site = try Site()
    _ = try await site.setup()
    var server = try await site.server()
    server.spec.managementApi = ManagementAPI(endpoint: "http://10.0.0.1:1")
    server = try await site.rack.store.update(server)
    #expect(try await site.register().bmcSetup == nil)
    server = try await site.server()
    server.spec.managementApi = nil
    server.spec.bmc = BMC(endpoint: "10.0.0.3")
    _ = try await site.rack.store.update(server)
    #expect(try await site.register().bmcSetup == nil)
    #expect(try await site.server().spec.bmc?.endpoint == "10.0.0.3", "a refresh keeps it")
  }

  @Test("After a login over the network, and not before, the BMC is the Server's")
  func verified() async throws {
    let site = try Site()
    let setup = try await site.setup()
    #expect(try await site.server().spec.bmc == nil)
    let answer = try await site.tell(site.report(setup))
    #expect(answer.status == 200)
    #expect(try JSONDecoder().decode(BMCReportResponse.self, from: Data(answer.body)).verified)
    #expect(
      site.bmcs.asked == [
        .ipmi(IPMIAccess(host: "10.0.0.9", credentials: Credentials(user: "sidero", password: setup.password)))
      ])
    let bmc = try #require(try await site.server().spec.bmc)
    #expect(bmc.endpoint == "10.0.0.9")
    #expect(bmc.port == 623)
    #expect(bmc.user == nil && bmc.pass == nil)
    let place = SecretKeyRef(namespace: "sidero-system", name: "\(Self.uuid)-bmc", key: "pass")
    #expect(bmc.passFrom?.secretKeyRef == place)
    #expect(bmc.userFrom?.secretKeyRef?.key == "user")
    #expect(site.secrets.values(place.name)?["pass"] == setup.password)
    #expect(site.secrets.values(place.name)?["user"] == Secret("sidero"))
    #expect(site.secrets.values("\(Self.uuid)-bmc-pending") == nil)
    #expect(site.rack.reasons.last == "BMCSetUp")
    for text in site.rack.messages {
      #expect(!text.contains(setup.password.exposedText) && !text.contains(setup.token.exposedText))
    }
    // Once is enough.
    #expect(try await site.tell(site.report(setup)).status == 404)
    #expect(try await site.register().bmcSetup == nil)
  }

  @Test("A login that fails changes nothing, and says whether to come again")
  func notVerified() async throws {
    let failing = FakeBMCs(failing: BMCFailure(.wrongPassword, "wrong password"))
    let site = try Site(bmcs: failing)
    let setup = try await site.setup()
    let answer = try await site.tell(site.report(setup))
    let response = try JSONDecoder().decode(BMCReportResponse.self, from: Data(answer.body))
    #expect(response == BMCReportResponse(verified: false, reason: "wrong password", retry: true))
    #expect(try await site.server().spec.bmc == nil)
    #expect(site.secrets.values("\(Self.uuid)-bmc") == nil)
    #expect(site.rack.reasons.last == "BMCNotSetUp")
    // The password stays what the BMC may have.
    #expect(try await site.setup().password == setup.password)
    failing.failure.withLock { $0 = nil }
    #expect(try await site.tell(site.report(setup)).status == 200)
    #expect(try await site.server().spec.bmc != nil)
  }

  @Test("What the agent could not do is in the journal, and no login is tried")
  func failure() async throws {
    let site = try Site()
    var report = site.report(try await site.setup(), address: nil)
    report.failure = "all 16 users\nof the BMC are taken"
    let answer = try await site.tell(report)
    #expect(answer.status == 200)
    #expect(site.rack.messages.last?.contains("of the BMC are taken") == true)
    #expect(site.bmcs.asked.isEmpty)
  }

  @Test("A stranger's report is refused, and no packet goes where it says")
  func strangers() async throws {
    let site = try Site()
    let setup = try await site.setup()
    var report = site.report(setup)
    report.token = Secret(String(repeating: "x", count: 32))
    #expect(try await site.tell(report).status == 403)
    report = site.report(setup)
    report.server = "4c4c4544-0051-3610-8052-b4c04f4d4639"
    #expect(try await site.tell(report).status == 404)
    report.server = "../secrets"
    #expect(try await site.tell(report).status == 404)
    site.clock.advance(seconds: 3600)
    #expect(try await site.tell(site.report(setup)).status == 403)
    #expect(site.bmcs.asked.isEmpty)
    #expect(try await site.server().spec.bmc == nil)
  }

  @Test(
    "An address that no BMC can have is refused",
    arguments: [
      nil, "", "bmc.example", "10.0.0.9:623", "0.0.0.0", "0.1.2.3", "127.0.0.1", "127.9.9.9", "224.0.0.1",
      "255.255.255.255", "240.0.0.1", "::1", "10.0.0.09",
    ])
  func addresses(_ address: String?) async throws {
    let site = try Site()
    #expect(try await site.tell(site.report(try await site.setup(), address: address)).status == 422)
    #expect(site.bmcs.asked.isEmpty)
  }

  @Test("Loopback is believed in where a test asks for it")
  func loopback() async throws {
    let site = try Site(allowsLoopback: true)
    #expect(try await site.tell(site.report(try await site.setup(), address: "127.0.0.1")).status == 200)
    #expect(try await site.server().spec.bmc?.endpoint == "127.0.0.1")
  }

  @Test("Whoever gave the Server a BMC meanwhile wins")
  func meanwhile() async throws {
    let site = try Site()
    let setup = try await site.setup()
    var server = try await site.server()
    server.spec.bmc = BMC(endpoint: "10.0.0.3")
    server = try await site.rack.store.update(server)
    #expect(try await site.tell(site.report(setup)).status == 409)
    server.spec.bmc = nil
    server.spec.accepted = false
    _ = try await site.rack.store.update(server)
    #expect(try await site.tell(site.report(setup)).status == 409)
    #expect(site.bmcs.asked.isEmpty)
  }

  @Test("Somebody else's change of the Server is no reason to lose it")
  func conflict() async throws {
    let site = try Site()
    let setup = try await site.setup()
    site.rack.store.fail(.conflicts(count: 3))
    #expect(try await site.tell(site.report(setup)).status == 200)
    #expect(try await site.server().spec.bmc?.endpoint == "10.0.0.9")
  }

  @Test("A boot host without BMCs says so")
  func without() async throws {
    let rack = try Rack()
    let answer = try await rack.ask(
      .post, "/agent/v1/bmc", body: Array("{\"server\":\"a\",\"token\":\"b\"}".utf8))
    #expect(answer.status == 404)
    #expect(answer.isOneLine)
  }
}

final class FakeClock: Sendable {
  private let seconds = Mutex<Int64>(1_700_000_000)
  var now: Timestamp { Timestamp(seconds: seconds.withLock { $0 }) }
  func advance(seconds: Int64) { self.seconds.withLock { $0 += seconds } }
}

/// Secrets in memory.
final class MemorySecrets: SecretStore {
  private let all = Mutex<[SecretName: [String: Secret]]>([:])
  let fails = Mutex(false)

  func values(_ name: String) -> [String: Secret]? {
    all.withLock { $0[SecretName(namespace: "sidero-system", name: name)] }
  }

  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? { all.withLock { $0[name] } }

  func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    guard !fails.withLock({ $0 }) else { throw .unavailable(message: "disk full") }
    all.withLock { $0[name] = values }
  }
}

/// BMCs that let everybody in, or nobody.
final class FakeBMCs: Sendable {
  private let log = Mutex<[ManagementMethod]>([])
  let failure: Mutex<BMCFailure?>

  init(failing failure: BMCFailure? = nil) { self.failure = Mutex(failure) }

  var asked: [ManagementMethod] { log.withLock { $0 } }

  func controller(for method: ManagementMethod) -> any PowerController {
    log.withLock { $0.append(method) }
    return Controller(failure: failure.withLock { $0 })
  }

  private struct Controller: PowerController {
    let failure: BMCFailure?

    func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
      if let failure { throw failure }
      return .power(.on)
    }
  }
}

extension Array {
  fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await body(element)) }
    return results
  }
}
