import BareMetal
import Foundation
import HTTPTypes
import Synchronization
import Testing
import Wire

@testable import HTTPServices

@Suite("Wiping a machine")
struct WipeTests {
  static let uuid = RegistrationTests.uuid
  /// The answer that ends it.
  static let end = #"{"action":"poweroff"}"# + "\n"

  /// A machine with two disks, its Server, and the boot plane it talks to.
  struct Site {
    let rack: Rack
    let secrets = MemorySecrets()
    let clock = FakeClock()

    init(configure: (inout BootPlaneConfiguration) -> Void = { _ in }) throws {
      rack = try Rack(configure: configure)
      restart()
    }

    /// What the daemon has in memory is gone.
    func restart() {
      let (secrets, clock) = (secrets, clock)
      rack.wipes.withLock {
        $0 = WipeHandover(
          store: rack.store, secrets: secrets, rebootTimeout: .seconds(600), now: { clock.now })
      }
    }

    /// Registers, with these disks by serial number.
    func register(_ disks: String...) async throws -> RegistrationResponse {
      let devices = (disks.isEmpty ? ["a", "b"] : disks).map {
        #"{"type":"SSD","size":1000,"serialNumber":"\#($0)","productName":"Acme","deviceName":"/dev/sd\#($0)"}"#
      }
      let answer = try await rack.ask(
        .post, RegistrationTests.path, headers: [.contentType: "application/json"],
        body: Array(
          RegistrationTests.report(
            #"{"type":"NVMe","size":960197124096,"name":"nvme0n1"}"#, devices.joined(separator: ",")
          ).utf8))
      try #require(answer.status == 200, "\(answer.text)")
      return try JSONDecoder().decode(RegistrationResponse.self, from: Data(answer.body))
    }

    func server() async throws -> Server {
      try #require(try await rack.store.get(ServerKind.self, named: WipeTests.uuid))
    }

    /// Accepts the Server and records an intent, as a reconciler does.
    func accept(_ id: String = "id-1", change: (inout Server) -> Void = { _ in }) async throws {
      var server = try await server()
      server.spec.accepted = true
      change(&server)
      let status = server.status
      server = try await rack.store.update(server)
      server.status = status
      server.status.wipe = .intent(for: server, reason: .accepted, mode: .fast, id: id, now: clock.now)
      _ = try await rack.store.updateStatus(server)
    }

    /// Accepted, and told to wipe.
    func order() async throws -> WipeOrder {
      _ = try await register()
      try await accept()
      return try #require(try await register().wipe)
    }

    func tell(_ report: WipeReport) async throws -> Answer {
      try await rack.ask(
        .post, "/agent/v1/wipe", headers: [.contentType: "application/json"],
        body: Array(try JSONEncoder().encode(report)))
    }

    func report(_ order: WipeOrder, _ result: EraseRecord.Result, isFinal: Bool = false) -> WipeReport {
      let records = order.disks.map { disk in
        var record = EraseRecord(disk: disk.disk, result: result)
        record.verification = result == .erased ? "zero" : nil
        return record
      }
      return WipeReport(server: WipeTests.uuid, id: order.id, token: order.token, records: records, isFinal: isFinal)
    }

    func bind() async throws {
      _ = try await rack.store.create(
        ServerBinding(metadata: ObjectMeta(name: WipeTests.uuid), spec: ServerBindingSpec()))
    }
  }

  // MARK: The order

  @Test("An accepted Server whose status was lost (its cluster was moved) is not wiped when its machine registers")
  func moved() async throws {
    let site = try Site { $0.autoAcceptServers = true }
    var server = Server(metadata: ObjectMeta(name: Self.uuid), spec: ServerSpec(accepted: true))
    server.metadata.finalizers = [Server.storageFinalizer]
    _ = try await site.rack.store.create(server)
    for _ in 0..<2 {
      #expect(try await site.register().wipe == nil)
      let status = try await site.server().status
      #expect(status.wipe == nil)
      #expect(status.conditions?.first { $0.type == ServerCondition.wipeNeeded }?.reason == "StatusLost")
    }
  }

  @Test("A paused Server's machine gets no order; a wipe that was begun goes on")
  func paused() async throws {
    let site = try Site()
    _ = try await site.register()
    try await site.accept { $0.metadata.annotations = [ObjectMeta.pausedAnnotation: ""] }
    #expect(try await site.register().wipe == nil)
    var server = try await site.server()
    server.metadata.annotations = nil
    server = try await site.rack.store.update(server)
    let order = try #require(try await site.register().wipe)
    server = try await site.server()
    server.metadata.annotations = [ObjectMeta.pausedAnnotation: ""]
    _ = try await site.rack.store.update(server)
    #expect(try await site.tell(site.report(order, .erased, isFinal: true)).status == 200)
    #expect(try await site.server().status.isClean)
  }

