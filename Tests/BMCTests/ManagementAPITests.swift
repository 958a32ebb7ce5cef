import BareMetal
import NIOHTTP1
import Synchronization
import Testing

@testable import BMC

/// A machine behind Sidero's HTTP interface, as its own driver expects it (plain HTTP, POST without body, 200).
private final class Machine: Sendable {
  struct State {
    var isOn = false
    var bootsFromNetwork = false
    /// Replies that are given in place of the right one, once each, by path; `nil` inside: carried out, and no answer.
    var faults: [String: [Fault]] = [:]
  }

  enum Fault {
    /// Nothing happens.
    case reply(HTTPTestServer.Reply)
    /// It is carried out, and then this is the reply.
    case carriedOut(HTTPTestServer.Reply)
  }

  let state: Mutex<State>

  init(isOn: Bool, faults: [String: [Fault]] = [:]) { state = Mutex(State(isOn: isOn, faults: faults)) }

  var bootsFromNetwork: Bool { state.withLock { $0.bootsFromNetwork } }

  func reply(to request: HTTPTestServer.Request) -> HTTPTestServer.Reply {
    state.withLock { state in
      var instead: HTTPTestServer.Reply?
      if var faults = state.faults[request.path], !faults.isEmpty {
        let fault = faults.removeFirst()
        state.faults[request.path] = faults
        switch fault {
        case .reply(let reply): return reply
        case .carriedOut(let reply): instead = reply
        }
      }
      switch "\(request)" {
      case "GET /status": return instead ?? .json(#"{"PoweredOn":\#(state.isOn)}"#)
      case "POST /poweron": state.isOn = true
      case "POST /poweroff": state.isOn = false
      case "POST /reboot": break
      case "POST /pxeboot": state.bootsFromNetwork = true
      default: return .answer(.notFound, "404 page not found")
      }
      return instead ?? .answer(.ok, "")
    }
  }
}

@Suite("Management API")
struct ManagementAPITests {
  static let limits: HTTPLimits = {
    var limits = HTTPLimits()
    limits.answerTime = .milliseconds(400)
    limits.pollInterval = .milliseconds(5)
    limits.switchTime = .milliseconds(300)
    return limits
  }()

  private func run<Value>(
    _ machine: Machine, _ body: (any PowerController, HTTPTestServer) async throws -> Value
  ) async throws -> Value {
    try await HTTPTestServer.run({ machine.reply(to: $0) }) { server in
      let drivers = HTTPDrivers(limits: Self.limits)
      do {
        let value = try await body(drivers.managementAPI("127.0.0.1:\(server.port)"), server)
        await drivers.close()
        return value
      } catch {
        await drivers.close()
        throw error
      }
    }
  }

  private func failure(_ machine: Machine, _ request: BMCRequest) async throws -> (BMCFailure?, [String]) {
    try await run(machine) { (controller, server) async throws in
      do {
        _ = try await controller.perform(request)
        return (nil, server.requests.map(\.description))
      } catch {
        return (error as? BMCFailure, server.requests.map(\.description))
      }
    }
  }

  @Test("a machine is switched on and off, and seen to be so")
  func onAndOff() async throws {
    try await run(Machine(isOn: false)) { (controller, server) async throws in
      #expect(try await controller.powerState() == .off)
      #expect(try await controller.power(.on) == .on)
      #expect(try await controller.power(.off) == .off)
      #expect(server.changes.map(\.description) == ["POST /poweron", "POST /poweroff"])
      #expect(server.changes.allSatisfy { $0.body.isEmpty })
    }
  }

  @Test("a machine that is as asked is left alone")
  func idempotent() async throws {
    try await run(Machine(isOn: true)) { (controller, server) async throws in
      #expect(try await controller.power(.on) == .on)
      #expect(server.changes.isEmpty)
    }
  }

  @Test("a cycle is a reboot, and of a machine that is off a start")
  func cycle() async throws {
    try await run(Machine(isOn: true)) { (controller, server) async throws in
      #expect(try await controller.power(.cycle) == .on)
      #expect(server.changes.map(\.description) == ["POST /reboot"])
    }
    try await run(Machine(isOn: false)) { (controller, server) async throws in
      #expect(try await controller.power(.cycle) == .on)
      #expect(server.changes.map(\.description) == ["POST /poweron"])
    }
  }

  @Test("the next boot is from the network; every boot, or another device, is not possible")
  func boot() async throws {
    let machine = Machine(isOn: false)
    try await run(machine) { (controller, _) async throws in
      try await controller.setBoot(BootOverride(.pxe, mode: .uefi))
    }
    #expect(machine.bootsFromNetwork)
    for override in [BootOverride(.pxe, isPersistent: true), BootOverride(.disk), BootOverride(.none)] {
      let (failure, asked) = try await failure(Machine(isOn: false), .setBoot(override))
      #expect(failure?.kind == .unsupported)
      #expect(asked.isEmpty)
    }
  }

  @Test(
    "what it cannot do is said, without asking",
    arguments: [
      .power(.reset, waits: false), .power(.soft, waits: false), .boot, .identify(seconds: 1), .information, .sensors,
      .eventLog, .clearEventLog, .inventory, .users,
    ] as [BMCRequest])
  func unsupported(_ request: BMCRequest) async throws {
    let (failure, asked) = try await failure(Machine(isOn: true), request)
    #expect(failure?.kind == .unsupported)
    #expect(asked.isEmpty)
  }

