import BareMetal
import Foundation
import HTTPTypes
import Testing
import Wire

@testable import HTTPServices

@Suite("Administration: management controllers", .timeLimit(.minutes(1)))
struct AdminPowerTests {
  private func order(_ request: BMCRequest, all: Bool = false, names: [String]? = nil, selector: String? = nil)
    -> BMCOrder
  {
    var order = BMCOrder(request: request)
    order.all = all ? true : nil
    order.names = names
    order.selector = selector
    order.by = "ada"
    return order
  }

  @Test("Everybody's power is a line each, and in every Server's status afterwards")
  func status() async throws {
    let rack = try ManagedRack()
    for number in 1...5 { try await rack.add(number, accepted: number != 5) }
    rack.controllers.fail("10.0.0.3", BMCFailure(.timedOut, "10.0.0.3 fell silent"))
    let outcomes = try await rack.order(order(.powerStatus, all: true))
    #expect(Set(outcomes.map(\.target)) == Set((1...5).map(ManagedRack.name)))
    #expect(outcomes.count { $0.result == .success(.power(.on)) } == 4)
    let failed = outcomes.filter { (try? $0.result.get()) == nil }
    #expect(failed.map(\.result) == [.failure(BMCFailure(.timedOut, "10.0.0.3 fell silent"))])
    let silent = try #require(try await rack.server(3))
    #expect(silent.status.power == .unknown)
    #expect(
      silent.status.conditions == [
        Condition(
          type: "BMCReachable", status: .false, severity: "Warning",
          lastTransitionTime: Timestamp(seconds: 1_700_000_000), reason: "TimedOut", message: "10.0.0.3 fell silent")
      ])
    let answering = try #require(try await rack.server(1))
    #expect(answering.status.power == .on)
    #expect(answering.status.conditions?.map(\.status) == [.true])
    // Looking is no change: nothing of it is in the journal.
    #expect(rack.rack.reasons.isEmpty)
  }

  @Test("A line says who and how long, before all have answered how many")
  func lines() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let answer = try await rack.serving { [order = order(.powerStatus, names: ["R1"])] in
      try await rack.ask("POST", "/bmc", order)
    }
    #expect(answer.head.lowercased().contains("siderite-targets: 1"))
    guard case .object(let line) = try JSONDecoder().decode(JSONValue.self, from: Data(answer.lines[0].utf8)) else {
      throw NotListening()
    }
    #expect(line["target"] == .string(ManagedRack.name(1)))
    #expect(line["power"] == .string("on"))
    #expect(line.keys.sorted() == ["milliseconds", "power", "target"])
  }

  @Test("What takes a machine from its work is refused for allocated ones, unless it is forced")
  func allocated() async throws {
    let rack = try ManagedRack()
    try await rack.add(1, inUse: true)
    try await rack.add(2)
    for request in [
      BMCRequest.power(.off, waits: true), .power(.cycle, waits: false), .power(.soft, waits: true),
      .power(.reset, waits: true), .clearEventLog,
    ] {
      let outcomes = try await rack.order(order(request, all: true))
      let kinds = Dictionary(uniqueKeysWithValues: outcomes.map { ($0.target, failure($0)?.kind) })
      #expect(kinds == [ManagedRack.name(1): .refused, ManagedRack.name(2): nil])
    }
    #expect(!rack.controllers.asked.contains { $0.host == "10.0.0.1" })
    for request in [BMCRequest.power(.on, waits: true), .setBoot(BootOverride(.pxe)), .powerStatus, .sensors] {
      #expect(try await rack.order(order(request, names: ["r1"])).allSatisfy { failure($0) == nil })
    }
    var forced = order(.power(.off, waits: true), names: ["r1"])
    forced.force = true
    #expect(try await rack.order(forced).map(\.result) == [.success(.power(.off))])
    #expect(try await rack.server(1)?.status.power == .off)
  }

  @Test("What nobody accepted is looked at and not touched, unless it is forced")
  func unaccepted() async throws {
    let rack = try ManagedRack()
    try await rack.add(1, accepted: false)
    for request in [BMCRequest.power(.on, waits: true), .setBoot(BootOverride(.pxe)), .clearEventLog] {
      let outcome = try #require(try await rack.order(order(request, all: true)).first)
      #expect(failure(outcome)?.message.contains("not accepted") == true)
    }
    #expect(rack.controllers.asked.isEmpty)
    #expect(rack.rack.reasons.isEmpty)
    #expect(try await rack.order(order(.identify(seconds: 9), all: true)).map(\.result) == [.success(.done)])
    var forced = order(.power(.on, waits: true), all: true)
    forced.force = true
    #expect(try await rack.order(forced).map(\.result) == [.success(.power(.on))])
  }

  @Test("A change stands in the machine's boot journal with who asked for it, and that it failed")
  func journal() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    _ = try await rack.order(order(.power(.cycle, waits: true), all: true))
    rack.controllers.fail("10.0.0.1", BMCFailure(.uncertain, "nobody knows"))
    _ = try await rack.order(order(.power(.off, waits: true), all: true))
    #expect(rack.rack.reasons == ["ChangeOrdered", "ChangeOrdered", "ChangeFailed"])
    #expect(
      rack.rack.messages == [
        "power cycle, asked for by ada", "power off, asked for by ada", "power off failed: nobody knows",
      ])
    #expect(rack.rack.journal.records().map(\.uuid?.description) == [ManagedRack.name(1)])
    #expect(try await rack.server(1)?.status.power == .unknown)
  }

  @Test("Names, beginnings of names and hostnames are found; a name that is not there stops it all")
  func names() async throws {
    let rack = try ManagedRack()
    for number in 1...3 { try await rack.add(number) }
    let outcomes = try await rack.order(order(.power(.on, waits: true), names: [ManagedRack.name(1), "r2", "R1"]))
    #expect(outcomes.map(\.target).sorted() == [ManagedRack.name(1), ManagedRack.name(2)])
    let asked = rack.controllers.asked.count
    for (names, status, text) in [
      (["r1", "nobody", "nothing"], "404", "there is no Server nobody, nothing: nothing was done"),
      (["4c4c4544"], "400", "say more"), ([], "400", "give one of names, all and selector"),
    ] {
      let answer = try await rack.serving { [order = order(.power(.off, waits: true), names: names)] in
        try await rack.ask("POST", "/bmc", order)
      }
      #expect(answer.head.hasPrefix("HTTP/1.1 \(status)"))
      #expect(answer.lines.joined().contains(text))
    }
    #expect(rack.controllers.asked.count == asked)
  }

  @Test("When the client leaves, what is under way is given up and nothing more is begun")
  func leaves() async throws {
    let rack = try ManagedRack()
    for number in 1...6 { try await rack.add(number) }
    rack.controllers.hold("10.0.0.2")
    var order = order(.powerStatus, all: true)
    order.concurrency = 1
    let request = try ManagedRack.request("POST", "/bmc", order)
    try await rack.serving {
      let connection = try await RawConnection.open(socketPath: rack.rack.folder + "/admin.sock")
      try await connection.write(request)
      #expect(await connection.until("}\n").contains(ManagedRack.name(1)))
      try await connection.close()
    }
    // The daemon's end waits for what is under way: had it not been given up, we were not here.
    #expect(rack.controllers.asked.map(\.host).count <= 2)
    #expect(rack.controllers.asked.first?.host == "10.0.0.1")
  }

  @Test("Labels select")
  func selector() async throws {
    let rack = try ManagedRack()
    for number in 1...4 { try await rack.add(number, labels: ["rack": "\(number % 2)"]) }
    let outcomes = try await rack.order(order(.powerStatus, selector: "rack in (0)"))
    #expect(outcomes.map(\.target).sorted() == [ManagedRack.name(2), ManagedRack.name(4)])
    for selector in ["rack=7", "rack=="] + ["a b"] {
      let answer = try await rack.serving { [order = order(.powerStatus, selector: selector)] in
        try await rack.ask("POST", "/bmc", order)
      }
      #expect(answer.head.hasPrefix("HTTP/1.1 40"))
    }
  }

  @Test("A Server without a BMC says that it is switched by hand")
  func manual() async throws {
    let rack = try ManagedRack()
    try await rack.add(1, hasBMC: false)
    let outcome = try #require(try await rack.order(order(.powerStatus, all: true)).first)
    #expect(failure(outcome)?.kind == .manual)
    #expect(try await rack.server(1)?.status.power == nil)
    #expect(try await rack.server(1)?.status.conditions == nil)
  }

  @Test("Status is written although others write at the same time; what did not change is not written")
  func conflicts() async throws {
    let rack = try ManagedRack()
    let name = try await rack.add(1)
    rack.rack.store.fail(.conflicts(count: 3))
    _ = await rack.servers.perform(.powerStatus, on: name, by: "")
    #expect(try await rack.server(1)?.status.power == .on)
    let writes = rack.rack.store.writes
    _ = await rack.servers.perform(.powerStatus, on: name, by: "")
    #expect(rack.rack.store.writes == writes)
  }

  @Test("The refresh asks those that can be asked, and only them")
  func refresh() async throws {
    let rack = try ManagedRack()
    try await rack.add(1, accepted: false)
    try await rack.add(2, hasBMC: false)
    let waking = try await rack.add(3)
    var server = try #require(try await rack.server(3))
    server.spec.bmc = BMC(endpoint: "52:54:00:12:34:56")
    server.spec.bmc?.interface = "wol"
    _ = try await rack.rack.store.update(server)
    await rack.servers.refreshPower(limit: 2)
    #expect(rack.controllers.asked == [.init(host: "10.0.0.1", request: .powerStatus)])
    #expect(waking == ManagedRack.name(3))
  }

  private func failure(_ outcome: BMCOutcome) -> BMCFailure? {
    guard case .failure(let failure) = outcome.result else { return nil }
    return failure
  }
}

