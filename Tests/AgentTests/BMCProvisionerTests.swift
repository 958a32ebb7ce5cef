import BareMetal
import IPMI
import LinuxSystem
import Synchronization
import Testing
import Wire

@testable import siderite_agent

@Suite("Setting up the BMC in-band")
struct BMCProvisionerTests {
  static let setup = BMCSetup(password: Secret("Zb3Kq8LmN0pQ7rTs"), token: Secret("tok"))

  /// What happened in one run.
  struct Run {
    var line: String
    var reports: [BMCReport]
    var pauses: [Duration]
    var bmc: FakeController
  }

  /// - Parameter patience: pauses are not waited for, but count.
  private func run(
    _ bmc: FakeController, patience: Duration = .seconds(300), _ answers: [FakeVerifier.Answer]
  ) async throws -> Run {
    let verifier = FakeVerifier(answers)
    let pauses = Mutex<[Duration]>([])
    let start = ContinuousClock.now
    let line = try await BMCProvisioner(controller: bmc, verifier: verifier).run(
      Self.setup, server: "4c4c", until: start + patience, pause: { pause in pauses.withLock { $0.append(pause) } },
      now: { start + pauses.withLock { $0.reduce(.zero, +) } })
    return Run(line: line, reports: verifier.reports, pauses: pauses.withLock { $0 }, bmc: bmc)
  }

  @Test("The user is there with its password before the boot host hears of it, and has access to every LAN channel")
  func works() async throws {
    let run = try await run(FakeController(), [.answer(verified: true)])
    #expect(run.line == "BMC set up: user sidero at 10.0.0.7 (channel 8)")
    let report = try #require(run.reports.first)
    #expect(run.reports.count == 1)
    #expect(report.server == "4c4c")
    #expect(report.token == Secret("tok"))
    #expect(report.channel == 8)
    #expect(report.address == "10.0.0.7")
    #expect(report.port == 623)
    #expect(report.mac == "52:54:00:b0:00:08")
    #expect(report.firmware == "IPMI 2.0, firmware 9.08")
    #expect(report.failure == nil)
    let user = try #require(run.bmc.user(3))
    #expect(user.name == "sidero")
    #expect(user.password == Array("Zb3Kq8LmN0pQ7rTs".utf8))
    #expect(user.isEnabled)
    #expect(user.privileges == [8: 4])
  }

  @Test("A user that is there already gets the new password in its place")
  func reclaims() async throws {
    let bmc = FakeController(users: [2: "root", 3: "", 4: "sidero"])
    let run = try await run(bmc, [.answer(verified: true)])
    #expect(run.line.hasPrefix("BMC set up"))
    #expect(bmc.user(4)?.password == Array("Zb3Kq8LmN0pQ7rTs".utf8))
    #expect(bmc.user(3)?.password.isEmpty == true)
  }

  @Test("A full user table is told, with nobody thrown out")
  func full() async throws {
    let bmc = FakeController(users: [2: "root", 3: "a", 4: "b"])
    let run = try await run(bmc, [.answer(verified: false)])
    #expect(run.reports.map(\.address) == [nil])
    #expect(run.reports.first?.failure?.contains("taken") == true)
    #expect(run.line.hasPrefix("BMC not set up: "))
    #expect(bmc.user(2)?.password.isEmpty == true)
  }

  @Test("A password that the BMC refuses is told")
  func refusedPassword() async throws {
    let bmc = FakeController(refusing: [SetUserPassword.command: .invalidField])
    let run = try await run(bmc, [.answer(verified: false)])
    #expect(run.reports.count == 1)
    #expect(run.reports.first?.failure?.contains("password") == true)
    #expect(run.reports.first?.failure?.contains("Zb3Kq8LmN0pQ7rTs") == false)
  }

  @Test("Without an address nothing is written to the BMC")
  func noAddress() async throws {
    let bmc = FakeController(address: .any)
    let run = try await run(bmc, [.answer(verified: false)])
    #expect(run.reports.first?.failure?.contains("no address") == true)
    #expect(!bmc.hasChanged)
  }

  @Test("A BMC that is silent in-band is told")
  func silent() async throws {
    let run = try await run(FakeController(isSilent: true), [.answer(verified: false)])
    #expect(run.reports.map(\.failure).count == 1)
    #expect(run.line.hasPrefix("BMC not set up: "))
  }

