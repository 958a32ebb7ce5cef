import BareMetal
import Testing
import Wire

/// The rows of the lifecycle's table, one by one. Whole lives are in ReconcilersTests.
@Suite struct ServerPlanTests {
  private static let name = "4c4c4544-0051-3610-8052-b4c04f4d4631"
  private let now = Timestamp(seconds: 1_800_000_000)

  private func server(_ edit: (inout Server) -> Void = { _ in }) -> Server {
    let disk = StorageDevice(size: 1, serialNumber: "S1")
    var server = Server(
      metadata: ObjectMeta(name: Self.name),
      spec: ServerSpec(
        hardware: HardwareInformation(storage: StorageInformation(devices: [disk])), accepted: true))
    server.spec.bmc = BMC(endpoint: "10.0.0.1")
    server.status.conditions.set("Discovered", .true, now: Timestamp(seconds: 1))
    server.status.conditions.set("Accepted", .true, now: Timestamp(seconds: 1))
    edit(&server)
    return server
  }

  private func clean() -> Server {
    server {
      var intent = WipeStatus.intent(for: $0, reason: .accepted, mode: .fast, id: "w1", now: Timestamp(seconds: 2))
      intent.phase = .done
      $0.status.wipe = intent
      $0.status.isClean = true
    }
  }

  private let binding = ServerBinding(metadata: ObjectMeta(name: name), spec: ServerBindingSpec())

  private func plan(
    _ server: Server, _ binding: ServerBinding? = nil, power: PowerState? = nil, at time: Timestamp? = nil,
    pxeMode: PXEMode = .uefi
  ) -> ServerPlan {
    ServerPlan(
      for: server, binding: binding, power: power, now: time ?? now, configuration: .init(pxeMode: pxeMode),
      intentID: "new")
  }

  @Test("Not accepted: nothing is done, not even asked")
  func notAccepted() {
    for bound in [nil, binding] {
      let plan = plan(server { $0.spec.accepted = false }, bound)
      #expect(plan.actions.isEmpty && plan.status.wipe == nil && !plan.status.ready)
      #expect(plan.status.inUse == (bound != nil))
    }
  }

  @Test("Accepted for the first time: a wipe is asked for, and the machine cycled from the network in the same plan")
  func accepted() throws {
    let plan = plan(server())
    #expect(plan.status.wipe?.reason == .accepted && plan.status.wipe?.id == "new")
    #expect(plan.actions == [.setBoot(BootOverride(.pxe, mode: .uefi)), .power(.cycle)])
    #expect(plan.status.switching?.outcome == .pending && plan.status.switching?.attempts == 1)
    let condition = try #require(plan.status.conditions.condition("PowerCycle"))
    #expect(condition.status == .false && condition.reason == "InProgress")
  }

  @Test("The PXE mode is the Server's, else the configuration's")
  func pxeMode() {
    #expect(plan(server(), pxeMode: .bios).actions.first == .setBoot(BootOverride(.pxe, mode: .bios)))
    let own = server { $0.spec.pxeMode = .bios }
    #expect(plan(own, pxeMode: .uefi).actions.first == .setBoot(BootOverride(.pxe, mode: .bios)))
  }

  @Test("The same plan is made of what the plan wrote: it waits, and writes nothing more")
  func stable() {
    var current = server()
    current.status = plan(current).status
    let second = plan(current)
    #expect(second.status == current.status && second.actions.isEmpty && second.events.isEmpty)
    #expect(second.requeue == .seconds(300), "not known to be done: a quarter of the reboot timeout")
    if let record = current.status.switching { current.status.note(nil, of: record, now: now) }
    #expect(plan(current).requeue == .seconds(400), "Sidero's: a third of it")
    #expect(plan(current, at: now.advanced(bySeconds: 1199)).actions.isEmpty)
    #expect(!plan(current, at: now.advanced(bySeconds: 1200)).actions.isEmpty)
  }

  @Test("A heartbeat keeps a wipe from being disturbed")
  func heartbeat() {
    var current = server()
    current.status = plan(current).status
    current.status.wipe?.phase = .running
    current.status.wipe?.heartbeat = now.advanced(bySeconds: 10_000)
    #expect(plan(current, at: now.advanced(bySeconds: 11_199)).actions.isEmpty)
    #expect(!plan(current, at: now.advanced(bySeconds: 11_200)).actions.isEmpty)
  }

