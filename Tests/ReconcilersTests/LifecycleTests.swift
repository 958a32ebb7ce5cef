import BareMetal
import Testing
import Wire

/// What Sidero's integration suite (sfyra) says of a Server's life, by its names, and what it says nothing of.
@Suite struct LifecycleTests {
  private func discovered() async throws -> SimulatedRack {
    let rack = SimulatedRack()
    try await rack.machine.register()
    return rack
  }

  private func clean() async throws -> SimulatedRack {
    let rack = try await discovered()
    try await rack.accept()
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
    return rack
  }

  private func atWork() async throws -> SimulatedRack {
    let rack = try await clean()
    try await rack.allocate()
    try await rack.run("at work") { try await rack.isAtWork() }
    return rack
  }

  @Test("server acceptance: nothing is done to a machine before it, whoever allocates it")
  func acceptance() async throws {
    let rack = try await discovered()
    try await rack.allocate()
    try await rack.run(for: .seconds(7200))
    #expect(rack.daemon.power.requests.allSatisfy { $0 == "ask" })
    #expect(rack.machine.now.disk == .foreign)
    let status = try await rack.server().status
    #expect(!status.ready && status.inUse && !status.isClean && status.wipe == nil)
  }

  @Test("server reset on acceptance: it is wiped once, by an intent of that reason")
  func resetOnAcceptance() async throws {
    let rack = try await clean()
    let wipe = try #require(try await rack.server().status.wipe)
    #expect(wipe.reason == .accepted && wipe.generation == 1 && wipe.phase == .done)
    #expect(rack.machine.now.erasures == 1)
    try await rack.run(for: .seconds(86_400))
    #expect(rack.machine.now.erasures == 1 && rack.machine.now.restarts == 1)
  }

  @Test("Acceptance taken back and given again is another acceptance")
  func acceptedAgain() async throws {
    let rack = try await clean()
    try await rack.accept(false)
    try await rack.run(for: .seconds(600))
    #expect(try await !rack.server().status.isClean)
    #expect(rack.machine.now.restarts == 1)
    try await rack.accept()
    try await rack.run("wiped again") { try await rack.isFreeAndClean() }
    #expect(try await rack.server().status.wipe?.generation == 2)
    #expect(rack.machine.now.erasures == 2)
  }

  @Test("Acceptance taken back while it is wiped ends the wipe")
  func acceptanceTakenBack() async throws {
    let rack = try await discovered()
    try await rack.accept()
    try await rack.run("wiping") { rack.machine.now.isWiping }
    try await rack.store.setSecret(.wipe(ofServer: SimulatedMachine.name), to: ["token": Secret("t")])
    try await rack.accept(false)
    try await rack.run(for: .seconds(5))
    #expect(try await rack.server().status.wipe?.phase == .failed)
    #expect(rack.store.secretNames.isEmpty, "its token")
    #expect(try await !rack.server().status.isClean)
  }

  @Test("server is ready: clean and powered off")
  func ready() async throws {
    let rack = try await clean()
    let status = try await rack.server().status
    #expect(status.ready && status.isClean && !status.inUse)
    // Somebody switches it on; the power poll sees it.
    rack.machine.switchOn()
    var server = try await rack.server()
    server.status.power = .on
    _ = try await rack.store.updateStatus(server)
    try await rack.run("off again") { !rack.machine.now.isOn }
  }

  @Test("server PXE boot: a machine is not installed before it says so, and retried after a bad configuration")
  func badConfiguration() async throws {
    let rack = try await clean()
    rack.machine.edit { $0.configIsBroken = true }
    try await rack.allocate()
    try await rack.run("three attempts") { rack.machine.now.failedInstallations >= 3 }
    #expect(try await !rack.server().status.conditions.isTrue(ServerCondition.pxeBooted))
    #expect(rack.machine.now.restarts == 2, "it boots by itself: nobody cycles it")
    rack.machine.edit { $0.configIsBroken = false }
    try await rack.run("at work") { try await rack.isAtWork() }
  }

  @Test("server reset after release: wiped, its Secrets gone, PXEBooted gone")
  func resetAfterRelease() async throws {
    let rack = try await atWork()
    try await rack.store.setSecret(
      SecretName(namespace: "sidero-system", name: "\(SimulatedMachine.name)-boot"), to: ["token": Secret("t")])
    try await rack.release()
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
    #expect(rack.machine.now.disk == .blank && rack.store.secretNames.isEmpty)
    let status = try await rack.server().status
    #expect(!status.conditions.isTrue(ServerCondition.pxeBooted) && status.wipe?.reason == .released)
  }