  @Test("a switch whose answer is lost is looked at, and not repeated when it was carried out")
  func lostAnswer() async throws {
    try await run(Machine(isOn: false, faults: ["/poweron": [.carriedOut(.hangUp)]])) {
      (controller, server) async throws in
      #expect(try await controller.power(.on) == .on)
      #expect(server.requests.map(\.description) == ["GET /status", "POST /poweron", "GET /status"])
    }
  }

  @Test("a switch that was lost itself is repeated, once")
  func lostRequest() async throws {
    try await run(Machine(isOn: false, faults: ["/poweron": [.reply(.hangUp)]])) { (controller, server) async throws in
      #expect(try await controller.power(.on) == .on)
      #expect(server.changes.map(\.description) == ["POST /poweron", "POST /poweron"])
    }
    let (failure, asked) = try await failure(
      Machine(isOn: false, faults: ["/poweron": [.reply(.hangUp), .reply(.silence), .reply(.hangUp)]]),
      .power(.on, waits: true))
    #expect(failure?.kind == .uncertain)
    #expect(asked.filter { $0 == "POST /poweron" }.count == 2)
  }

  @Test("a reboot whose answer is lost is uncertain, and never repeated", arguments: [true, false])
  func lostReboot(hangsUp: Bool) async throws {
    let reply: HTTPTestServer.Reply = hangsUp ? .hangUp : .silence
    let (failure, asked) = try await failure(
      Machine(isOn: true, faults: ["/reboot": [.carriedOut(reply)]]), .power(.cycle, waits: true))
    #expect(failure?.kind == .uncertain)
    #expect(asked.filter { $0 == "POST /reboot" }.count == 1)
  }

  @Test("a machine that says yes and does nothing is not reported as switched")
  func silentFailure() async throws {
    let (failure, _) = try await failure(
      Machine(isOn: false, faults: ["/poweron": [.reply(.answer(.ok, ""))]]), .power(.on, waits: true))
    #expect(failure?.kind == .timedOut)
  }

  @Test("a refusal is told in the machine's own words, and not repeated")
  func refusal() async throws {
    let (failure, asked) = try await failure(
      Machine(isOn: false, faults: ["/poweron": [.reply(.answer(.internalServerError, "simulated\nfailure"))]]),
      .power(.on, waits: true))
    #expect(failure?.kind == .refused)
    #expect(failure?.message.contains("simulated failure") == true)
    #expect(asked == ["GET /status", "POST /poweron"])
  }

  @Test(
    "an answer that makes no sense is malformed",
    arguments: [
      .json("<html>"), .json("[]"), .json(#"{"PoweredOn":"yes"}"#), .json(""), .raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
      .json(String(repeating: " ", count: ManagementAPIController.maximumAnswerBytes + 1)),
    ] as [HTTPTestServer.Reply])
  func malformed(_ reply: HTTPTestServer.Reply) async throws {
    let (failure, _) = try await failure(Machine(isOn: true, faults: ["/status": [.reply(reply)]]), .powerStatus)
    #expect(failure?.kind == .malformed)
  }

  @Test(
    "an answer that does not come, or not whole, ends in time", arguments: [HTTPTestServer.Reply.silence, .headOnly])
  func hang(_ reply: HTTPTestServer.Reply) async throws {
    let (failure, _) = try await failure(Machine(isOn: true, faults: ["/status": [.reply(reply)]]), .powerStatus)
    #expect(failure?.kind == .timedOut)
  }

  @Test("redirects are not followed")
  func redirect() async throws {
    let (failure, asked) = try await failure(
      Machine(
        isOn: true, faults: ["/status": [.reply(.answer(.found, "", headers: ["Location": "http://127.0.0.1:1/"]))]]),
      .powerStatus)
    #expect(failure?.kind == .refused)
    #expect(asked == ["GET /status"])
  }

  @Test("a connection that was closed just then is made again, for looking")
  func closedConnection() async throws {
    try await run(Machine(isOn: true, faults: ["/status": [.reply(.hangUp)]])) { (controller, _) async throws in
      #expect(try await controller.powerState() == .on)
    }
  }

  @Test("nobody listens: unreachable, at once")
  func refusedConnection() async throws {
    let port = try await HTTPTestServer.run({ _ in .silence }) { $0.port }
    let drivers = HTTPDrivers(limits: Self.limits)
    let controller = drivers.managementAPI("http://127.0.0.1:\(port)")
    let failure = await #expect(throws: BMCFailure.self) { _ = try await controller.powerState() }
    #expect(failure?.kind == .unreachable)
    await drivers.close()
  }

  @Test(
    "an address that is none is a misconfiguration",
    arguments: ["", "ftp://host", "http://user:secret@host", "http://host/path", "http://ho st", "http://host:70000"])
  func badAddress(_ address: String) async throws {
    let drivers = HTTPDrivers()
    let controller = drivers.managementAPI(address)
    let failure = await #expect(throws: BMCFailure.self) { _ = try await controller.powerState() }
    #expect(failure?.kind == .misconfigured)
    #expect(failure?.message.contains("secret") == false)
    await drivers.close()
  }
}
