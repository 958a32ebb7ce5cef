import BareMetal
import Testing
import Wire

/// `clusterctl move`: paused, made elsewhere without status, deleted at the source with finalizers torn off; on both sides all
/// reconcilers run all the time.
@Suite struct MoveTests {
  /// How it is moved.
  struct Manner: CustomStringConvertible, Sendable {
    /// clusterctl leaves what lives in no namespace at the source; other tools do not.
    var deletesServers: Bool
    /// Between two steps of the tool.
    var pause: Duration
    /// A machine restarts by itself after so many steps of the tool.
    var restartsAt: Int?
    /// Finalizers are kept on what is made elsewhere, as clusterctl does.
    var keepsFinalizers = true

    var description: String {
      "\(deletesServers ? "with" : "without") Servers, \(pause) between steps, restart at \(restartsAt ?? -1), "
        + "finalizers \(keepsFinalizers)"
    }
  }

  static let manners: [Manner] =
    [false, true].flatMap { deletes in
      [Duration.zero, .seconds(1), .seconds(400)].flatMap { pause in
        [nil, 0, 1, 3, 6, 9, 12, 20, 28].map { Manner(deletesServers: deletes, pause: pause, restartsAt: $0) }
      }
    } + [Manner(deletesServers: true, pause: .seconds(1), restartsAt: 5, keepsFinalizers: false)]

  @Test(
    "A cluster that is moved is neither switched nor wiped on either side, and goes on on the other", arguments: manners
  )
  func move(how: Manner) async throws {
    let source = ClusterRack(3)
    try await source.prepare()
    try await source.makeCluster()
    let names = [try await source.makeMachine(), try await source.makeMachine()]
    try await source.run("at work") { try await names.allAtWork(source) }
    let target = ClusterRack(3, machines: source)
    let mover = Mover(source, target, how)
    let before = (source.switched, source.machines.map(\.now.erasures))
    try await mover.move()
    try await source.run(for: .seconds(7200), with: target)

    #expect(source.switched == before.0 && target.switched.isEmpty, "\(source.switched) \(target.switched)")
    #expect(source.machines.map(\.now.erasures) == before.1)
    let working = source.machines.filter { $0.now.disk == .installed }
    #expect(working.count == 2 && working.allSatisfy { $0.now.software == .system && $0.now.installations == 1 })
    for rack in [source, target] {
      for server in try await rack.list(ServerKind.self) { #expect(server.status.wipe?.isOpen != true) }
    }
    #expect(try await source.list(MetalMachineKind.self).isEmpty)
    // On the other side everything is known again.
    for name in names {
      #expect(try await target.metalMachine(name).status.ready)
      #expect(try await target.condition(name, "TalosInstalled")?.status == .true)
      #expect(try await target.isAtWork(name))
    }
    let spare = try #require(source.machines.first { $0.now.disk == .blank })
    let status = try #require(try await target.get(ServerKind.self, spare.name)?.status)
    #expect(!status.isClean && !status.inUse && status.wipe == nil, "nobody knows whether it is at work")

    // And the cluster's life goes on there.
    try await target.deleteMachine(names[0])
    try await target.run("released") {
      source.machines.filter { $0.now.erasures == 2 && !$0.now.isOn }.count == 1
    }
    #expect(try await target.isAtWork(names[1]))
    #expect(source.switched == before.0)
  }

  @Test("What is left of a cluster that was moved away can be deleted at the source without any harm")
  func leftovers() async throws {
    let source = ClusterRack(2)
    try await source.prepare()
    try await source.makeCluster()
    let name = try await source.makeMachine()
    try await source.run("at work") { try await source.isAtWork(name) }
    let target = ClusterRack(2, machines: source)
    try await Mover(source, target, MoveTests.Manner(deletesServers: false, pause: .seconds(1))).move()
    let binding = try #require(try await source.list(ServerBindingKind.self).first)
    let before = source.switched
    let server = try #require(source.machine(binding.metadata.name))
    #expect(
      try await source.get(ServerKind.self, server.name)?.status.conditions.isTrue(ServerCondition.paused) == true)
    server.switchOff()
    try await source.run(for: .seconds(7200))
    #expect(source.switched == before && !server.now.isOn, "the source does not switch it on again")
    try await source.store.delete(ServerBindingKind.self, named: server.name)
    try await source.run(for: .seconds(7200))
    #expect(try await source.list(ServerBindingKind.self).isEmpty, "nothing is stuck")
    #expect(source.switched == before && server.now.erasures == 1)
    let status = try #require(try await source.get(ServerKind.self, server.name)?.status)
    #expect(status.wipe?.isOpen == false)
    #expect(status.conditions.condition(ServerCondition.wipeNeeded)?.reason == "ReleasedWithoutIntent")
    try await source.store.delete(ServerKind.self, named: server.name)
    try await source.run(for: .seconds(600))
    #expect(try await source.get(ServerKind.self, server.name) == nil && source.switched == before)
  }