  @Test("The configuration of a released machine goes, as allocation named it; another machine's stays")
  func releasedConfiguration() async throws {
    let rack = try await clean()
    let other = SecretName(namespace: "sidero-system", name: "other-config-1a")
    try await rack.store.setSecret(other, to: ["value": Secret("theirs")])
    let allocation = Allocation(
      store: rack.store, secrets: rack.store, classes: ListingClassView(store: rack.store), newID: { "1a" })
    let bindings = try await allocation.allocate(
      Allocation.Order(.server(SimulatedMachine.name), config: Secret("machine: {}")))
    #expect(bindings.first.flatMap { Allocation.config(of: $0) } != nil)
    try await rack.release()
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
    #expect(rack.store.secretNames == [other.name])
  }

  @Test("A machine that is allocated and off is switched on, installed or not")
  func switchedOnAgain() async throws {
    let rack = try await atWork()
    rack.machine.switchOff()
    try await rack.run("on again", hours: 1) { try await rack.isAtWork() }
    #expect(rack.machine.now.installations == 1)
  }

  @Test("pxeBootAlways: an installed machine is told to boot the network when it is switched on")
  func pxeBootAlways() async throws {
    for always in [false, true] {
      let rack = try await atWork()
      try await rack.edit { $0.spec.pxeBootAlways = always }
      rack.machine.switchOff()
      let before = rack.daemon.power.requests.count
      try await rack.run("on again", hours: 1) { rack.machine.now.isOn }
      #expect(rack.daemon.power.requests.dropFirst(before).contains { $0.hasPrefix("boot device pxe") } == always)
    }
  }

  @Test("A cordoned Server lives as any other")
  func cordoned() async throws {
    let rack = try await discovered()
    try await rack.edit { $0.spec.cordoned = true }
    try await rack.accept()
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
  }

  @Test("A binding that vanished without its finalizer wipes nothing: a person is asked")
  func vanished() async throws {
    let rack = try await atWork()
    let binding = try #require(try await rack.binding())
    var torn = binding
    torn.metadata.finalizers = nil
    _ = try await rack.store.update(torn)
    // As the reconciler would put it back at once, both at one moment.
    try await rack.store.delete(ServerBindingKind.self, named: SimulatedMachine.name)
    try await rack.run(for: .seconds(86_400))
    #expect(rack.machine.now.erasures == 1 && rack.machine.now.isOn && rack.machine.now.disk == .installed)
    let status = try await rack.server().status
    #expect(!status.inUse && !status.isClean && !status.ready && status.wipe?.isOpen == false)
    let condition = try #require(status.conditions.condition(ServerCondition.wipeNeeded))
    #expect(condition.reason == "ReleasedWithoutIntent" && condition.message?.contains("siderite wipe") == true)
  }

  @Test("A paused binding is neither released nor switched; if it then vanishes, nothing is wiped")
  func paused() async throws {
    let rack = try await atWork()
    var binding = try #require(try await rack.binding())
    binding.metadata.annotations = [ObjectMeta.pausedAnnotation: ""]
    _ = try await rack.store.update(binding)
    try await rack.release()
    rack.machine.switchOff()
    try await rack.run(for: .seconds(7200))
    #expect(try await rack.binding() != nil)
    #expect(!rack.machine.now.isOn && rack.machine.now.erasures == 1)
    #expect(try await rack.server().status.wipe?.isOpen == false)
    // The pause ends: the release goes on.
    binding = try #require(try await rack.binding())
    binding.metadata.annotations = nil
    _ = try await rack.store.update(binding)
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
    #expect(rack.machine.now.erasures == 2)
  }

  @Test(
    "An agent that falls silent is booted again after the reboot timeout, five times at most; then a person is asked")
  func silentAgent() async throws {
    let rack = SimulatedRack()
    rack.faults.silent = 1
    rack.restart()
    try await rack.machine.register()
    try await rack.accept()
    try await rack.run(for: .seconds(7 * 86_400))
    let cycles = rack.daemon.power.requests.filter { $0 == "power cycle" }
    #expect(cycles.count == ServerPlan.Limits.attempts)
    let condition = try #require(try await rack.server().status.conditions.condition(ServerCondition.powerCycle))
    #expect(condition.status == .false && condition.reason == "PowerCycleFailed")
    #expect(condition.message?.contains("console") == true)
    // It goes on by itself when the machine boots after all.
    rack.machine.switchOn()
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
  }

  @Test("A BMC that is dead is tried again, seldom, and no boot is counted; when it comes back, the life goes on")
  func deadBMC() async throws {
    let rack = SimulatedRack()
    rack.faults.isDead = true
    rack.restart()
    try await rack.machine.register()
    try await rack.accept()
    try await rack.run(for: .seconds(86_400))
    let asked = rack.daemon.power.requests.count
    #expect(asked > 20 && asked < 300)
    #expect(try await rack.server().status.conditions.condition(Server.bmcReachable)?.status == .false)
    rack.faults.isDead = false
    rack.restart()
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
  }