  @Test("A boot host that goes and comes back gets the report, and the wait grows")
  func daemonGone() async throws {
    let gone = FakeVerifier.Answer.failure(.network(SystemError(operation: "connect", code: 111)))
    let busy = FakeVerifier.Answer.failure(.refused(status: 503, reason: "try again"))
    let run = try await run(FakeController(), [gone, gone, busy, .answer(verified: true)])
    #expect(run.line.hasPrefix("BMC set up: "))
    #expect(run.reports.count == 4)
    #expect(run.pauses.count == 4, "one of them for the BMC")
    #expect(run.pauses.last ?? .zero >= .seconds(2))
  }

  @Test("A boot host that stays away is given up after the time for it")
  func daemonStaysAway() async throws {
    let gone = FakeVerifier.Answer.failure(.network(SystemError(operation: "connect", code: 111)))
    let run = try await run(FakeController(), patience: .seconds(60), Array(repeating: gone, count: 1000))
    #expect(run.line.hasPrefix("BMC set up, not verified: "))
    #expect(run.pauses.reduce(.zero, +) <= .seconds(60))
  }

  @Test("A boot host that says no is not asked again", arguments: [403, 404, 409, 422])
  func daemonRefuses(status: Int) async throws {
    let run = try await run(FakeController(), [.failure(.refused(status: status, reason: "the token has expired"))])
    #expect(run.reports.count == 1)
    #expect(run.line == "BMC set up, not verified: HTTP \(status): the token has expired")
  }

  @Test("Who answers what makes no sense is no boot host, and not asked again")
  func daemonIsNone() async throws {
    let run = try await run(FakeController(), [.failure(.unreadable("verified: missing"))])
    #expect(run.reports.count == 1)
  }

  @Test("A login that may pass is tried a few times, one that cannot once")
  func logins() async throws {
    let slow = FakeVerifier.Answer.answer(verified: false, reason: "wrong password", retry: true)
    let twice = try await run(FakeController(), [slow, .answer(verified: true)])
    #expect(twice.reports.count == 2)
    #expect(twice.line.hasPrefix("BMC set up: "))

    let never = try await run(FakeController(), Array(repeating: slow, count: 100))
    #expect(never.reports.count == 5)
    #expect(never.line == "BMC set up, but the boot host cannot log in: wrong password")

    let hopeless = try await run(FakeController(), [.answer(verified: false, reason: "locked", retry: nil)])
    #expect(hopeless.reports.count == 1)
  }

  @Test("With several addresses the first that the boot host can log in at counts")
  func severalChannels() async throws {
    let bmc = FakeController(otherAddress: IPv4Address("169.254.3.1"))
    let run = try await run(bmc, [.answer(verified: false, reason: "no answer", retry: true), .answer(verified: true)])
    #expect(run.reports.map(\.address) == ["169.254.3.1", "10.0.0.7"])
    #expect(run.line == "BMC set up: user sidero at 10.0.0.7 (channel 8)")
  }
}

/// A boot host that answers what it was told to, in order.
private final class FakeVerifier: BMCVerifier {
  enum Answer {
    case answer(verified: Bool, reason: String? = nil, retry: Bool? = nil)
    case failure(BootPlane.Failure)
  }

  private var answers: [Answer]
  private(set) var reports: [BMCReport] = []

  init(_ answers: [Answer]) { self.answers = answers }

  func report(_ report: BMCReport) throws(BootPlane.Failure) -> BMCReportResponse {
    reports.append(report)
    guard !answers.isEmpty else { throw .refused(status: 400, reason: "asked more often than expected") }
    switch answers.removeFirst() {
    case .answer(let verified, let reason, let retry):
      return BMCReportResponse(verified: verified, reason: reason, retry: retry)
    case .failure(let failure): throw failure
    }
  }
}

/// A BMC with a user table and LAN channel 8, and perhaps 1.
final class FakeController: IPMIRequester {
  struct User {
    var name: String
    var password: [UInt8] = []
    var isEnabled = false
    var privileges: [UInt8: UInt8] = [:]
  }

  private struct State {
    var users: [UInt8: User]
    var hasChanged = false
  }