@Suite("Administration: how a Server is managed", .timeLimit(.minutes(1)))
struct AdminSettingTests {
  private func setting(_ password: String = "hunter2") -> BMCSetting {
    var setting = BMCSetting(endpoint: "10.0.0.9")
    setting.user = "root"
    setting.password = Secret(password)
    setting.by = "ada"
    return setting
  }

  private func put(_ rack: ManagedRack, _ setting: BMCSetting) async throws -> Answer {
    try await send(
      rack.admin().responder(), .put, "/servers/r1/bmc", body: Array(try JSONEncoder().encode(setting)))
  }

  @Test("It is stored after a login with it, the password in a Secret and nowhere else")
  func set() async throws {
    let rack = try ManagedRack()
    try await rack.add(1, accepted: false, hasBMC: false)
    let answer = try await put(rack, setting())
    #expect(answer.status == 200)
    #expect(!answer.text.contains("hunter2"))
    #expect(rack.controllers.credentials(of: "10.0.0.9") == Credentials(user: "root", password: Secret("hunter2")))
    let server = try #require(try await rack.server(1))
    let bmc = try #require(server.spec.bmc)
    #expect(bmc.endpoint == "10.0.0.9" && bmc.interface == "lanplus" && bmc.user == nil && bmc.pass == nil)
    let name = "\(ManagedRack.name(1))-bmc"
    #expect(bmc.passFrom?.secretKeyRef == SecretKeyRef(namespace: "sidero-system", name: name, key: "pass"))
    #expect(bmc.userFrom?.secretKeyRef == SecretKeyRef(namespace: "sidero-system", name: name, key: "user"))
    #expect(try await rack.secrets.secret(.bmc(ofServer: ManagedRack.name(1)))?["pass"] == Secret("hunter2"))
    #expect(server.status.power == .on)
    // And that is what it is asked with from now on.
    #expect(await rack.servers.perform(.powerStatus, on: ManagedRack.name(1), by: "").result == .success(.power(.on)))
    #expect(rack.rack.messages == ["managed by lanplus at 10.0.0.9, asked for by ada"])
  }