  @Test("A machine without a BMC is never switched: a person is asked, and it goes on when they did")
  func withoutBMC() async throws {
    let rack = try await discovered()
    try await rack.edit { $0.spec.managementApi = nil }
    try await rack.accept()
    try await rack.run(for: .seconds(86_400))
    var condition = try await rack.server().status.conditions.condition(ServerCondition.powerCycle)
    #expect(condition?.reason == "ManualPowerCycleNeeded" && condition?.message?.contains("by hand") == true)
    #expect(rack.daemon.power.requests.isEmpty)
    rack.machine.switchOn()
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
    #expect(try await rack.server().status.ready)
    try await rack.allocate()
    try await rack.run(for: .seconds(3600))
    condition = try await rack.server().status.conditions.condition(ServerCondition.powerCycle)
    #expect(condition?.reason == "ManualPowerCycleNeeded")
    rack.machine.switchOn()
    try await rack.run("at work") { try await rack.isAtWork() }
    try await rack.run(for: .seconds(60))
    #expect(try await rack.server().status.conditions.condition(ServerCondition.powerCycle)?.status != .false)
    try await rack.release()
    try await rack.run(for: .seconds(3600))
    #expect(rack.machine.now.software == .system, "nobody can reset it")
    rack.machine.cycle()
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
    #expect(rack.daemon.power.requests.isEmpty)
  }

  @Test("server deletion is not stuck on a dead BMC or unreadable Secrets")
  func deletion() async throws {
    let rack = SimulatedRack()
    rack.faults.isDead = true
    rack.restart()
    try await rack.machine.register()
    try await rack.accept()
    try await rack.run(for: .seconds(60))
    rack.store.failSecrets(true)
    try await rack.store.delete(ServerKind.self, named: SimulatedMachine.name)
    try await rack.run("gone", hours: 1) {
      try await rack.store.get(ServerKind.self, named: SimulatedMachine.name) == nil
    }
  }

  @Test("A Server in use stays until it is released, or is forced to go")
  func deletionInUse() async throws {
    for force in [false, true] {
      let rack = try await atWork()
      try await rack.store.setSecret(.bmc(ofServer: SimulatedMachine.name), to: ["user": Secret("u")])
      try await rack.store.delete(ServerKind.self, named: SimulatedMachine.name)
      try await rack.run(for: .seconds(600))
      #expect(try await rack.store.get(ServerKind.self, named: SimulatedMachine.name) != nil)
      #expect(rack.machine.now.isOn)
      if force {
        try await rack.edit { $0.metadata.annotations = [Server.forceDeleteAnnotation: "true"] }
      } else {
        try await rack.release()
      }
      try await rack.run("gone", hours: 1) {
        try await rack.store.get(ServerKind.self, named: SimulatedMachine.name) == nil
      }
      #expect(!rack.store.secretNames.contains { $0.hasSuffix("-bmc") })
      #expect(rack.machine.now.erasures == 1)
    }
  }

  @Test("A machine in quarantine is left alone, and goes on when it is lifted")
  func quarantine() async throws {
    let rack = try await discovered()
    var server = try await rack.server()
    server.status.conditions.set(ServerCondition.quarantined, .true, reason: "DuplicateUUID", now: rack.clock.now)
    _ = try await rack.store.updateStatus(server)
    try await rack.accept()
    try await rack.run(for: .seconds(86_400))
    #expect(rack.daemon.power.requests.isEmpty)
    #expect(try await !rack.server().status.ready)
    server = try await rack.server()
    server.status.conditions.remove(ServerCondition.quarantined)
    _ = try await rack.store.updateStatus(server)
    try await rack.run("wiped") { try await rack.isFreeAndClean() }
  }

  @Test("A Server whose status and binding were lost, as in a move, is not wiped, not even when its agent reports here")
  func statusLost() async throws {
    let rack = try await atWork()
    var server = try await rack.server()
    server.status = ServerStatus()
    _ = try await rack.store.updateStatus(server)
    var binding = try #require(try await rack.binding())
    binding.metadata.finalizers = nil
    binding = try await rack.store.update(binding)
    try await rack.store.delete(ServerBindingKind.self, named: SimulatedMachine.name)
    try await rack.run(for: .seconds(86_400))
    #expect(rack.machine.now.isOn && rack.machine.now.disk == .installed && rack.machine.now.erasures == 1)
    #expect(try await rack.server().status.wipe == nil)
    rack.machine.cycle()
    try await rack.run(for: .seconds(86_400))
    #expect(rack.machine.now.disk == .installed && rack.machine.now.erasures == 1)
    #expect(try await rack.server().status.wipe == nil)
    let condition = try await rack.server().status.conditions.condition(ServerCondition.wipeNeeded)
    #expect(condition?.reason == "StatusLost" && condition?.message?.contains("siderite wipe") == true)
  }
}
