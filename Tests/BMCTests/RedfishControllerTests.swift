import BareMetal
import NIOHTTP1
import Synchronization
import Testing
import Wire

@testable import BMC

/// A Redfish service with one system, whose resources are text and whose power works.
private final class Service: Sendable {
  struct State {
    var power = "Off"
    /// Resources by path; `%POWER%` is the state.
    var resources: [String: String]
    /// Replies that are given in place of the right one, once each: `POST /path`.
    var faults: [String: [HTTPTestServer.Reply]] = [:]
    /// The change is carried out before the fault.
    var carriesOut = false
    var sessions: Set<String> = []
    var opened = 0
  }

  static let reset = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset"
  static let common = #"["On","ForceOff","GracefulShutdown","ForceRestart"]"#

  let state: Mutex<State>
  /// Sessions; else Basic.
  let hasSessions: Bool
  let password: String?

  init(
    password: String? = nil, hasSessions: Bool = false, allowed: String = common, boot: String = "{}",
    faults: [String: [HTTPTestServer.Reply]] = [:], carriesOut: Bool = false, power: String = "Off",
    more: [String: String] = [:]
  ) {
    self.password = password
    self.hasSessions = hasSessions
    var resources = [
      "/redfish/v1/":
        #"{"RedfishVersion":"1.11.0","UUID":"root-uuid","Systems":{"@odata.id":"/redfish/v1/Systems"},"Managers":{"@odata.id":"/redfish/v1/Managers"},"Chassis":{"@odata.id":"/redfish/v1/Chassis"},"AccountService":{"@odata.id":"/redfish/v1/AccountService"}\#(hasSessions ? #","Links":{"Sessions":{"@odata.id":"/redfish/v1/SessionService/Sessions"}}"# : "")}"#,
      "/redfish/v1/Systems": #"{"Members":[{"@odata.id":"/redfish/v1/Systems/1"}]}"#,
      "/redfish/v1/Systems/1":
        ##"{"@odata.id":"/redfish/v1/Systems/1","@odata.etag":"W/\"7\"","Id":"1","PowerState":"%POWER%","Boot":\##(boot),"LogServices":{"@odata.id":"/redfish/v1/Systems/1/LogServices"},"Actions":{"#ComputerSystem.Reset":{"target":"\##(Self.reset)","ResetType@Redfish.AllowableValues":\##(allowed)}}}"##,
    ]
    resources.merge(more) { $1 }
    state = Mutex(State(power: power, resources: resources, faults: faults, carriesOut: carriesOut))
  }

  var opened: Int { state.withLock { $0.opened } }
  var openSessions: Int { state.withLock { $0.sessions.count } }

