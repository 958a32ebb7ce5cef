import BareMetal
import Testing
import Wire

/// What Sidero's integration suite (sfyra) says of machines of Cluster API, by its names, and what it says nothing of.
@Suite struct MetalMachineTests {
  private func rack(_ count: Int) async throws -> ClusterRack {
    let rack = ClusterRack(count)
    try await rack.prepare()
    try await rack.makeCluster()
    return rack
  }

  private func atWork(_ count: Int, of total: Int) async throws -> (rack: ClusterRack, names: [String]) {
    let rack = try await rack(total)
    var names: [String] = []
    for _ in 0..<count { names.append(try await rack.makeMachine()) }
    try await rack.run("at work") { try await names.allAtWork(rack) }
    return (rack, names)
  }

  @Test("management cluster: a MetalCluster is ready when it belongs to a Cluster, and goes when it is deleted")
  func metalCluster() async throws {
    let rack = ClusterRack(1)
    var lonely = MetalCluster(metadata: ObjectMeta(name: "lonely"), spec: MetalClusterSpec())
    lonely.metadata.namespace = "default"
    _ = try await rack.store.create(lonely)
    try await rack.makeCluster()
    try await rack.run(for: .seconds(60))
    let found = try #require(try await rack.get(MetalClusterKind.self, "default/prod"))
    #expect(found.status.ready && found.status.initialization?.provisioned == true)
    #expect(found.metadata.finalizers == [MetalCluster.finalizer])
    #expect(try await rack.get(ClusterKind.self, "default/prod")?.hasInfrastructure == true)
    lonely = try #require(try await rack.get(MetalClusterKind.self, "default/lonely"))
    #expect(!lonely.status.ready && lonely.metadata.finalizers == nil)
    let cluster = try #require(try await rack.get(ClusterKind.self, "default/prod"))
    lonely.metadata.name = "other"
    lonely.metadata.resourceVersion = nil
    lonely.metadata.annotations = ["cluster.x-k8s.io/managed-by": "terraform"]
    lonely.metadata.ownerReferences = [ClusterRack.owner(cluster)]
    _ = try await rack.store.create(lonely)
    try await rack.run(for: .seconds(60))
    #expect(try await rack.get(MetalClusterKind.self, "default/other")?.status.ready == false, "another's to say")
    try await rack.store.delete(ClusterKind.self, named: "default/prod")
    try await rack.store.delete(MetalClusterKind.self, named: "default/prod")
    try await rack.run("gone", hours: 1) { try await rack.get(MetalClusterKind.self, "default/prod") == nil }
  }

  @Test("servers match MetalMachines: each has one of its own, with all that Cluster API asks for")
  func match() async throws {
    let (rack, names) = try await atWork(3, of: 4)
    var servers: Set<String> = []
    for name in names {
      let machine = try await rack.metalMachine(name)
      let server = try #require(machine.spec.serverRef?.name)
      servers.insert(server)
      #expect(machine.spec.providerID == "sidero://\(server)")
      #expect(machine.metadata.finalizers == [MetalMachine.finalizer])
      #expect(machine.status.ready && machine.status.initialization?.provisioned == true)
      #expect(machine.status.conditions.isTrue(MetalMachineCondition.serverAllocated))
      #expect(machine.status.conditions.isTrue("TalosInstalled"))
      let binding = try #require(try await rack.get(ServerBindingKind.self, server))
      #expect(binding.machineKey == "default/\(name)" && binding.spec.serverClassRef?.name == "any")
      #expect(binding.metadata.labels?[ClusterKind.nameLabel] == "prod")
      #expect(binding.metadata.labels?[ObjectMeta.moveLabel] == "")
      #expect(binding.metadata.finalizers == [ServerBinding.releaseFinalizer])
      #expect(binding.metadata.isSet(ServerBinding.installedAnnotation) && binding.status.ready)
      #expect(try await rack.get(ServerKind.self, server)?.status.conditions.isTrue(ServerCondition.pxeBooted) == true)
    }
    #expect(servers.count == 3)
    #expect(try await rack.list(ServerBindingKind.self).count == 3)
    #expect(rack.machines.allSatisfy { $0.now.erasures == 1 && $0.now.failedInstallations == 0 })
    #expect(rack.workload.writes == 3)
    let events = rack.journal.records().flatMap(\.events).filter { $0.reason == "Server Allocation" }
    #expect(events.count { $0.message.contains("allocated via ServerClass any for MetalMachine default/m") } == 3)
  }