  @Test(
    "Paused, nothing is allocated, released, switched or written; unpaused, it goes on",
    arguments: ["Cluster.spec.paused", "Cluster annotation", "MetalMachine annotation"])
  func paused(how: String) async throws {
    let rack = ClusterRack(2)
    try await rack.prepare()
    try await rack.makeCluster()
    let name = try await rack.makeMachine()
    try await rack.run("at work") { try await rack.isAtWork(name) }
    let key = "default/\(name)"
    func pause(_ isPaused: Bool) async throws {
      let annotations = isPaused ? [ObjectMeta.pausedAnnotation: ""] : nil
      switch how {
      case "Cluster.spec.paused": try await rack.edit(ClusterKind.self, "default/prod") { $0.spec.paused = isPaused }
      case "Cluster annotation":
        try await rack.edit(ClusterKind.self, "default/prod") { $0.metadata.annotations = annotations }
      default: try await rack.edit(MetalMachineKind.self, key) { $0.metadata.annotations = annotations }
      }
    }
    try await pause(true)
    let late = how.hasPrefix("Cluster") ? try await rack.makeMachine() : nil
    let server = try #require(try await rack.metalMachine(name).spec.serverRef?.name)
    let machine = try #require(rack.machine(server))
    machine.switchOff()
    try await rack.run(for: .seconds(600))
    let before = (rack.switched, try await rack.metalMachine(name))
    let condition = try await rack.get(ServerKind.self, machine.name)?.status.conditions
      .condition(ServerCondition.paused)
    #expect(condition?.reason == "ClusterPaused" && condition?.message?.contains("is paused") == true)
    try await rack.deleteMachine(name)
    // Also where somebody deletes the binding itself.
    try await rack.store.delete(ServerBindingKind.self, named: machine.name)
    try await rack.run(for: .seconds(7200))
    #expect(rack.switched == before.0 && !machine.now.isOn && machine.now.erasures == 1)
    let after = try await rack.metalMachine(name)
    #expect(after.spec == before.1.spec && after.status == before.1.status)
    #expect(after.metadata.finalizers == [MetalMachine.finalizer])
    if let late {
      #expect(try await rack.metalMachine(late).status == MetalMachineStatus())
      #expect(try await rack.metalMachine(late).metadata.finalizers == nil)
    }
    try await pause(false)
    try await rack.run("released") { machine.now.erasures == 2 && !machine.now.isOn }
    try await rack.run("gone") { try await rack.get(MetalMachineKind.self, key) == nil }
    if let late { try await rack.run("at work") { try await rack.isAtWork(late) } }
  }

  @Test("A Server that arrives without status and without binding is not wiped when its machine boots the agent here")
  func statusLost() async throws {
    let rack = ClusterRack(1)
    try await rack.prepare()
    var server = try #require(try await rack.list(ServerKind.self).first)
    server.status = ServerStatus()
    _ = try await rack.store.updateStatus(server)
    rack.restart()
    try await rack.run(for: .seconds(60))
    rack.machines[0].cycle()
    try await rack.run(for: .seconds(7200))
    let status = try #require(try await rack.list(ServerKind.self).first?.status)
    #expect(status.conditions.condition(ServerCondition.wipeNeeded)?.reason == "StatusLost")
    #expect(status.wipe == nil && rack.machines[0].now.erasures == 1)
  }
}