  @Test("The order comes with the registration of an accepted machine that nobody has, and its token is kept first")
  func order() async throws {
    let site = try Site()
    #expect(try await site.register().wipe == nil)
    try await site.accept()
    let order = try #require(try await site.register().wipe)
    #expect(order.id == "id-1")
    #expect(order.mode == .fast)
    #expect(order.heartbeatSeconds == 600)
    #expect(order.disks.map(\.disk.serialNumber) == ["a", "b"])
    #expect(order.token.exposedText.utf8.count == 32)
    #expect(site.secrets.values("\(Self.uuid)-wipe") == ["id": Secret("id-1"), "token": order.token])
    #expect(site.rack.messages.contains("told to erase 2 disks"))
    #expect(!site.rack.messages.joined().contains(order.token.exposedText))
    // The agent is gone: the next one goes on with the same intent.
    _ = try await site.tell(site.report(order, .running))
    #expect(try await site.register().wipe == order)
    #expect(try await site.server().status.wipe?.phase == .running)
  }

  @Test("A machine that is not accepted, in use, quarantined or being deleted gets no order, whatever is recorded")
  func noOrder() async throws {
    for change: @Sendable (inout Server) -> Void in [
      { $0.spec.accepted = false },
      { $0.metadata.deletionTimestamp = Timestamp(seconds: 1) },
      {
        $0.status.conditions = [
          Condition(type: "Quarantined", status: .true, lastTransitionTime: Timestamp(seconds: 1))
        ]
      },
    ] {
      let site = try Site()
      _ = try await site.register()
      try await site.accept(change: change)
      #expect(try await site.register().wipe == nil)
    }
    let bound = try Site()
    _ = try await bound.register()
    try await bound.accept()
    try await bound.bind()
    #expect(try await bound.register().wipe == nil)
    #expect(bound.secrets.values("\(Self.uuid)-wipe") == nil)
  }