  /// Each is a request where the resources are a cluster's; Events and first statuses come on top.
  @Test("A machine's way from allocation to work is few writes, and so is its way back", arguments: [false, true])
  func writes(byName: Bool) async throws {
    let site = try await rack(1)
    try await site.run("free") { try await site.freeCount() == 1 && !site.machines[0].now.isOn }
    try await site.run(for: .seconds(600))
    let name = try await site.makeMachine(
      nil,
      byName ? spec(serverRef: site.machines[0].name) : MetalMachineSpec(serverClassRef: ObjectReference(name: "any")))
    let made = site.store.version
    try await site.run("at work") { try await site.isAtWork(name) }
    try await site.run(for: .seconds(60))
    let working = site.store.version
    try await site.deleteMachine(name)
    try await site.run("free again") { try await site.freeCount() == 1 && !site.machines[0].now.isOn }
    try await site.run(for: .seconds(60))
    #expect(working - made <= 11, "\(working - made)")
    #expect(site.store.version - working <= 12, "\(site.store.version - working)")
  }

  @Test("Addresses and host name are the binding's; what it does not know, the Server's")
  func addresses() async throws {
    let (rack, names) = try await atWork(1, of: 1)
    let server = rack.machines[0].name
    try await rack.edit(ServerKind.self, server, status: true) {
      $0.status.addresses = [NodeAddress(type: "InternalIP", address: "10.0.0.5")]
    }
    try await rack.edit(ServerKind.self, server) { $0.spec.hostname = "r1" }
    // Nothing but the machine's own change wakes it; a resync would.
    try await rack.edit(MetalMachineKind.self, "default/\(names[0])") { $0.metadata.annotations = ["a": "b"] }
    try await rack.run(for: .seconds(60))
    #expect(
      try await rack.metalMachine(names[0]).status.addresses == [
        NodeAddress(type: "InternalIP", address: "10.0.0.5"), NodeAddress(type: "Hostname", address: "r1"),
      ])
    try await rack.edit(ServerBindingKind.self, server) {
      $0.spec.addresses = ["10.0.0.6", "10.0.0.7"]
      $0.spec.hostname = "node"
    }
    try await rack.run(for: .seconds(60))
    #expect(
      try await rack.metalMachine(names[0]).status.addresses?.map(\.address) == ["10.0.0.6", "10.0.0.7", "node"])
  }

  @Test("Nothing is allocated before owner, Cluster, infrastructure and configuration are there; each is told")
  func preconditions() async throws {
    let rack = ClusterRack(1)
    try await rack.prepare()
    let name = try await rack.makeMachine(hasData: false)
    let key = "default/\(name)"
    func reason() async throws -> String? { try await rack.condition(name)?.reason }
    let owners = try await rack.metalMachine(name).metadata.ownerReferences
    var orphan = try await rack.metalMachine(name)
    orphan.metadata.name = "orphan"
    orphan.metadata.ownerReferences = nil
    _ = try await rack.store.create(orphan)
    try await rack.run(for: .seconds(60))
    #expect(try await rack.condition("orphan")?.reason == "WaitingForMachine")
    #expect(owners?.count == 1)
    #expect(try await reason() == "WaitingForCluster")
    var cluster = Cluster(metadata: ObjectMeta(name: "prod"), spec: ClusterSpec())
    cluster.metadata.namespace = "default"
    _ = try await rack.store.create(cluster)
    try await rack.run(for: .seconds(60))
    #expect(try await reason() == "WaitingForInfrastructure")
    try await rack.edit(ClusterKind.self, "default/prod", status: true) { $0.status.infrastructureReady = true }
    try await rack.run(for: .seconds(60))
    #expect(try await reason() == "WaitingForBootstrapData")
    #expect(
      try await rack.list(ServerBindingKind.self).isEmpty && rack.switched.allSatisfy { !$0.hasSuffix("power on") })
    try await rack.edit(MachineKind.self, key) {
      $0.spec.bootstrap = MachineBootstrap(dataSecretName: "\(name)-data")
    }
    try await rack.run("at work") { try await rack.isAtWork(name) }
  }

  @Test(
    "The configuration is on the boot host before the machine asks for it, renewed until it is installed, then left alone"
  )
  func bootstrapData() async throws {
    let rack = try await rack(1)
    let name = try await rack.makeMachine()
    let server = rack.machines[0].name
    func copy() async throws -> String? {
      try await rack.store.secret(.bootstrapData(ofServer: server))?[BootstrapData.valueKey]?.exposedText
    }
    try await rack.run("copied") { try await copy() == "machine: \(name)" }
    #expect(rack.machines[0].now.software != .environment, "it is there before the machine is")
    let source = SecretName(namespace: "default", name: "\(name)-data")
    try await rack.store.setSecret(source, to: ["value": Secret("machine: changed")])
    try await rack.run("renewed") { try await copy() == "machine: changed" }
    #expect(rack.machines[0].now.installations == 0)
    try await rack.run("at work") { try await rack.isAtWork(name) }
    try await rack.store.setSecret(source, to: ["value": Secret("machine: later")])
    try await rack.run(for: .seconds(3600))
    #expect(try await copy() == "machine: changed")
    try await rack.deleteMachine(name)
    try await rack.run("free") { try await rack.freeCount() == 1 }
    #expect(try await copy() == nil, "it goes with the allocation")
  }

  @Test("PXE boot retried after a bad config: installed when it is put right, nobody cycles it")
  func badConfiguration() async throws {
    let rack = try await rack(1)
    rack.machines[0].edit { $0.configIsBroken = true }
    let name = try await rack.makeMachine()
    try await rack.run("three attempts") { rack.machines[0].now.failedInstallations >= 3 }
    #expect(try await !rack.isAtWork(name))
    #expect(rack.machines[0].now.restarts == 2, "into its wipe, and on")
    rack.machines[0].edit { $0.configIsBroken = false }
    try await rack.run("at work") { try await rack.isAtWork(name) }
  }

  @Test("scale workers up and down: a Server more, a Server back, wiped and free")
  func scaleWorkers() async throws {
    let (rack, names) = try await atWork(1, of: 3)
    let second = try await rack.makeMachine()
    let third = try await rack.makeMachine()
    try await rack.run("scaled up") { try await [names[0], second, third].allAtWork(rack) }
    #expect(try await rack.freeCount() == 0)
    try await rack.deleteMachine(second)
    try await rack.deleteMachine(third)
    try await rack.run("scaled down") { try await rack.freeCount() == 2 }
    #expect(try await rack.list(MetalMachineKind.self).map(\.metadata.name) == names)
    #expect(try await rack.isAtWork(names[0]))
    #expect(rack.machines.map(\.now.erasures).sorted() == [1, 2, 2])
  }

  @Test("control plane up and down, one after the other")
  func scaleControlPlane() async throws {
    let rack = try await rack(3)
    var names: [String] = []
    for _ in 0..<3 {
      names.append(try await rack.makeMachine(isControlPlane: true))
      try await rack.run("one more") { try await names.allAtWork(rack) }
    }
    for _ in 0..<2 {
      let before = try await rack.freeCount()
      try await rack.deleteMachine(names.removeLast())
      try await rack.run("one less") { try await rack.freeCount() == before + 1 }
      #expect(try await names.allAtWork(rack))
    }
  }

  @Test("up and down without waiting: whatever had been begun is undone, and nothing is left over")
  func scaleWithoutWaiting() async throws {
    for pause in [0, 1, 30, 95, 200, 320] {
      let (rack, names) = try await atWork(1, of: 3)
      let more = [try await rack.makeMachine(), try await rack.makeMachine()]
      try await rack.run(for: .seconds(pause))
      for name in more { try await rack.deleteMachine(name) }
      try await rack.run("all free again") {
        let (count, free) = (try await rack.list(MetalMachineKind.self).count, try await rack.freeCount())
        return count == 1 && free == 2
      }
      try await rack.run(for: .seconds(60))
      #expect(try await rack.isAtWork(names[0]))
      #expect(try await rack.list(ServerBindingKind.self).count == 1)
      #expect(try await rack.list(MachineKind.self).count == 1)
    }
  }

  @Test("MachineDeployment reconcile after delete: the machine that replaces a deleted one gets a Server that is clean")
  func replacement() async throws {
    let (rack, names) = try await atWork(2, of: 2)
    try await rack.deleteMachine(names[0])
    let replacement = try await rack.makeMachine()
    try await rack.run("waits") { try await rack.condition(replacement)?.reason == "NoServerAvailable" }
    let condition = try #require(try await rack.condition(replacement))
    #expect(condition.message?.contains("ServerClass any has 0 of 1 Servers") == true)
    try await rack.run("replaced") { try await [names[1], replacement].allAtWork(rack) }
    #expect(rack.machines.map(\.now.erasures).sorted() == [1, 2])
  }

  @Test("lost serverRef is restored from the binding; nothing is allocated instead")
  func lostServerRef() async throws {
    let (rack, names) = try await atWork(1, of: 2)
    let before = try await rack.metalMachine(names[0])
    for isDaemonNew in [false, true] {
      try await rack.edit(MetalMachineKind.self, "default/\(names[0])") {
        $0.spec.serverRef = nil
        $0.spec.providerID = nil
      }
      if isDaemonNew { rack.restart() }
      try await rack.run(for: .seconds(60))
      #expect(try await rack.metalMachine(names[0]).spec == before.spec)
      #expect(try await rack.list(ServerBindingKind.self).count == 1)
    }
    #expect(try await rack.freeCount() == 1)
  }

  @Test("A machine that is deleted after its serverRef was lost still gives its Server back")
  func lostServerRefAtEnd() async throws {
    let (rack, names) = try await atWork(1, of: 1)
    try await rack.edit(MetalMachineKind.self, "default/\(names[0])") { $0.spec.serverRef = nil }
    try await rack.deleteMachine(names[0])
    try await rack.run("free") { try await rack.freeCount() == 1 }
    #expect(try await rack.list(MetalMachineKind.self).isEmpty)
  }

  @Test("reset after release: the binding goes first, the machine is wiped, and Cluster API's Machine goes")
  func resetAfterRelease() async throws {
    let (rack, names) = try await atWork(1, of: 1)
    try await rack.deleteMachine(names[0])
    try await rack.run("free") { try await rack.freeCount() == 1 }
    #expect(rack.machines[0].now.disk == .blank)
    #expect(try await rack.get(ServerKind.self, rack.machines[0].name)?.status.wipe?.reason == .released)
    try await rack.run(for: .seconds(60))
    #expect(try await rack.list(MachineKind.self).isEmpty)
    #expect(try await rack.list(MetalMachineKind.self).isEmpty)
  }

  @Test(
    "Deletion is not held up by what is gone already",
    arguments: ["Machine", "Cluster", "Secret", "labels", "Server", "all"])
  func deletion(without missing: String) async throws {
    let (rack, names) = try await atWork(1, of: 1)
    let key = "default/\(names[0])"
    if ["Machine", "all"].contains(missing) {
      try await rack.edit(MachineKind.self, key) { $0.metadata.finalizers = nil }
      try await rack.store.delete(MachineKind.self, named: key)
    }
    if ["Cluster", "all"].contains(missing) { try await rack.store.delete(ClusterKind.self, named: "default/prod") }
    if ["Secret", "all"].contains(missing) {
      try await rack.store.setSecret(SecretName(namespace: "default", name: "\(names[0])-data"), to: nil)
    }
    if ["labels", "all"].contains(missing) {
      try await rack.edit(MetalMachineKind.self, key) { $0.metadata.labels = nil }
    }
    if missing == "Server" {
      try await rack.edit(ServerKind.self, rack.machines[0].name) { $0.metadata.finalizers = nil }
      try await rack.store.delete(ServerKind.self, named: rack.machines[0].name)
    }
    try await rack.store.delete(MetalMachineKind.self, named: key)
    try await rack.run("gone", hours: 1) { try await rack.get(MetalMachineKind.self, key) == nil }
    #expect(try await rack.list(ServerBindingKind.self).isEmpty)
    if missing != "Server" { try await rack.run("free") { try await rack.freeCount() == 1 } }
  }

  @Test("A machine that never got a Server is let go at once, one whose serverRef is another's takes nothing with it")
  func deletionWithoutServer() async throws {
    let (rack, names) = try await atWork(1, of: 1)
    let waiting = try await rack.makeMachine()
    let server = rack.machines[0].name
    let wanting = try await rack.makeMachine(nil, spec(serverRef: server))
    try await rack.run(for: .seconds(60))
    #expect(try await rack.condition(wanting)?.message?.contains("in use by MetalMachine default/\(names[0])") == true)
    try await rack.deleteMachine(waiting)
    try await rack.deleteMachine(wanting)
    try await rack.run("gone", hours: 1) { try await rack.list(MachineKind.self).count == 1 }
    #expect(try await rack.isAtWork(names[0]) && rack.machines[0].now.erasures == 1)
  }

  private func spec(serverRef: String, serverClass: String? = nil) -> MetalMachineSpec {
    MetalMachineSpec(
      serverRef: ObjectReference(name: serverRef), serverClassRef: serverClass.map { ObjectReference(name: $0) })
  }

  @Test("An explicit serverRef is bound where nothing stands against it")
  func explicitServer() async throws {
    let rack = try await rack(2)
    let server = rack.machines[1].name
    let name = try await rack.makeMachine(nil, spec(serverRef: server))
    try await rack.run("at work") { try await rack.isAtWork(name) }
    #expect(try await rack.metalMachine(name).spec.serverRef?.name == server)
    let events = rack.journal.records().flatMap(\.events)
    #expect(events.contains { $0.reason == "Server Assignment" && $0.message.contains("default/\(name)") })
  }

  @Test(
    "An explicit serverRef is not bound while anything stands against it, which is told; and is when it is gone",
    arguments: ["not there", "not accepted", "cordoned", "quarantined", "not clean", "in use"], [false, true])
  func explicitServerRefused(why: String, alsoClass: Bool) async throws {
    let rack = try await rack(2)
    let server = rack.machines[1].name
    var named = server
    switch why {
    case "not there": named = "4c4c4544-0000-0000-0000-000000000000"
    case "not accepted": try await rack.edit(ServerKind.self, server) { $0.spec.accepted = false }
    case "cordoned": try await rack.edit(ServerKind.self, server) { $0.spec.cordoned = true }
    case "quarantined":
      try await rack.edit(ServerKind.self, server, status: true) {
        $0.status.conditions.set(ServerCondition.quarantined, .true, reason: "DuplicateUUID", now: rack.clock.now)
      }
    case "not clean": try await rack.edit(ServerKind.self, server, status: true) { $0.status.isClean = false }
    default:
      _ = try await rack.store.create(ServerBinding(metadata: ObjectMeta(name: server), spec: ServerBindingSpec()))
    }
    let name = try await rack.makeMachine(nil, spec(serverRef: named, serverClass: alsoClass ? "any" : nil))
    try await rack.run(for: .seconds(600))
    let condition = try #require(try await rack.condition(name))
    #expect(condition.status == .false && condition.reason == "ServerRefused")
    #expect(condition.message?.contains(named) == true)
    #expect(try await rack.list(ServerBindingKind.self).allSatisfy { $0.machineKey == nil })
    #expect(try await !rack.metalMachine(name).status.ready)
    guard why == "cordoned" else { return }
    try await rack.edit(ServerKind.self, server) { $0.spec.cordoned = nil }
    try await rack.run("at work") { try await rack.isAtWork(name) }
  }

  @Test("What people write is told, and does nothing: no class, no such class, another serverRef than its Server")
  func nonsense() async throws {
    let (rack, names) = try await atWork(1, of: 2)
    let nothing = try await rack.makeMachine(nil, MetalMachineSpec())
    let unknown = try await rack.makeMachine(nil, MetalMachineSpec(serverClassRef: ObjectReference(name: "none")))
    try await rack.edit(MetalMachineKind.self, "default/\(names[0])") {
      $0.spec.serverRef = ObjectReference(name: "other")
    }
    try await rack.run(for: .seconds(600))
    #expect(try await rack.condition(nothing)?.reason == "NothingToAllocate")
    #expect(try await rack.condition(unknown)?.reason == "NoServerClass")
    #expect(try await rack.condition(names[0])?.reason == "ServerRefConflict")
    #expect(try await rack.list(ServerBindingKind.self).count == 1)
    #expect(rack.machines.count { $0.now.isOn } == 1)
  }

  @Test("A binding that somebody released is not made again: the machine says that its Server is lost")
  func serverLost() async throws {
    let (rack, names) = try await atWork(1, of: 2)
    let server = try #require(try await rack.metalMachine(names[0]).spec.serverRef?.name)
    try await rack.store.delete(ServerBindingKind.self, named: server)
    try await rack.run("free again") { try await rack.freeCount() == 2 }
    try await rack.run(for: .seconds(3600))
    let condition = try #require(try await rack.condition(names[0]))
    #expect(condition.reason == "ServerLost" && condition.severity == "Error")
    #expect(try await rack.metalMachine(names[0]).status.failureReason == "UpdateError")
    #expect(try await rack.list(ServerBindingKind.self).isEmpty)
  }

  @Test("The Node's provider ID: waited for, told when it cannot be set, and never changed")
  func providerID() async throws {
    let rack = try await rack(2)
    rack.workload.fail("no route to host")
    rack.workload.setForeignID("other://1", rack.machines[1].name)
    let name = try await rack.makeMachine()
    let other = try await rack.makeMachine()
    let type = MetalMachineCondition.providerSet
    try await rack.run("told") { try await rack.condition(name, type)?.message == "no route to host" }
    #expect(try await rack.condition(name, type)?.reason == "ProviderUpdateFailed")
    #expect(try await rack.metalMachine(name).status.ready, "the Server is there all the same")
    rack.workload.fail(nil)
    try await rack.run("set") {
      let (one, another) = (try await rack.isAtWork(name), try await rack.isAtWork(other))
      return one || another
    }
    try await rack.run(for: .seconds(3600))
    let taken = try await rack.isAtWork(name) ? other : name
    #expect(try await rack.condition(taken, type)?.message?.contains("other://1") == true)
    #expect(rack.workload.writes == 1)
  }

  @Test("Many at once: each Server once, and no write for nothing")
  func many() async throws {
    let rack = try await rack(12)
    var names: [String] = []
    for _ in 0..<12 { names.append(try await rack.makeMachine()) }
    try await rack.run("at work") { try await names.allAtWork(rack) }
    let bindings = try await rack.list(ServerBindingKind.self)
    #expect(Set(bindings.compactMap(\.machineKey)).count == 12)
  }
}

extension [String] {
  func allAtWork(_ rack: ClusterRack) async throws -> Bool {
    for name in self where try await !rack.isAtWork(name) { return false }
    return true
  }
}