/// What `clusterctl move` does, object by object.
private struct Mover {
  let source: ClusterRack
  let target: ClusterRack
  let how: MoveTests.Manner
  private let steps = Counter()

  private final class Counter { var value = 0 }

  init(_ source: ClusterRack, _ target: ClusterRack, _ how: MoveTests.Manner) {
    self.source = source
    self.target = target
    self.how = how
  }

  func move() async throws {
    try await source.edit(ClusterKind.self, "default/prod") { $0.spec.paused = true }
    try await step()
    // Whatever owns nothing of what is moved comes first, in no order in particular.
    for object in try await source.list(ServerClassKind.self) { try await make(object) }
    for object in try await source.list(ServerKind.self) { try await make(object) }
    for object in try await source.list(ServerBindingKind.self) { try await make(object) }
    for object in try await source.list(ClusterKind.self) { try await make(object) }
    for object in try await source.list(MetalClusterKind.self) { try await make(object, ownedBy: ClusterKind.self) }
    for object in try await source.list(MachineKind.self) { try await make(object) }
    for object in try await source.list(MetalMachineKind.self) {
      try await make(object, ownedBy: MachineKind.self)
      let name = SecretName(namespace: "default", name: "\(object.metadata.name)-data")
      try await target.store.setSecret(name, to: try await source.store.secret(name))
    }
    // Machines that boot from now on ask the other boot host.
    for machine in source.machines { machine.edit { [store = target.store] in $0.home = store } }
    for object in try await source.list(MetalMachineKind.self) { try await tearOut(object) }
    for object in try await source.list(MachineKind.self) { try await tearOut(object) }
    for object in try await source.list(MetalClusterKind.self) { try await tearOut(object) }
    for object in try await source.list(ClusterKind.self) { try await tearOut(object) }
    if how.deletesServers {
      for object in try await source.list(ServerBindingKind.self) { try await tearOut(object) }
      for object in try await source.list(ServerKind.self) { try await tearOut(object) }
    }
    try await target.edit(ClusterKind.self, "default/prod") { $0.spec.paused = nil }
    // Cluster API's own controller sees the MetalCluster soon.
    try await target.edit(ClusterKind.self, "default/prod", status: true) { $0.status.infrastructureReady = true }
    try await step()
  }

  private func make<Kind: ResourceKind>(_ object: Resource<Kind>) async throws {
    var new = object
    new.metadata.ownerReferences = nil
    try await create(new)
  }

  private func make<Kind: ResourceKind, Owner: ResourceKind>(
    _ object: Resource<Kind>, ownedBy owner: Owner.Type
  ) async throws {
    let name = try #require(object.metadata.owner(owner)?.name)
    let found = try #require(try await target.get(owner, "default/\(name)"))
    var new = object
    new.metadata.ownerReferences = [ClusterRack.owner(found)]
    try await create(new)
  }

  private func create<Kind: ResourceKind>(_ object: Resource<Kind>) async throws {
    var new = object
    new.metadata.resourceVersion = nil
    new.metadata.uid = nil
    if !how.keepsFinalizers, Kind.self != MachineKind.self { new.metadata.finalizers = nil }
    new.status = Kind.Status()
    _ = try await target.store.create(new)
    try await step()
  }

  private func tearOut<Kind: ResourceKind>(_ object: Resource<Kind>) async throws {
    let key = object.metadata.key
    try await source.edit(Kind.self, key) { $0.metadata.finalizers = nil }
    try await step()
    if try await source.get(Kind.self, key) != nil { try await source.store.delete(Kind.self, named: key) }
    try await step()
  }

  private func step() async throws {
    if steps.value == how.restartsAt {
      for machine in source.machines where machine.now.disk == .installed { machine.cycleByItself() }
    }
    steps.value += 1
    try await source.run(for: how.pause, with: target)
  }
}