  @Test("A machine that registered for its wipe is not restarted, nor is a person asked, before it had its time")
  func registered() {
    for hasBMC in [true, false] {
      var current = server {
        $0.status.wipe = WipeStatus.intent(for: $0, reason: .accepted, mode: .fast, id: "w1", now: now)
        $0.status.wipe?.heartbeat = now
        if !hasBMC { $0.spec.bmc = nil }
      }
      let first = plan(current)
      #expect(first.actions.isEmpty && first.status.conditions.condition("PowerCycle")?.reason == "InProgress")
      current.status = first.status
      let late = plan(current, at: now.advanced(bySeconds: 1200))
      #expect(late.actions.isEmpty != hasBMC)
      let reason = late.status.conditions.condition("PowerCycle")?.reason
      #expect(reason == (hasBMC ? "InProgress" : "ManualPowerCycleNeeded"))
    }
  }

  @Test("Accepted without a BMC: a person is asked to power-cycle it, and nothing is done")
  func acceptedWithoutBMC() {
    let plan = plan(server { $0.spec.bmc = nil })
    let condition = plan.status.conditions.condition("PowerCycle")
    #expect(plan.actions.isEmpty && plan.status.wipe?.isOpen == true && !plan.status.ready)
    #expect(
      condition?.reason == "ManualPowerCycleNeeded" && condition?.message?.contains("power-cycle it by hand") == true)
  }

  @Test("What the BMC refused is tried again later, each time later, and is no attempt")
  func failed() throws {
    var current = server()
    var time = now
    for expected: Int64 in [10, 20, 40, 80, 160, 320, 600, 600] {
      let made = plan(current, at: time)
      #expect(!made.actions.isEmpty)
      current.status = made.status
      let record = try #require(current.status.switching)
      current.status.note(BMCFailure(.timedOut, "no answer"), of: record, now: time)
      #expect(current.status.switching?.attempts == 0)
      #expect(current.status.conditions.condition("PowerCycle")?.reason == "PowerCycleFailed")
      #expect(plan(current, at: time.advanced(bySeconds: expected - 1)).actions.isEmpty)
      time = time.advanced(bySeconds: expected)
    }
  }

  @Test("Free and clean: off when it is on, nothing when it is off, asked when it is not known")
  func free() {
    #expect(plan(clean()).actions == [.askPower] && plan(clean()).status.ready)
    #expect(plan(clean(), power: .on).actions == [.power(.off)])
    #expect(plan(clean(), power: .off).actions.isEmpty)
    #expect(plan(clean(), power: .unknown).actions.isEmpty)
    var off = clean()
    off.status.power = .off
    #expect(plan(off).actions.isEmpty && plan(off).requeue == nil)
  }

  @Test("The agent that was told to power off is given its time, and looked at when it has counted down")
  func agentPowersOff() {
    var wiped = clean()
    wiped.status.wipe?.finishedAt = now
    func later(_ seconds: Int64, power: PowerState? = nil) -> ServerPlan {
      plan(wiped, power: power, at: now.advanced(bySeconds: seconds))
    }
    #expect(later(0).actions.isEmpty && later(0).requeue == .seconds(10))
    #expect(later(10).actions == [.askPower])
    #expect(later(10, power: .on).actions.isEmpty && later(10, power: .on).requeue == .seconds(4))
    #expect(later(28, power: .on).actions.isEmpty && later(28, power: .on).requeue == .seconds(2))
    #expect(later(30).actions == [.askPower])
    #expect(later(30, power: .on).actions == [.power(.off)])
    wiped.status.power = .off
    #expect(later(10).actions.isEmpty && later(10).requeue == nil)
  }

  @Test("After a wipe that failed the power is looked at too, and nothing is switched")
  func agentPowersOffAfterFailure() {
    var failed = clean()
    failed.status.isClean = false
    failed.status.wipe?.phase = .failed
    failed.status.wipe?.finishedAt = now
    #expect(plan(failed).actions.isEmpty && plan(failed).requeue == .seconds(10))
    #expect(plan(failed, at: now.advanced(bySeconds: 10)).actions == [.askPower])
    #expect(plan(failed, power: .on, at: now.advanced(bySeconds: 10)).requeue == .seconds(4))
    let late = plan(failed, power: .on, at: now.advanced(bySeconds: 30))
    #expect(late.actions.isEmpty && late.status.conditions.condition("WipeNeeded")?.reason == "WipeFailed")
  }

  @Test("In use: never clean, on when it is off, from the network until it is installed")
  func inUse() {
    let bound = plan(clean(), binding, power: .off)
    #expect(bound.status.inUse && !bound.status.isClean && bound.status.ready)
    #expect(bound.actions == [.setBoot(BootOverride(.pxe, mode: .uefi)), .power(.on)])
    #expect(plan(clean(), binding, power: .on).actions.isEmpty)
    #expect(plan(clean(), binding, power: .on).requeue == .seconds(300))
    var installed = binding
    installed.status.conditions.set("TalosInstalled", .true, now: now)
    let plan = plan(clean(), installed, power: .off)
    #expect(plan.status.conditions.isTrue("PXEBooted"))
    #expect(plan.actions == [.power(.on)])
  }

  @Test("A machine in use is never cycled or switched off, whatever its state")
  func inUseIsLeftAlone() {
    for power in [PowerState.on, .off, .unknown, nil] {
      for isClean in [true, false] {
        for phase in [WipeStatus.Phase.requested, .running, .done, .failed] {
          var current = clean()
          current.status.isClean = isClean
          current.status.wipe?.phase = phase
          let actions = plan(current, binding, power: power).actions
          #expect(!actions.contains(.power(.cycle)) && !actions.contains(.power(.off)))
        }
      }
    }
  }

  @Test("An open wipe and a binding: nothing is installed over what should have been erased")
  func allocatedBeforeWiped() {
    var current = clean()
    current.status.wipe?.phase = .requested
    let plan = plan(current, binding, power: .off)
    #expect(plan.actions.isEmpty && !plan.status.ready)
    #expect(plan.status.conditions.condition("WipeNeeded")?.reason == "AllocatedBeforeWiped")
  }

  @Test("Between two boots there is a minute, whatever they are for")
  func betweenRestarts() {
    var current = clean()
    current.status = plan(current, binding, power: .off).status
    if let record = current.status.switching { current.status.note(nil, of: record, now: now) }
    current.status.inUse = false
    current.status.wipe = WipeStatus.intent(for: current, reason: .released, mode: .fast, id: "w2", now: now)
    #expect(plan(current, at: now.advanced(bySeconds: 59)).actions.isEmpty)
    #expect(plan(current, at: now.advanced(bySeconds: 60)).actions.last == .power(.cycle))
  }

  @Test("Paused: the status is true, and nothing is done")
  func paused() {
    let paused = server { $0.metadata.annotations = ["cluster.x-k8s.io/paused": ""] }
    #expect(plan(paused).actions.isEmpty && plan(paused).status.wipe == nil)
    var binding = binding
    binding.metadata.annotations = ["cluster.x-k8s.io/paused": "true"]
    #expect(plan(clean(), binding, power: .off).actions.isEmpty && plan(clean(), binding).status.inUse)
  }

  @Test("A confirmed identity ends the quarantine")
  func confirmed() {
    var current = server { $0.status.conditions.set("Quarantined", .true, reason: "DuplicateUUID", now: now) }
    #expect(plan(current).actions.isEmpty && plan(current).status.wipe == nil)
    current.metadata.annotations = [Server.identityConfirmedAnnotation: "true"]
    #expect(plan(current).status.conditions.condition("Quarantined") == nil)
    #expect(plan(current).status.wipe != nil)
  }

  @Test("Wake-on-LAN: woken for whom it is allocated to, and in case it is off, never believed to be on")
  func wakeOnLAN() {
    var current = clean()
    current.spec.bmc = BMC(endpoint: "52:54:00:00:00:01")
    current.spec.bmc?.interface = "wol"
    #expect(plan(current, binding).actions == [.power(.on)])
    #expect(plan(current).actions.isEmpty && plan(current).status.ready)
    current.status.isClean = false
    current.status.wipe = WipeStatus.intent(for: current, reason: .released, mode: .fast, id: "w2", now: now)
    let wipe = plan(current)
    #expect(wipe.actions == [.power(.on)])
    #expect(wipe.status.conditions.condition("PowerCycle")?.reason == "ManualPowerCycleNeeded")
  }
}