  @Test("A login that fails stores nothing; without verification it is not tried")
  func verification() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let before = try await rack.server(1)
    rack.controllers.fail("10.0.0.9", BMCFailure(.wrongPassword, "10.0.0.9 refuses the password of root"))
    let answer = try await put(rack, setting())
    #expect(answer.status == 422)
    #expect(answer.text.contains("nothing is stored: 10.0.0.9 refuses the password of root"))
    #expect(try await rack.server(1) == before)
    #expect(try await rack.secrets.secret(.bmc(ofServer: ManagedRack.name(1))) == nil)
    var unverified = setting()
    unverified.unverified = true
    #expect(try await put(rack, unverified).status == 200)
    #expect(rack.controllers.asked.count == 1)
  }

  @Test("Another endpoint keeps the credentials; half of them is refused")
  func credentials() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    #expect(try await put(rack, BMCSetting(endpoint: "10.0.0.8")).status == 200)
    #expect(rack.controllers.credentials(of: "10.0.0.8") == Credentials(user: "admin", password: Secret("secret")))
    var half = BMCSetting(endpoint: "10.0.0.8")
    half.user = "root"
    #expect(try await put(rack, half).status == 422)
  }

  @Test("A store that fails leaves the Secret as it was")
  func rollback() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    #expect(try await put(rack, setting("first")).status == 200)
    rack.rack.store.fail(.conflicts(count: 100))
    var changed = setting("second")
    changed.port = 6230
    #expect(try await put(rack, changed).status == 409)
    #expect(try await rack.secrets.secret(.bmc(ofServer: ManagedRack.name(1)))?["pass"] == Secret("first"))
  }

  @Test("Forgetting takes the credentials, too, and what was known through it")
  func unset() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    #expect(try await put(rack, setting()).status == 200)
    let answer = try await send(rack.admin().responder(), .delete, "/servers/r1/bmc?by=ada")
    #expect(answer.status == 200)
    let server = try #require(try await rack.server(1))
    #expect(server.spec.bmc == nil && server.status.power == nil && server.status.conditions == nil)
    #expect(try await rack.secrets.secret(.bmc(ofServer: ManagedRack.name(1))) == nil)
    #expect(rack.rack.messages.last == "managed by hand from now on, asked for by ada")
    #expect(try await send(rack.admin().responder(), .delete, "/servers/nobody/bmc").status == 404)
  }
}

