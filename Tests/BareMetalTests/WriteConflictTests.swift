import BareMetal
import Testing
import Wire

@Suite("Writes that the cluster has not seen")
struct WriteConflictTests {
  private static let early = Timestamp(seconds: 1_800_000_000)
  private static let later = Timestamp(seconds: 1_800_000_600)

  /// As the cluster had it before it was out of reach.
  private let base: Server = {
    var server = Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec(), status: ServerStatus())
    server.metadata.uid = "first"
    server.metadata.resourceVersion = "10"
    server.spec.hardware = HardwareInformation(system: SystemInformation(uuid: "a", serialNumber: "S1"))
    server.spec.accepted = true
    server.status.conditions = [Condition(type: "Discovered", status: .true, lastTransitionTime: early)]
    return server
  }()

  private func theirs(_ edit: (inout Server) -> Void = { _ in }) -> Server {
    var server = base
    server.metadata.resourceVersion = "20"
    edit(&server)
    return server
  }

  private func resolve(theirs: Server?, isNew: Bool = false, _ edit: (inout Server) -> Void)
    -> WriteConflict.Resolution<ServerKind>
  {
    var ours = base
    ours.metadata.resourceVersion = "10+1"
    edit(&ours)
    return WriteConflict.resolve(PendingWrite(number: 1, base: isNew ? nil : base, ours: ours), theirs: theirs)
  }

  private func written(theirs: Server, isNew: Bool = false, _ edit: (inout Server) -> Void) throws -> Server {
    guard case .write(let server) = resolve(theirs: theirs, isNew: isNew, edit) else {
      Issue.record("nothing is written")
      return theirs
    }
    return server
  }

  @Test("Where the cluster has changed nothing, everything of ours is written, under its version")
  func alone() throws {
    let server = try written(theirs: theirs()) { server in
      server.status.power = .on
      server.spec.hostname = "found"
      server.spec.hardware?.system?.serialNumber = "S2"
      server.metadata.annotations = [ObjectMeta.bootHostAnnotation: "host-1"]
    }
    #expect(server.metadata.resourceVersion == "20" && server.metadata.bootHost == "host-1")
    #expect(server.status.power == .on && server.spec.hostname == "found")
    #expect(server.spec.hardware?.system?.serialNumber == "S2")
  }

  @Test("What the cluster has already is not written again")
  func settled() {
    #expect(resolve(theirs: theirs()) { _ in } == .settled)
    #expect(resolve(theirs: theirs { $0.status.power = .on }) { $0.status.power = .on } == .settled)
  }

  @Test("What people want is the cluster's")
  func people() throws {
    let changed = theirs { server in
      server.spec.accepted = false
      server.spec.cordoned = true
      server.spec.hostname = "named"
      server.spec.bmc = BMC(endpoint: "10.0.0.1")
      server.metadata.labels = ["rack": "3"]
      server.metadata.annotations = [ObjectMeta.bootHostAnnotation: "host-2"]
    }
    let server = try written(theirs: changed) { server in
      server.spec.hostname = "found"
      server.spec.bmc = BMC(endpoint: "10.0.0.2")
      server.metadata.annotations = [ObjectMeta.bootHostAnnotation: "host-1"]
      server.status.power = .on
    }
    var expected = changed
    expected.status.power = .on
    #expect(server == expected)
  }

  @Test("A machine that registered for the first time gets its Server; one that was deleted does not get it back")
  func deleted() {
    guard case .create = resolve(theirs: nil, isNew: true, { _ in }) else {
      Issue.record("the registration is lost")
      return
    }
    #expect(resolve(theirs: nil) { $0.status.power = .on } == .dropped("it was deleted meanwhile"))
  }

  @Test("Of a Server that was made anew, or by another, only the machine's facts are taken")
  func anotherLife() throws {
    let another = theirs { server in
      server.metadata.uid = "second"
      server.spec.accepted = false
      server.status = ServerStatus()
    }
    for isNew in [true, false] {
      let server = try written(theirs: another, isNew: isNew) { server in
        server.status.isClean = true
        server.status.ready = true
        server.status.power = .on
        server.status.wipe = Self.wipe("w1", .done)
        server.spec.hardware?.system?.serialNumber = "S2"
        server.spec.accepted = true
      }
      #expect(!server.spec.accepted && !server.status.isClean && !server.status.ready && server.status.wipe == nil)
      #expect(server.status.power == .on && server.spec.hardware?.system?.serialNumber == "S2")
      #expect(server.status.conditions.isTrue("Discovered") && server.metadata.uid == "second")
    }
  }

  @Test("Of a condition that both have changed, the later one counts")
  func conditions() throws {
    func condition(_ status: Condition.Status, _ time: Timestamp) -> Condition {
      Condition(type: "PowerCycle", status: status, lastTransitionTime: time)
    }
    for (ours, others, winner) in [
      (Self.later, Self.early, Condition.Status.true), (Self.early, Self.later, .false),
    ] {
      let changed = theirs { $0.status.conditions?.append(condition(.false, others)) }
      let server = try written(theirs: changed) { server in
        server.status.conditions?.append(condition(.true, ours))
        server.status.power = .on
      }
      #expect(server.status.conditions.condition("PowerCycle")?.status == winner)
      #expect(server.status.conditions.isTrue("Discovered"))
    }
  }

  @Test("A machine that was wiped meanwhile is clean, unless it was allocated, disowned or to be wiped anew")
  func clean() throws {
    func isClean(_ edit: (inout Server) -> Void) throws -> Bool {
      try written(theirs: theirs(edit)) { server in
        server.status.isClean = true
        server.status.power = .off
      }.status.isClean
    }
    #expect(try isClean { _ in })
    #expect(try !isClean { $0.status.inUse = true })
    #expect(try !isClean { $0.spec.accepted = false })
    #expect(try !isClean { $0.status.wipe = Self.wipe("w2", .requested) })
  }

  @Test("What became of an intent to wipe is ours; another intent is the cluster's")
  func wipe() throws {
    var known = base
    known.status.wipe = Self.wipe("w1", .requested)
    var ours = known
    ours.status.wipe = Self.wipe("w1", .done)
    for (others, expected) in [("w1", "Done"), ("w2", "Requested")] {
      var theirs = known
      theirs.metadata.resourceVersion = "20"
      theirs.status.wipe = Self.wipe(others, .requested)
      ours.status.power = .off
      let resolution = WriteConflict.resolve(PendingWrite(number: 1, base: known, ours: ours), theirs: theirs)
      guard case .write(let server) = resolution else {
        Issue.record("nothing is written")
        return
      }
      #expect(server.status.wipe?.id == others && server.status.wipe?.phase.rawValue == expected)
    }
  }

  @Test("A finalizer of ours is added, but not to what is being deleted")
  func finalizers() throws {
    let held = try written(theirs: theirs { $0.metadata.finalizers = ["theirs"] }) { $0.metadata.finalizers = ["ours"] }
    #expect(held.metadata.finalizers == ["theirs", "ours"])
    let going = theirs { server in
      server.metadata.deletionTimestamp = Self.later
      server.metadata.finalizers = ["theirs"]
    }
    #expect(resolve(theirs: going) { $0.metadata.finalizers = ["ours"] } == .settled)
  }

  @Test("Of a binding, conditions and addresses are told, and nothing of one that is another allocation")
  func bindings() throws {
    var base = ServerBinding(metadata: ObjectMeta(name: "a"), spec: ServerBindingSpec())
    base.metadata.uid = "first"
    var ours = base
    ours.status.conditions = [Condition(type: "TalosInstalled", status: .true, lastTransitionTime: Self.early)]
    ours.spec.addresses = ["10.0.0.5"]
    let write = PendingWrite(number: 1, base: base, ours: ours)
    #expect(WriteConflict.resolve(write, theirs: base) == .write(ours))
    #expect(WriteConflict.resolve(write, theirs: nil) == .dropped("it was deleted meanwhile"))
    var another = base
    another.metadata.uid = "second"
    guard case .dropped = WriteConflict.resolve(write, theirs: another) else {
      Issue.record("another allocation is told that it is installed")
      return
    }
  }

  @Test("Facts may be written without the cluster, decisions may not")
  func offline() {
    func mayMake(_ edit: (inout Server) -> Void) -> Bool {
      var new = base
      edit(&new)
      return OfflineWrite.obstacle(toMaking: new, of: base) == nil
    }
    #expect(mayMake { $0.spec.hardware = nil })
    #expect(mayMake { $0.spec.bmc = BMC(endpoint: "10.0.0.9") })
    #expect(mayMake { $0.metadata.finalizers = [Server.storageFinalizer] })
    #expect(mayMake { $0.metadata.annotations = [ObjectMeta.bootHostAnnotation: "host-1"] })
    #expect(!mayMake { $0.spec.accepted = false })
    #expect(!mayMake { $0.spec.cordoned = true })
    #expect(!mayMake { $0.spec.pxeBootAlways = true })
    #expect(!mayMake { $0.spec.wipePolicy = WipePolicy() })
    #expect(!mayMake { $0.metadata.labels = ["rack": "1"] })
    #expect(!mayMake { $0.metadata.annotations = [Server.forceDeleteAnnotation: "true"] })

    var held = base
    held.spec.bmc = BMC(endpoint: "10.0.0.1")
    held.metadata.finalizers = [Server.storageFinalizer]
    var released = held
    released.metadata.finalizers = nil
    #expect(OfflineWrite.obstacle(toMaking: released, of: held) != nil)
    var moved = held
    moved.spec.bmc = BMC(endpoint: "10.0.0.2")
    #expect(OfflineWrite.obstacle(toMaking: moved, of: held) != nil)
  }

  @Test("A machine is switched on for whom it is allocated to, and neither off nor to be wiped, without the cluster")
  func switching() throws {
    var binding = ServerBinding(metadata: ObjectMeta(name: "a"), spec: ServerBindingSpec())
    binding.metadata.uid = "b"
    var server = base
    server.spec.bmc = BMC(endpoint: "10.0.0.1")
    func obstacle(_ binding: ServerBinding?, _ power: PowerState, _ edit: (inout Server) -> Void) -> String? {
      var old = server
      edit(&old)
      let plan = ServerPlan(
        for: old, binding: binding, power: power, now: Self.later, configuration: .init(), intentID: "id")
      #expect(!plan.actions.isEmpty)
      var new = old
      new.status = plan.status
      return OfflineWrite.obstacle(toStatusOf: old, new)
    }
    #expect(obstacle(binding, .off) { _ in } == nil)
    #expect(obstacle(nil, .on) { $0.status.isClean = true } != nil)
    #expect(obstacle(nil, .on) { $0.status.wipe = Self.wipe("w1", .requested) } != nil)
  }

  private static func wipe(_ id: String, _ phase: WipeStatus.Phase) -> WipeStatus {
    var wipe = WipeStatus(id: id, reason: .requested, generation: 1, requestedAt: early, disks: [])
    wipe.phase = phase
    return wipe
  }
}