  private let state: Mutex<State>
  private let address: IPv4Address
  private let otherAddress: IPv4Address?
  private let refusals: [UInt8: CompletionCode]
  private let isSilent: Bool

  init(
    users: [UInt8: String] = [2: "root"], address: IPv4Address = IPv4Address("10.0.0.7") ?? .any,
    otherAddress: IPv4Address? = nil, refusing refusals: [UInt8: CompletionCode] = [:], isSilent: Bool = false
  ) {
    state = Mutex(State(users: users.mapValues { User(name: $0) }))
    self.address = address
    self.otherAddress = otherAddress
    self.refusals = refusals
    self.isSilent = isSilent
  }

  func user(_ number: UInt8) -> User? { state.withLock { $0.users[number] } }
  var hasChanged: Bool { state.withLock(\.hasChanged) }

  func perform(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply {
    guard !isSilent else { throw .unanswered }
    if let code = refusals[request.command] { return IPMIReply(code: code, data: []) }
    return state.withLock { answer(request, &$0) } ?? IPMIReply(code: .invalidCommand, data: [])
  }

  func fence() async throws(IPMIFailure) {}
  func pause(for duration: Duration) async throws(IPMIFailure) {}
  var now: ContinuousClock.Instant { .now }

  private func answer(_ request: IPMIRequest, _ state: inout State) -> IPMIReply? {
    let data = request.data
    func number(_ index: Int) -> UInt8 { data.indices.contains(index) ? data[index] : 0 }
    func reply(_ data: [UInt8] = []) -> IPMIReply { IPMIReply(code: .success, data: data) }
    let channels: [UInt8: IPv4Address] = otherAddress.map { [1: $0, 8: address] } ?? [8: address]

    switch (request.networkFunction, request.command) {
    case (.application, GetDeviceID.command):
      return reply([0x20, 0x81, 9, 0x08, 0x02, 0x9f, 0x91, 0x12, 0, 2, 15])
    case (.application, 0x42):  // Get Channel Info: 4 is 802.3, 5 another medium
      return reply([number(0) & 0x0f, channels[number(0) & 0x0f] == nil ? 5 : 4, 1, 0x80, 0xf2, 0x1b, 0, 0, 0])
    case (.transport, GetLANConfiguration.command):
      guard let address = channels[number(0) & 0x0f] else { return IPMIReply(code: .invalidField, data: []) }
      switch number(1) {
      case 3: return reply([0x11] + address.bytes)
      case 5: return reply([0x11, 0x52, 0x54, 0x00, 0xb0, 0x00, number(0) & 0x0f])
      default: return IPMIReply(code: GetLANConfiguration.parameterNotSupported, data: [])
      }
    case (.application, GetUserAccess.command):
      let user = state.users[number(1) & 0x3f]
      let privilege = user?.privileges[number(0) & 0x0f] ?? 0x0f
      return reply([
        4, user?.isEnabled == true ? 0x41 : 0x81, 1, privilege == 0x0f ? 0x0f : 0x10 | privilege,
      ])
    case (.application, GetUserName.command):
      let name = Array((state.users[number(0)]?.name ?? "").utf8.prefix(16))
      return reply(name + [UInt8](repeating: 0, count: 16 - name.count))
    case (.application, SetUserName.command):
      state.hasChanged = true
      state.users[number(0), default: User(name: "")].name = String(
        decoding: data.dropFirst().prefix { $0 != 0 }, as: UTF8.self)
      return reply()
    case (.application, SetUserAccess.command):
      state.hasChanged = true
      state.users[number(1), default: User(name: "")].privileges[number(0) & 0x0f] = number(2)
      return reply()
    case (.application, SetUserPassword.command):
      let user = number(0) & 0x3f
      switch number(1) {
      case 0, 1: state.users[user, default: User(name: "")].isEnabled = number(1) == 1
      case 2: state.users[user, default: User(name: "")].password = Array(data.dropFirst(2))
      default:
        guard state.users[user]?.password == Array(data.dropFirst(2)) else {
          return IPMIReply(code: SetUserPassword.passwordDiffers, data: [])
        }
      }
      state.hasChanged = true
      return reply()
    default: return nil
    }
  }
}