  func reply(to request: HTTPTestServer.Request) -> HTTPTestServer.Reply {
    state.withLock { state in
      var fault: HTTPTestServer.Reply?
      if var faults = state.faults["\(request)"], !faults.isEmpty {
        fault = faults.removeFirst()
        state.faults["\(request)"] = faults
        if let fault, !state.carriesOut { return fault }
      }
      if request.path == "/redfish/v1/SessionService/Sessions", request.method == .POST {
        guard request.body.contains(#""\#(password ?? "")""#) else { return fault ?? .answer(.unauthorized, "{}") }
        state.opened += 1
        let token = "token-\(state.opened)"
        state.sessions.insert(token)
        return fault
          ?? .answer(
            .created, "{}",
            headers: ["X-Auth-Token": token, "Location": "/redfish/v1/SessionService/Sessions/\(token)"])
      }
      if let password, request.path != "/redfish/v1/" {
        let token = request.headers.first(name: "X-Auth-Token")
        let basic = request.headers.first(name: "Authorization")
        // "admin:secret" is all that the tests use.
        let isBasic = basic == "Basic YWRtaW46c2VjcmV0" && password == "secret"
        guard token.map({ state.sessions.contains($0) }) == true || isBasic else { return .answer(.unauthorized, "{}") }
      }
      switch request.method {
      case .GET:
        guard let text = state.resources[request.path] else { return fault ?? .answer(.notFound, "{}") }
        let parts = text.split(separator: "%POWER%", omittingEmptySubsequences: false)
        return fault ?? .json(parts.joined(separator: state.power))
      case .DELETE:
        if let token = request.headers.first(name: "X-Auth-Token") { state.sessions.remove(token) }
        return .answer(.noContent, "")
      case .POST where request.path == Self.reset:
        for (type, power) in [
          ("On", "On"), ("ForceOff", "Off"), ("GracefulShutdown", "Off"), ("ForceRestart", "On"), ("PowerCycle", "On"),
        ] where request.body.contains(#""\#(type)""#) { state.power = power }
        return fault ?? .answer(.noContent, "")
      default: return fault ?? .answer(.noContent, "")
      }
    }
  }
}

@Suite("Redfish")
struct RedfishControllerTests {
  static let limits: HTTPLimits = {
    var limits = HTTPLimits()
    limits.answerTime = .milliseconds(500)
    limits.pollInterval = .milliseconds(5)
    limits.switchTime = .milliseconds(300)
    limits.shutdownTime = .milliseconds(300)
    limits.taskTime = .milliseconds(300)
    limits.longestRetryAfter = .seconds(2)
    return limits
  }()

  private func run<Value>(
    _ service: Service, user: String? = nil, password: String = "secret", system: String? = nil,
    _ body: (any PowerController, HTTPTestServer) async throws -> Value
  ) async throws -> Value {
    try await HTTPTestServer.run({ service.reply(to: $0) }) { server in
      let drivers = HTTPDrivers(limits: Self.limits)
      let credentials = user.map { Credentials(user: $0, password: Secret(password)) }
      var access = RedfishAccess(baseURL: server.url, credentials: credentials)
      access.system = system
      do {
        let value = try await body(drivers.redfish(access), server)
        await drivers.close()
        return value
      } catch {
        await drivers.close()
        throw error
      }
    }
  }

  private func failure(_ controller: any PowerController, _ request: BMCRequest) async -> BMCFailure? {
    do {
      _ = try await controller.perform(request)
      return nil
    } catch { return error }
  }

  private func resets(_ server: HTTPTestServer) -> [String] {
    server.requests.filter { $0.path == Service.reset }.map { $0.body }
  }

  // MARK: Power

  @Test("on and off are seen, and not asked for when they are so")
  func onAndOff() async throws {
    try await run(Service()) { (machine, server) async throws in
      #expect(try await machine.power(.off) == .off)
      #expect(resets(server).isEmpty)
      #expect(try await machine.power(.on) == .on)
      #expect(try await machine.power(.off) == .off)
      #expect(resets(server) == [#"{"ResetType":"On"}"#, #"{"ResetType":"ForceOff"}"#])
    }
  }

  @Test("a cycle is PowerCycle where there is one; else off, seen off, and on")
  func cycle() async throws {
    let allowed = #"["On","ForceOff","PowerCycle"]"#
    for waits in [true, false] {
      try await run(Service(allowed: allowed, power: "On")) { (machine, server) async throws in
        #expect(try await machine.power(.cycle, waits: waits) == .unknown)
        #expect(resets(server) == [#"{"ResetType":"PowerCycle"}"#])
      }
    }
    try await run(Service(power: "On")) { (machine, server) async throws in
      #expect(try await machine.power(.cycle) == .on)
      #expect(resets(server) == [#"{"ResetType":"ForceOff"}"#, #"{"ResetType":"On"}"#])
    }
    try await run(Service(power: "Off")) { (machine, server) async throws in
      #expect(try await machine.power(.cycle) == .on)
      #expect(resets(server) == [#"{"ResetType":"On"}"#])
    }
  }

  @Test("the types that the service allows are used, wherever it lists them")
  func allowed() async throws {
    try await run(Service(allowed: #"["ForceOn","PushPowerButton"]"#)) { (machine, server) async throws in
      try await machine.power(.on, waits: false)
      #expect(resets(server) == [#"{"ResetType":"ForceOn"}"#])
      let failure = await failure(machine, .power(.cycle, waits: true))
      #expect(failure == nil || failure?.kind == .timedOut)
    }
    try await run(Service(allowed: #"["On"]"#, power: "On")) { (machine, server) async throws in
      #expect(await failure(machine, .power(.off, waits: true))?.kind == .unsupported)
      #expect(await failure(machine, .power(.reset, waits: true))?.kind == .unsupported)
      #expect(resets(server).isEmpty)
    }
  }

  @Test("a machine that is off is not reset")
  func resetOff() async throws {
    try await run(Service()) { (machine, server) async throws in
      #expect(await failure(machine, .power(.reset, waits: true))?.kind == .refused)
      #expect(resets(server).isEmpty)
    }
  }

  @Test("a change whose answer is lost is looked at; a reset is then uncertain, and never repeated")
  func lost() async throws {
    let hangUp = ["POST \(Service.reset)": [HTTPTestServer.Reply.hangUp]]
    try await run(Service(faults: hangUp, carriesOut: true)) { (machine, server) async throws in
      #expect(try await machine.power(.on) == .on)
      #expect(resets(server).count == 1)
    }
    try await run(Service(faults: hangUp)) { (machine, server) async throws in
      #expect(try await machine.power(.on) == .on)
      #expect(resets(server).count == 2)
    }
    try await run(Service(faults: hangUp, carriesOut: true, power: "On")) { (machine, server) async throws in
      #expect(await failure(machine, .power(.reset, waits: true))?.kind == .uncertain)
      #expect(resets(server).count == 1)
    }
    try await run(Service(faults: hangUp, carriesOut: true, power: "On")) { (machine, server) async throws in
      #expect(try await machine.power(.soft) == .off)
      #expect(resets(server).count == 1)
    }
  }

  @Test("a machine that does not become as asked is not reported so")
  func silentFailure() async throws {
    let yes = ["POST \(Service.reset)": [HTTPTestServer.Reply.answer(.noContent, "")]]
    try await run(Service(faults: yes)) { (machine, _) async throws in
      #expect(await failure(machine, .power(.on, waits: true))?.kind == .timedOut)
    }
  }

  @Test("a task is followed to its end", arguments: ["Completed", "Exception"])
  func task(_ state: String) async throws {
    let accepted = HTTPTestServer.Reply.answer(.accepted, "{}", headers: ["Location": "/redfish/v1/Tasks/9"])
    let service = Service(
      faults: [
        "POST \(Service.reset)": [accepted],
        "GET /redfish/v1/Tasks/9": [.answer(.accepted, "{}"), .json(#"{"TaskState":"Running"}"#)],
      ],
      more: ["/redfish/v1/Tasks/9": #"{"TaskState":"\#(state)","Messages":[{"Message":"no cooling"}]}"#])
    try await run(service) { (machine, server) async throws in
      let failure = await failure(machine, .power(.on, waits: false))
      #expect(failure?.kind == (state == "Completed" ? nil : .refused))
      #expect(server.requests.filter { $0.path == "/redfish/v1/Tasks/9" }.count == 3)
    }
  }

  // MARK: Systems and links

  @Test("of several systems one must be named, and is found by its name")
  func several() async throws {
    let more = [
      "/redfish/v1/Systems":
        #"{"Members":[{"@odata.id":"/redfish/v1/Systems/blade-1"},{"@odata.id":"/redfish/v1/Systems/1"}]}"#
    ]
    try await run(Service(more: more)) { (machine, _) async throws in
      let failure = await failure(machine, .powerStatus)
      #expect(failure?.kind == .misconfigured)
      #expect(failure?.message.contains("blade-1, 1") == true)
    }
    try await run(Service(more: more), system: "1") { (machine, _) async throws in
      let state = try await machine.powerState()
      #expect(state == .off)
    }
    try await run(Service(more: more), system: "2") { (machine, _) async throws in
      #expect(await failure(machine, .powerStatus)?.kind == .misconfigured)
    }
  }

  @Test(
    "links lead nowhere but to the service",
    arguments: ["http://127.0.0.1:1/redfish/v1/Systems/1", "//evil/1", "https://evil.example/1", "Systems/1", "/a b"])
  func foreignLink(_ link: String) async throws {
    let more = ["/redfish/v1/Systems": #"{"Members":[{"@odata.id":"\#(link)"}]}"#]
    try await run(Service(more: more), user: "admin") { (machine, server) async throws in
      #expect(await failure(machine, .powerStatus)?.kind == .malformed)
      #expect(server.requests.allSatisfy { $0.path.hasPrefix("/redfish/v1/Systems") || $0.path == "/redfish/v1/" })
    }
  }

  @Test("redirects are followed on the same origin only")
  func redirects() async throws {
    let moved = HTTPTestServer.Reply.answer(.permanentRedirect, "", headers: ["Location": "/redfish/v1/Systems"])
    try await run(Service(faults: ["GET /redfish/v1/Systems": [moved]])) { (machine, _) async throws in
      #expect(try await machine.powerState() == .off)
    }
    let elsewhere = HTTPTestServer.Reply.answer(.found, "", headers: ["Location": "http://evil.example/"])
    try await run(Service(faults: ["GET /redfish/v1/Systems": [elsewhere]])) { (machine, _) async throws in
      #expect(await failure(machine, .powerStatus)?.kind == .misconfigured)
    }
    try await run(Service(faults: ["GET /redfish/v1/Systems": Array(repeating: moved, count: 9)])) {
      (machine, server) async throws in
      #expect(await failure(machine, .powerStatus) != nil)
      #expect(server.requests.count <= 6)
    }
  }

  // MARK: Logging in

  @Test("a session is opened once, used, and closed")
  func session() async throws {
    let service = Service(password: "secret", hasSessions: true)
    try await run(service, user: "admin") { (machine, server) async throws in
      #expect(try await machine.powerState() == .off)
      #expect(try await machine.power(.on) == .on)
      #expect(server.requests.filter { $0.path.hasSuffix("/Sessions") }.count == 1)
      #expect(server.requests.allSatisfy { $0.headers["Authorization"].isEmpty })
    }
    #expect(service.openSessions == 0)
    #expect(service.opened == 1)
  }

  @Test("a session that has expired is renewed")
  func expiredSession() async throws {
    let service = Service(password: "secret", hasSessions: true)
    try await run(service, user: "admin") { (machine, _) async throws in
      #expect(try await machine.powerState() == .off)
      service.state.withLock { $0.sessions.removeAll() }
      #expect(try await machine.powerState() == .off)
      #expect(service.opened == 2)
    }
  }

  @Test("many requests at once log in once")
  func oneLogin() async throws {
    let service = Service(password: "secret", hasSessions: true)
    try await run(service, user: "admin") { (machine, _) async throws in
      await withTaskGroup(of: PowerState?.self) { tasks in
        for _ in 0..<20 { tasks.addTask { try? await machine.powerState() } }
        for await state in tasks { #expect(state == .off) }
      }
      #expect(service.opened == 1)
    }
  }

  @Test("without sessions, or with all of them taken, it is Basic")
  func basic() async throws {
    try await run(Service(password: "secret"), user: "admin") { (machine, _) async throws in
      #expect(try await machine.powerState() == .off)
    }
    let path = "POST /redfish/v1/SessionService/Sessions"
    for reply in [HTTPTestServer.Reply.answer(.methodNotAllowed, "{}"), .answer(.serviceUnavailable, "{}")] {
      let service = Service(password: "secret", hasSessions: true, faults: [path: [reply]])
      try await run(service, user: "admin") { (machine, _) async throws in
        let state = try await machine.powerState()
        #expect(state == .off)
      }
    }
  }

  @Test("a wrong password is tried once, also by many at once, and never shown", arguments: [true, false])
  func wrongPassword(hasSessions: Bool) async throws {
    let service = Service(password: "secret", hasSessions: hasSessions)
    try await run(service, user: "admin", password: "guess-42") { (machine, server) async throws in
      let kinds = await withTaskGroup(of: BMCFailure?.self) { tasks in
        for _ in 0..<10 { tasks.addTask { await failure(machine, .powerStatus) } }
        return await tasks.reduce(into: [BMCFailure?]()) { $0.append($1) }
      }
      #expect(kinds.filter { $0?.kind == .wrongPassword }.count == 1)
      #expect(kinds.filter { $0?.kind == .lockedOut }.count == 9)
      #expect(kinds.allSatisfy { $0?.message.contains("guess-42") == false })
      #expect(server.requests.filter { $0.path != "/redfish/v1/" }.count == 1)
    }
  }

  @Test("a service that wants a password and is given none: a misconfiguration")
  func noCredentials() async throws {
    try await run(Service(password: "secret")) { (machine, _) async throws in
      #expect(await failure(machine, .powerStatus)?.kind == .misconfigured)
    }
  }

  @Test("what the user may not do is a lack of privilege, in the service's words")
  func privilege() async throws {
    let text = #"{"error":{"@Message.ExtendedInfo":[{"Message":"Operator needed."}]}}"#
    try await run(Service(faults: ["POST \(Service.reset)": [.answer(.forbidden, text)]])) {
      (machine, _) async throws in
      let failure = await failure(machine, .power(.on, waits: true))
      #expect(failure?.kind == .privilege)
      #expect(failure?.message.contains("Operator needed.") == true)
    }
  }

  // MARK: Faults

  @Test("a busy service is asked again when it said, and given up when that is too long")
  func retryAfter() async throws {
    let soon = HTTPTestServer.Reply.answer(.serviceUnavailable, "{}", headers: ["Retry-After": "0"])
    let late = HTTPTestServer.Reply.answer(.tooManyRequests, "{}", headers: ["Retry-After": "3600"])
    try await run(Service(faults: ["POST \(Service.reset)": [soon, soon]])) { (machine, server) async throws in
      #expect(try await machine.power(.on) == .on)
      #expect(resets(server).count == 3)
    }
    try await run(Service(faults: ["POST \(Service.reset)": [soon, soon, soon]])) { (machine, _) async throws in
      #expect(await failure(machine, .power(.on, waits: true))?.kind == .busy)
    }
    try await run(Service(faults: ["POST \(Service.reset)": [late]])) { (machine, server) async throws in
      #expect(await failure(machine, .power(.on, waits: true))?.kind == .busy)
      #expect(resets(server).count == 1)
    }
  }

  @Test(
    "answers that make no sense",
    arguments: [
      (.json("<html>"), .malformed), (.json("[]"), .malformed), (.json("{}"), .unsupported),
      (.raw("\u{0}\u{1}\r\n\r\n"), .malformed), (.silence, .timedOut), (.headOnly, .timedOut),
      (.json(#"{"Members":[{"@odata.id":7},null,3]}"#), .unsupported),
      (.json(String(repeating: " ", count: (4 << 20) + 1)), .malformed),
    ] as [(HTTPTestServer.Reply, BMCFailure.Kind)])
  func malformed(_ reply: HTTPTestServer.Reply, _ kind: BMCFailure.Kind) async throws {
    try await run(Service(faults: ["GET /redfish/v1/Systems": [reply]])) { (machine, _) async throws in
      #expect(await failure(machine, .powerStatus)?.kind == kind)
    }
  }

  @Test("a web server that is no Redfish service")
  func otherServer() async throws {
    try await HTTPTestServer.run({ _ in .answer(.notFound, "not found") }) { server in
      let drivers = HTTPDrivers(limits: Self.limits)
      let failure = await failure(drivers.redfish(RedfishAccess(baseURL: server.url)), .powerStatus)
      #expect(failure?.kind == .malformed)
      await drivers.close()
    }
  }

  // MARK: Boot override

  static let pxe =
    #"{"BootSourceOverrideEnabled":"Once","BootSourceOverrideTarget":"Pxe","BootSourceOverrideMode":"UEFI","BootSourceOverrideTarget@Redfish.AllowableValues":["None","Pxe","Hdd"]}"#

  @Test("the override is read")
  func boot() async throws {
    try await run(Service(boot: Self.pxe)) { (machine, _) async throws in
      #expect(try await machine.perform(.boot) == .boot(BootOverride(.pxe, mode: .uefi)))
    }
    try await run(Service(boot: #"{"BootSourceOverrideEnabled":"Disabled","BootSourceOverrideTarget":"Pxe"}"#)) {
      (machine, _) async throws in #expect(try await machine.perform(.boot) == .boot(nil))
    }
  }

  @Test("the override is set on the condition that nothing changed, and once again when it did")
  func setBoot() async throws {
    let stale = ["PATCH /redfish/v1/Systems/1": [HTTPTestServer.Reply.answer(.preconditionFailed, "{}")]]
    try await run(Service(boot: Self.pxe, faults: stale)) { (machine, server) async throws in
      try await machine.setBoot(BootOverride(.disk, isPersistent: true, mode: .bios))
      #expect(server.changes.map { $0.headers["If-Match"] } == [[#"W/"7""#], [#""7""#]])
      let body = server.changes.last?.body ?? ""
      for part in [
        #""BootSourceOverrideTarget":"Hdd""#, #""BootSourceOverrideEnabled":"Continuous""#,
        #""BootSourceOverrideMode":"Legacy""#,
      ] { #expect(body.contains(part)) }
    }
    let never = [
      "PATCH /redfish/v1/Systems/1": Array(repeating: HTTPTestServer.Reply.answer(.preconditionFailed, "{}"), count: 5)
    ]
    try await run(Service(boot: Self.pxe, faults: never)) { (machine, server) async throws in
      #expect(await failure(machine, .setBoot(BootOverride(.pxe)))?.kind == .refused)
      #expect(server.changes.count == 2)
    }
  }

  @Test("a device that the service does not allow is unsupported, without asking")
  func bootUnsupported() async throws {
    try await run(Service(boot: Self.pxe)) { (machine, server) async throws in
      #expect(await failure(machine, .setBoot(BootOverride(.setup)))?.kind == .unsupported)
      #expect(server.changes.isEmpty)
    }
  }

  @Test("Supermicro is told the mode each time, and has a CD of its own; others only what changes")
  func bootQuirks() {
    func body(_ override: BootOverride, _ manufacturer: String) -> JSONValue? {
      let boot = JSONValue.object([
        "BootSourceOverrideMode": .string("UEFI"),
        "BootSourceOverrideTarget@Redfish.AllowableValues": .array([.string("Pxe"), .string("UsbCd")]),
      ])
      return RedfishQuirks.bootBody(for: override, boot: boot, manufacturer: manufacturer)?["Boot"]
    }
    #expect(body(BootOverride(.pxe, mode: .uefi), "HPE")?["BootSourceOverrideMode"] == nil)
    #expect(body(BootOverride(.pxe), "Supermicro")?["BootSourceOverrideMode"]?.text == "UEFI")
    #expect(body(BootOverride(.pxe, mode: .bios), "HPE")?["BootSourceOverrideMode"]?.text == "Legacy")
    #expect(body(BootOverride(.cd), "Supermicro")?["BootSourceOverrideTarget"]?.text == "UsbCd")
    #expect(body(BootOverride(.none), "HPE")?["BootSourceOverrideEnabled"]?.text == "Disabled")
  }

  // MARK: Reports

  @Test("the machine's own log is read page by page, and cleared")
  func eventLog() async throws {
    let logs = "/redfish/v1/Systems/1/LogServices"
    let more = [
      logs: #"{"Members":[{"@odata.id":"\#(logs)/Audit"},{"@odata.id":"\#(logs)/SEL"}]}"#,
      "\(logs)/Audit": #"{"Id":"Audit","Entries":{"@odata.id":"/none"}}"#,
      "\(logs)/SEL":
        ##"{"Id":"SEL","Entries":{"@odata.id":"\##(logs)/SEL/Entries"},"Actions":{"#LogService.ClearLog":{"target":"\##(logs)/SEL/Clear"}}}"##,
      "\(logs)/SEL/Entries":
        #"{"Members":[{"Id":"1","Created":"2026-11-24T12:45:00+01:00","Severity":"Critical","Message":"Fan 1 failed"}],"Members@odata.nextLink":"\#(logs)/SEL/Entries?$skip=1"}"#,
      "\(logs)/SEL/Entries?$skip=1": #"{"Members":[{"@odata.id":"\#(logs)/SEL/Entries/2"}]}"#,
      "\(logs)/SEL/Entries/2":
        #"{"Id":"2","SensorType":"Temperature","SensorNumber":48,"EntryCode":"Deassert","Message":"Cool again"}"#,
    ]
    try await run(Service(more: more)) { (machine, server) async throws in
      let answer = try await machine.perform(.eventLog)
      #expect(
        answer
          == .eventLog([
            EventLogEntry(
              id: "1", time: Timestamp("2026-11-24T11:45:00Z"), subject: "Critical", message: "Fan 1 failed"),
            EventLogEntry(
              id: "2", time: nil, subject: "Temperature 48", message: "Cool again", isDeassertion: true),
          ]))
      #expect(try await machine.perform(.clearEventLog) == .done)
      #expect(server.changes.map(\.description) == ["POST \(logs)/SEL/Clear"])
    }
  }

  @Test("pages in a circle end")
  func circle() async throws {
    let logs = "/redfish/v1/Systems/1/LogServices"
    let more = [
      logs: #"{"Members":[{"Id":"SEL","Entries":{"@odata.id":"/e"}}]}"#,
      "/e": #"{"Members":[{"Id":"1","Message":"a"}],"Members@odata.nextLink":"/e"}"#,
    ]
    try await run(Service(more: more)) { (machine, _) async throws in
      #expect(await failure(machine, .eventLog)?.kind == .malformed)
    }
  }

  @Test("users are those that have a name")
  func users() async throws {
    let more = [
      "/redfish/v1/AccountService": #"{"Accounts":{"@odata.id":"/a"}}"#,
      "/a": #"{"Members":[{"@odata.id":"/a/1"},{"@odata.id":"/a/2"},{"@odata.id":"/a/gone"}]}"#,
      "/a/1": #"{"Id":"1","UserName":"","Enabled":false,"RoleId":"None"}"#,
      "/a/2": #"{"Id":"2","UserName":"root","Enabled":true,"RoleId":"Administrator"}"#,
    ]
    try await run(Service(more: more)) { (machine, _) async throws in
      #expect(
        try await machine.perform(.users)
          == .users([BMCUser(id: 2, name: "root", isEnabled: true, privilege: "Administrator")]))
    }
  }

  @Test("sensors, with readings as text, and absent ones left out; without Thermal, from Sensors")
  func sensors() async throws {
    let old = [
      "/redfish/v1/Chassis": #"{"Members":[{"@odata.id":"/c"}]}"#,
      "/c": #"{"Thermal":{"@odata.id":"/c/t"},"Power":{"@odata.id":"/c/p"}}"#,
      "/c/t":
        #"{"Temperatures":[{"Name":"Inlet","ReadingCelsius":"24","Status":{"Health":"OK"}},{"Name":"GPU","Status":{"State":"Absent"}}],"Fans":[{"FanName":"Fan 1","Reading":20,"ReadingUnits":"Percent","Status":{"Health":"Critical"}}]}"#,
    ]
    try await run(Service(more: old)) { (machine, _) async throws in
      #expect(
        try await machine.perform(.sensors)
          == .sensors([
            SensorReading(name: "Inlet", kind: "temperature", value: 24, unit: "°C", health: .ok),
            SensorReading(name: "Fan 1", kind: "fan", value: 20, unit: "%", health: .critical),
          ]))
    }
    let new = [
      "/redfish/v1/Chassis": #"{"Members":[{"@odata.id":"/c"}]}"#, "/c": #"{"Sensors":{"@odata.id":"/c/s"}}"#,
      "/c/s": #"{"Members":[{"Name":"Fan","ReadingType":"Rotational","ReadingUnits":"{rev}/min","Reading":900}]}"#,
    ]
    try await run(Service(more: new)) { (machine, _) async throws in
      #expect(
        try await machine.perform(.sensors)
          == .sensors([SensorReading(name: "Fan", kind: "fan", value: 900, unit: "RPM", health: .unknown)]))
    }
  }

  @Test("information is of the controller: linked, or the only one")
  func information() async throws {
    let more = [
      "/redfish/v1/Managers": #"{"Members":[{"@odata.id":"/m"}]}"#,
      "/m": #"{"FirmwareVersion":"7.10","Model":"iDRAC","UUID":"m-uuid","EthernetInterfaces":{"@odata.id":"/m/e"}}"#,
      "/m/e": #"{"Members":[{"MACAddress":"52:54:00:12:34:56","IPv4Addresses":[{"Address":"10.0.0.7"}]}]}"#,
    ]
    try await run(Service(more: more)) { (machine, _) async throws in
      guard case .information(let information) = try await machine.perform(.information) else {
        Issue.record("another answer")
        return
      }
      #expect(information.version == "Redfish 1.11.0")
      #expect(information.firmware == "7.10")
      #expect(information.uuid == "m-uuid")
      #expect(information.macAddress == MACAddress(rawValue: 0x5254_0012_3456))
      #expect(information.ipAddress == IPv4Address(rawValue: 0x0a00_0007))
    }
  }

  @Test(
    "times, as controllers write them",
    arguments: [
      ("2026-11-24T12:45:00Z", "2026-11-24T12:45:00Z"), ("2026-11-24T12:45:00.123Z", "2026-11-24T12:45:00Z"),
      ("2026-11-24T12:45:00-06:00", "2026-11-24T18:45:00Z"), ("2026-11-24T12:45:00", "2026-11-24T12:45:00Z"),
      ("1970-01-01T00:00:05Z", nil), ("yesterday", nil), ("2026-11-24T12:45:00+99:00", nil), ("", nil),
    ] as [(String, String?)])
  func times(_ text: String, _ expected: String?) {
    #expect(RedfishQuirks.time(text)?.description == expected)
  }
}
