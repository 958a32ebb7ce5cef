import BareMetal
import Testing
import Wire

@Suite("The intent to wipe")
struct WipeIntentTests {
  static let now = Timestamp(seconds: 1_700_000_000)

  static func disk(
    _ serial: String, labels: [String]? = nil, isSystem: Bool? = nil, readOnly: Bool? = nil
  ) -> StorageDevice {
    StorageDevice(
      type: "SSD", size: 1000, productName: "Acme", serialNumber: serial, name: "sd\(serial)",
      deviceName: "/dev/sd\(serial)", labels: labels, systemPartition: isSystem, readOnly: readOnly)
  }

  static func server(_ disks: [StorageDevice], policy: WipePolicy? = nil) -> Server {
    var server = Server(metadata: ObjectMeta(name: "4c4c"), spec: ServerSpec(accepted: true))
    server.spec.hardware = HardwareInformation(storage: StorageInformation(devices: disks))
    server.spec.wipePolicy = policy
    return server
  }

  static func intent(_ server: Server, mode: WipePolicy.Mode = .fast) -> WipeStatus {
    .intent(for: server, reason: .accepted, by: "root", mode: mode, id: "id-1", now: now)
  }

  /// `a b-` for: a is erased, b is kept.
  private func actions(_ intent: WipeStatus) -> String {
    intent.disks.map { "\($0.disk.serialNumber ?? "?")\($0.action == .keep ? "-" : "")" }.joined(separator: " ")
  }

  @Test("Every disk of the last discovery is erased, in the daemon's mode, unless the Server says otherwise")
  func all() {
    let intent = Self.intent(Self.server([Self.disk("a"), Self.disk("b")]))
    #expect(actions(intent) == "a b")
    #expect(intent.mode == .fast)
    #expect(intent.phase == .requested && intent.isOpen)
    #expect(intent.generation == 1)
    #expect(intent.requestedAt == Self.now)
    #expect(Self.intent(Self.server([], policy: WipePolicy(mode: .full))).mode == .full)
  }

  @Test("A later intent has the next generation")
  func generations() {
    var server = Self.server([Self.disk("a")])
    server.status.wipe = Self.intent(server)
    server.status.wipe = Self.intent(server)
    #expect(Self.intent(server).generation == 3)
  }

  @Test(
    "Kept is what a selector selects by all of what it says; read-only disks are never ordered to be erased",
    arguments: [
      (DiskSelector(serialNumber: "b"), "a b- c- d"), (DiskSelector(label: "data"), "a b c- d-"),
      (DiskSelector(type: "ssd", label: "data"), "a b c- d-"), (DiskSelector(type: "HDD", label: "data"), "a b c- d"),
      // Nothing said: a mistake, and it must not erase anything.
      (DiskSelector(), "a- b- c- d-"),
    ])
  func keep(selector: DiskSelector, expected: String) {
    let disks = [
      Self.disk("a"), Self.disk("b"), Self.disk("c", readOnly: true), Self.disk("d", labels: ["boot", "data"]),
    ]
    #expect(actions(Self.intent(Self.server(disks, policy: WipePolicy(keep: [selector])))) == expected)
  }

  @Test("The system disk is the one that is named, else the one firmware boots from, else the first that is not kept")
  func systemDisk() {
    func chosen(_ disks: [StorageDevice], _ policy: WipePolicy) -> WipeStatus {
      var policy = policy
      policy.scope = .systemDisk
      return Self.intent(Self.server(disks, policy: policy))
    }
    let (a, b, c) = (Self.disk("a"), Self.disk("b", isSystem: true), Self.disk("c"))
    #expect(actions(chosen([a, b, c], WipePolicy(systemDisk: DiskSelector(serialNumber: "c")))) == "a- b- c")
    #expect(actions(chosen([a, b, c], WipePolicy())) == "a- b c-")
    #expect(chosen([a, b, c], WipePolicy()).systemDiskAssumed == nil)
    #expect(actions(chosen([a, c], WipePolicy())) == "a c-")
    #expect(chosen([a, c], WipePolicy()).systemDiskAssumed == true)
    #expect(actions(chosen([a, b, c], WipePolicy(keep: [DiskSelector(serialNumber: "b")]))) == "a b- c-")
    #expect(chosen([a], WipePolicy()).systemDiskAssumed == nil)
    // The one that is named is not there: then nothing is.
    #expect(actions(chosen([a, b], WipePolicy(systemDisk: DiskSelector(serialNumber: "z")))) == "a- b-")
  }

  @Test("A Server that was never discovered has no disks to name")
  func undiscovered() {
    var server = Self.server([])
    #expect(server.knowsDisks)
    server.spec.hardware = nil
    #expect(!server.knowsDisks)
    #expect(Self.intent(server).disks.isEmpty)
  }

  // MARK: Giving it out

  @Test("A disk that has a label to be kept by the time of the wipe is spared, and never the other way round")
  func spares() throws {
    let policy = WipePolicy(keep: [DiskSelector(label: "data")])
    let before = Self.server([Self.disk("a"), Self.disk("b", labels: ["data"])], policy: policy)
    let intent = Self.intent(before)
    let after = Self.server([Self.disk("a", labels: ["data"]), Self.disk("b")], policy: policy)
    let given = try intent.given(to: after)
    #expect(actions(given) == "a- b-")
    #expect(given.disks[0].reason == "policy: keep label data")
  }

  @Test("An assumed system disk must not turn out to be another")
  func assumption() throws {
    let policy = WipePolicy(scope: .systemDisk)
    let intent = Self.intent(Self.server([Self.disk("a"), Self.disk("b")], policy: policy))
    let refusal = #expect(throws: WipeRefusal.self) {
      try intent.given(to: Self.server([Self.disk("a"), Self.disk("b", isSystem: true)], policy: policy))
    }
    #expect(refusal?.description.contains("spec.wipePolicy.systemDisk") == true)
    let right = Self.server([Self.disk("a", isSystem: true), Self.disk("b", isSystem: true)], policy: policy)
    #expect(try intent.given(to: right) == intent)
    // Interrupted: the system disk is half erased, and shows nothing any more.
    var running = intent
    running.phase = .running
    #expect(
      try running.given(to: Self.server([Self.disk("a"), Self.disk("b", isSystem: true)], policy: policy)) == running)
  }

  @Test("Nobody writes to a Server that is not accepted, is being deleted, or is quarantined")
  func obstacles() {
    var server = Self.server([])
    #expect(server.wipeObstacle == nil)
    server.spec.accepted = false
    #expect(server.wipeObstacle == "it is not accepted")
    server.spec.accepted = true
    server.metadata.deletionTimestamp = Self.now
    #expect(server.wipeObstacle == "it is being deleted")
    server.metadata.deletionTimestamp = nil
    let quarantine = {
      Condition(type: "Quarantined", status: $0, lastTransitionTime: Self.now, reason: "DuplicateUUID")
    }
    server.status.conditions = [quarantine(.true)]
    #expect(server.wipeObstacle == "it is quarantined (DuplicateUUID)")
    server.status.conditions = [quarantine(.false)]
    #expect(server.wipeObstacle == nil)
  }
}