@Suite("Administration: consoles", .timeLimit(.minutes(1)))
struct AdminConsoleTests {
  @Test("What is typed reaches the machine, what it writes comes back, and the end closes the port")
  func echo() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let console = ManagedRack.Console()
    rack.controllers.put(console)
    try await rack.serving {
      let connection = try await RawConnection.open(socketPath: rack.rack.folder + "/admin.sock")
      try await connection.write(try ManagedRack.request("POST", "/servers/r1/console", ConsoleOrder()))
      let first = await connection.until("}\n")
      let begin = try #require(first.range(of: #"{"console":""#)?.upperBound)
      let id = first[begin...].prefix { $0 != "\"" }
      for input in [ConsoleInput(bytes: Array("hello".utf8)), ConsoleInput(sendBreak: true)] {
        let answer = try await rack.ask("POST", "/consoles/\(id)/input", input)
        #expect(answer.head.hasPrefix("HTTP/1.1 204"))
      }
      let text = await connection.until("sentBreak")
      #expect(text.contains("[104,101,108,108,111]"))
      try await connection.close()
      // The port is let go of when the client is gone.
      var closed = console.closed.makeAsyncIterator()
      await closed.next()
      let late = try await rack.ask("POST", "/consoles/\(id)/input", ConsoleInput(bytes: [1]))
      #expect(late.head.hasPrefix("HTTP/1.1 404"))
    }
  }

  @Test("A console that cannot be had is an error, not a stream")
  func busy() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let answer = try await send(
      rack.admin().responder(), .post, "/servers/r1/console", body: Array(try JSONEncoder().encode(ConsoleOrder())))
    #expect(answer.status == 503)
    #expect(answer.text.contains("somebody else's"))
  }

  @Test("The daemon's end ends the console")
  func shutdown() async throws {
    let rack = try ManagedRack()
    try await rack.add(1)
    let console = ManagedRack.Console()
    rack.controllers.put(console)
    let connection = try await rack.serving {
      let connection = try await RawConnection.open(socketPath: rack.rack.folder + "/admin.sock")
      try await connection.write(try ManagedRack.request("POST", "/servers/r1/console", ConsoleOrder()))
      _ = await connection.until("console")
      return connection
    }
    var closed = console.closed.makeAsyncIterator()
    await closed.next()
    #expect(await connection.rest().hasSuffix("0\r\n\r\n"))
  }
}