  @Test("Disks that are not those of the intent: nothing is erased, and the reason is kept with the Server")
  func otherDisks() async throws {
    let site = try Site()
    _ = try await site.register()
    try await site.accept()
    #expect(try await site.register("a", "c").wipe == nil)
    let status = try await site.server().status
    #expect(status.wipe?.phase == .failed)
    #expect(
      status.wipe?.message?.hasPrefix("Acme b (/dev/sdb) is in the intent and not there: `siderite wipe`") == true)
    #expect(status.conditions?.first { $0.type == "PowerCycle" }?.reason == "WipeFailed")
    #expect(site.rack.reasons.contains("Server Wipe"))
    // A new intent, with the disks of today.
    try await site.accept("id-2")
    #expect(try await site.register("a", "c").wipe?.disks.map(\.disk.serialNumber) == ["a", "c"])
  }

  @Test("What the policy keeps by now is spared, and that is written down")
  func spared() async throws {
    let site = try Site()
    _ = try await site.register()
    try await site.accept()
    var server = try await site.server()
    server.spec.wipePolicy = WipePolicy(keep: [DiskSelector(serialNumber: "b")])
    _ = try await site.rack.store.update(server)
    let order = try #require(try await site.register().wipe)
    #expect(order.disks.map(\.action) == [.erase, .keep])
    #expect(try await site.server().status.wipe?.disks == order.disks)
  }

  // MARK: Accepted before it was seen

  @Test("A machine that is accepted as it registers is told to wipe at once, and needs no second visit")
  func acceptedAtOnce() async throws {
    let site = try Site { $0.autoAcceptServers = true }
    let order = try #require(try await site.register().wipe)
    #expect(order.disks.map(\.disk.serialNumber) == ["a", "b"])
    var status = try await site.server().status
    #expect(status.wipe?.reason == .accepted && status.wipe?.phase == .requested && !status.isClean)
    #expect(status.wipe?.heartbeat != nil, "nobody restarts it under the agent's hands")
    #expect(site.rack.messages.contains("accepted: to be wiped"))
    _ = try await site.tell(site.report(order, .running))
    #expect(try await site.tell(site.report(order, .erased, isFinal: true)).text == Self.end)
    status = try await site.server().status
    #expect(status.isClean && status.wipe?.generation == 1)
    // Once for each acceptance.
    #expect(try await site.register().wipe == nil)
  }

  @Test("So is one whose Server was made and accepted before it came; not while it is paused, or somebody has it")
  func acceptedBefore() async throws {
    for (isPaused, isBound) in [(false, false), (true, false), (false, true)] {
      let site = try Site()
      var server = Server(metadata: ObjectMeta(name: Self.uuid), spec: ServerSpec(accepted: true))
      if isPaused { server.metadata.annotations = [ObjectMeta.pausedAnnotation: ""] }
      _ = try await site.rack.store.create(server)
      if isBound { try await site.bind() }
      let order = try await site.register().wipe
      #expect((order != nil) == (!isPaused && !isBound))
      #expect((try await site.server().status.wipe != nil) == (order != nil))
    }
  }

  // MARK: Reports

  @Test(
    "The first report of a quick wipe is written with the next, its time with it; that of a full one, or of an agent that nobody called, at once",
    arguments: [WipePolicy.Mode.fast, .full], [true, false])
  func firstReport(mode: WipePolicy.Mode, wasCalled: Bool) async throws {
    let site = try Site()
    _ = try await site.register()
    try await site.accept()
    var server = try await site.server()
    server.status.wipe?.mode = mode
    if wasCalled {
      var switching = try JSONDecoder().decode(
        SwitchRecord.self,
        from: Data(
          #"{"purpose":"Wipe","subject":"id-1","attempts":1,"at":"\#(site.clock.now)","outcome":"Done"}"#.utf8))
      switching.at = site.clock.now
      server.status.switching = switching
      server.status.conditions.set(
        ServerCondition.powerCycle, .false, reason: "InProgress", severity: "Info", now: site.clock.now)
    }
    _ = try await site.rack.store.updateStatus(server)
    let order = try #require(try await site.register().wipe)
    let before = try await site.server()
    let begun = site.clock.now
    #expect(try await site.tell(site.report(order, .running)).text == "{}\n")
    let isWritten = try await site.server() != before
    #expect(isWritten == (mode == .full || !wasCalled))
    site.clock.advance(seconds: 20)
    // Whoever erases longer is written down with its next report, and told of once.
    #expect(try await site.tell(site.report(order, .running)).status == 200)
    var wipe = try #require(try await site.server().status.wipe)
    #expect(wipe.phase == .running && wipe.startedAt == begun && wipe.heartbeat == site.clock.now)
    #expect(site.rack.messages.count { $0 == "the agent erases its disks" } == 1)
    site.clock.advance(seconds: 20)
    #expect(try await site.tell(site.report(order, .erased, isFinal: true)).text == Self.end)
    wipe = try #require(try await site.server().status.wipe)
    #expect(wipe.phase == .done && wipe.startedAt == begun && wipe.records?.first?.startedAt == begun)
  }

  @Test("A daemon that ends between the first report of a quick wipe and the next goes on with the next")
  func firstReportLost() async throws {
    let site = try Site()
    _ = try await site.register()
    try await site.accept()
    var server = try await site.server()
    server.status.switching = try JSONDecoder().decode(
      SwitchRecord.self,
      from: Data(#"{"purpose":"Wipe","subject":"id-1","attempts":1,"at":"\#(site.clock.now)","outcome":"Done"}"#.utf8))
    server.status.conditions.set(ServerCondition.powerCycle, .false, reason: "InProgress", now: site.clock.now)
    _ = try await site.rack.store.updateStatus(server)
    let order = try #require(try await site.register().wipe)
    _ = try await site.tell(site.report(order, .running))
    #expect(try await site.server().status.wipe?.phase == .requested)
    site.restart()
    #expect(try await site.tell(site.report(order, .erased, isFinal: true)).text == Self.end)
    #expect(try await site.server().status.isClean)
  }

  @Test("From the first heartbeat to a clean machine that is told to switch off")
  func works() async throws {
    let site = try Site()
    let order = try await site.order()
    let first = try await site.tell(site.report(order, .running))
    #expect(first.status == 200)
    #expect(first.text == "{}\n")
    #expect(try await site.server().status.wipe?.phase == .running)
    site.clock.advance(seconds: 60)
    let last = try await site.tell(site.report(order, .erased, isFinal: true))
    #expect(last.text == Self.end)
    let status = try await site.server().status
    #expect(status.isClean)
    #expect(status.wipe?.phase == .done)
    #expect(status.wipe?.finishedAt == site.clock.now)
    #expect(status.conditions?.first { $0.type == "PowerCycle" }?.status == .true)
    #expect(site.rack.messages.suffix(2) == ["wiped: it is clean", "told to power off"])
    // The answer was lost.
    let heard = site.rack.messages.count
    #expect(try await site.tell(site.report(order, .erased, isFinal: true)).text == Self.end)
    #expect(try await site.server().status == status)
    #expect(site.rack.messages.count == heard)
    #expect(try await site.register().wipe == nil)
  }

  @Test("The token goes with its order, however that ends, and opens nothing afterwards")
  func tokenGoes() async throws {
    for ending in ["done", "failed", "other disks", "superseded"] {
      let site = try Site()
      let order = try await site.order()
      let place = "\(Self.uuid)-wipe"
      #expect(site.secrets.values(place) != nil)
      switch ending {
      case "done": _ = try await site.tell(site.report(order, .erased, isFinal: true))
      case "failed": _ = try await site.tell(site.report(order, .failed, isFinal: true))
      case "other disks": _ = try await site.register("a", "c")
      default:
        try await site.accept("id-2")
        #expect(try await site.tell(site.report(order, .running)).status == 409)
      }
      #expect(site.secrets.values(place) == nil, "\(ending)")
      // After a restart: nobody knows it, and nothing is changed by it.
      let before = try await site.server().status
      site.restart()
      #expect(try await site.tell(site.report(order, .erased, isFinal: true)).status == 404)
      #expect(try await site.server().status == before)
    }
  }

  @Test("A disk that was not erased keeps the machine from being clean, and it switches off all the same")
  func failed() async throws {
    let site = try Site()
    let order = try await site.order()
    var report = site.report(order, .erased, isFinal: true)
    report.records[1].result = .failed
    report.records[1].message = "Input/output error"
    #expect(try await site.tell(report).text == Self.end)
    let status = try await site.server().status
    #expect(!status.isClean)
    #expect(status.wipe?.message == "Acme b (/dev/sdb): Input/output error")
    #expect(site.rack.messages.contains("not wiped: Acme b (/dev/sdb): Input/output error"))
    #expect(try await site.register().wipe == nil)
  }

  @Test("Whoever does not have the token changes nothing, and that is told")
  func strangers() async throws {
    let site = try Site()
    let order = try await site.order()
    let before = try await site.server()
    var (wrongToken, wrongID, wrongName) = (
      site.report(order, .erased, isFinal: true), site.report(order, .erased, isFinal: true),
      site.report(order, .erased, isFinal: true)
    )
    wrongToken.token = Secret("x")
    wrongID.id = "id-0"
    wrongName.server = "4c4c4544-0051-3610-8052-b4c04f4d4632"
    #expect(try await site.tell(wrongToken).status == 403)
    #expect(try await site.tell(wrongID).status == 403)
    #expect(try await site.tell(wrongName).status == 404)
    #expect(try await site.server() == before)
    #expect(site.rack.messages.count { $0.hasPrefix("a report was refused: ") } == 3)
  }

  @Test("What makes no sense is refused with words, and changes nothing")
  func bad() async throws {
    let site = try Site()
    let order = try await site.order()
    let before = try await site.server()
    var stranger = site.report(order, .erased, isFinal: true)
    stranger.records[0].disk.serialNumber = "z"
    let answer = try await site.tell(stranger)
    #expect(answer.status == 422)
    #expect(answer.text == "records[] names a disk that is not in the intent\n")
    for body in ["", "{}", "[1]", #"{"server":1}"#] {
      #expect(try await site.rack.ask(.post, "/agent/v1/wipe", body: Array(body.utf8)).status == 400)
    }
    let large = Array(repeating: UInt8(ascii: " "), count: (512 << 10) + 1)
    #expect(try await site.rack.ask(.post, "/agent/v1/wipe", body: large).status == 413)
    #expect(try await site.server() == before)
  }

  @Test("A machine that is allocated, or accepted no more, is told to stop, and the wipe has failed")
  func stops() async throws {
    let site = try Site()
    let order = try await site.order()
    _ = try await site.tell(site.report(order, .running))
    try await site.bind()
    #expect(try await site.tell(site.report(order, .running)).text == Self.end)
    let status = try await site.server().status
    #expect(status.wipe?.phase == .failed)
    #expect(status.wipe?.message == "stopped: it is in use")
    // Whatever the agent says now.
    #expect(try await site.tell(site.report(order, .erased, isFinal: true)).status == 200)
    #expect(try await site.server().status.isClean == false)
  }

  @Test("A new intent takes the place of the one an agent works on, which is told to stop")
  func superseded() async throws {
    let site = try Site()
    let order = try await site.order()
    try await site.accept("id-2")
    #expect(try await site.tell(site.report(order, .running)).status == 409)
    #expect(try await site.server().status.wipe?.phase == .requested)
    let new = try #require(try await site.register().wipe)
    #expect(new.id == "id-2")
    #expect(new.token != order.token)
  }

  @Test("Reports survive conflicts, and a store that is away means: come again")
  func store() async throws {
    let site = try Site()
    let order = try await site.order()
    site.rack.store.fail(.conflicts(count: 3))
    #expect(try await site.tell(site.report(order, .running)).status == 200)
    site.rack.store.fail(.conflicts(count: 99))
    #expect(try await site.tell(site.report(order, .erased, isFinal: true)).status == 503)
    site.rack.store.fail(.unavailable)
    #expect(try await site.tell(site.report(order, .erased, isFinal: true)).status == 503)
    site.rack.store.fail(nil)
    #expect(try await site.tell(site.report(order, .erased, isFinal: true)).status == 200)
    #expect(try await site.server().status.isClean)
  }
}
