import BMC
import BareMetal
import IPMI
import Testing

/// Everything that can be asked, of a BMC that speaks either version, over real sockets.
@Suite("Fleet: requests", .timeLimit(.minutes(2)))
struct RequestTests {
  enum Spoken: CaseIterable {
    case version20, version15
  }

  private func with(
    _ spoken: Spoken = .version20, isOn: Bool = true,
    _ body: (TestBMC, any PowerController) async throws -> Void
  ) async throws {
    let bmc = try await TestBMC.start(.test { $0.supportsVersion20 = spoken == .version20 })
    bmc.read { $0.responder.machine.isOn = isOn }
    try await withFleet { fleet in try await body(bmc, fleet.controller(of: bmc)) }
    #expect(bmc.openSessions == 0)
    await bmc.stop()
  }

  @Test("on, off, cycle, reset, soft: each is carried out once", arguments: Spoken.allCases, [true, false])
  func power(spoken: Spoken, waits: Bool) async throws {
    let cases: [(PowerAction, Bool, [ChassisControl.Action], PowerState)] = [
      (.on, false, [.powerUp], .on), (.off, true, [.powerDown], .off), (.cycle, true, [.powerCycle], .unknown),
      (.cycle, false, [.powerUp], .on), (.reset, true, [.hardReset], .unknown),
      (.soft, true, [.softShutdown], .off),
    ]
    for (action, isOn, history, state) in cases {
      try await with(spoken, isOn: isOn) { bmc, controller in
        let seen = try await controller.power(action, waits: waits)
        #expect(seen == (waits ? state : .unknown), "\(action)")
        #expect(bmc.machine.history == history, "\(action)")
      }
    }
  }

  @Test("waiting is until the machine is seen so; not waiting is not")
  func waiting() async throws {
    try await with { bmc, controller in
      bmc.read { $0.responder.machine.timing.powerOff = .milliseconds(300) }
      _ = try await controller.power(.off, waits: false)
      #expect(bmc.machine.isOn)
      let seen = try await controller.power(.off, waits: true)
      #expect(seen == .off)
      #expect(!bmc.machine.isOn)
    }
  }

  @Test("a machine that is off is not reset")
  func resetOff() async throws {
    try await with(isOn: false) { bmc, controller in
      #expect(await failure { try await controller.power(.reset) }?.kind == .refused)
      #expect(bmc.machine.history.isEmpty)
    }
  }

  @Test(
    "what is booted next is what was asked for, and can be taken back",
    arguments: [.pxe, .disk, .cd, .setup] as [BootOverride.Device], [false, true])
  func boot(device: BootOverride.Device, isPersistent: Bool) async throws {
    try await with(isOn: false) { bmc, controller in
      for mode in [PXEMode.uefi, .bios] {
        let wanted = BootOverride(device, isPersistent: isPersistent, mode: mode)
        try await controller.setBoot(wanted)
        try await expect(.boot(wanted), for: .boot, of: controller)
      }
      // Without a mode the one that was set stays.
      try await controller.setBoot(BootOverride(device, mode: .uefi))
      try await controller.setBoot(BootOverride(device, isPersistent: isPersistent))
      try await expect(.boot(BootOverride(device, isPersistent: isPersistent, mode: .uefi)), for: .boot, of: controller)
      try await controller.power(.on)
      #expect(bmc.machine.lastBootDevice != .noOverride)
      try await controller.setBoot(BootOverride(.none))
      try await expect(.boot(nil), for: .boot, of: controller)
    }
  }

  @Test("the lamp is lit and put out", arguments: Spoken.allCases)
  func identify(spoken: Spoken) async throws {
    try await with(spoken) { bmc, controller in
      try await expect(.done, for: .identify(seconds: 30), of: controller)
      #expect(bmc.machine.identify == .temporary)
      try await expect(.done, for: .identify(seconds: 0), of: controller)
      #expect(bmc.machine.identify == .off)
    }
  }

  @Test("a BMC tells what it is", arguments: Spoken.allCases)
  func information(spoken: Spoken) async throws {
    try await with(spoken) { _, controller in
      guard case .information(let told) = try await controller.perform(.information) else {
        Issue.record("another answer")
        return
      }
      #expect(told.version == "IPMI 2.0")
      #expect(told.firmware != nil)
      #expect(told.protection?.contains("1.5") == (spoken == .version15))
      #expect(told.powerRestorePolicy == "previous")
    }
  }

  @Test("sensors: all of them, in order while the machine is on, silent where it is off", arguments: Spoken.allCases)
  func sensors(spoken: Spoken) async throws {
    try await with(spoken) { bmc, controller in
      guard case .sensors(let on) = try await controller.perform(.sensors) else {
        Issue.record("another answer")
        return
      }
      #expect(on.contains { $0.kind == "fan" && $0.unit == "RPM" && $0.value ?? 0 > 1000 })
      #expect(on.contains { $0.kind == "temperature" && $0.unit == "°C" })
      #expect(on.allSatisfy { $0.health == .ok })
      bmc.read { $0.responder.machine.isOn = false }
      guard case .sensors(let off) = try await controller.perform(.sensors) else { return }
      #expect(off.map(\.name) == on.map(\.name))
      #expect(off.filter { $0.kind == "fan" }.allSatisfy { $0.value == nil && $0.health == .unknown })
    }
  }

  @Test("the event log is read, and empty but for that when it was cleared", arguments: Spoken.allCases)
  func eventLog(spoken: Spoken) async throws {
    try await with(spoken) { _, controller in
      try await controller.power(.off)
      guard case .eventLog(let log) = try await controller.perform(.eventLog) else {
        Issue.record("another answer")
        return
      }
      #expect(log.map(\.message) == ["log cleared", "mains lost", "off"])
      #expect(log.allSatisfy { $0.time != nil })
      try await expect(.done, for: .clearEventLog, of: controller)
      guard case .eventLog(let rest) = try await controller.perform(.eventLog) else { return }
      #expect(rest.map(\.message) == ["log cleared"])
    }
  }

  @Test("the inventory: chassis, board and product", arguments: Spoken.allCases)
  func inventory(spoken: Spoken) async throws {
    try await with(spoken) { _, controller in
      guard case .inventory(let items) = try await controller.perform(.inventory) else {
        Issue.record("another answer")
        return
      }
      #expect(items.map(\.part) == ["chassis", "board", "product"])
      #expect(items.allSatisfy { $0.serialNumber?.isEmpty == false })
    }
  }

  @Test("users, with what they may do", arguments: Spoken.allCases)
  func users(spoken: Spoken) async throws {
    try await with(spoken) { _, controller in
      guard case .users(let users) = try await controller.perform(.users) else {
        Issue.record("another answer")
        return
      }
      let named = users.filter { !$0.name.isEmpty }
      #expect(named.map(\.name) == ["admin", "guest"])
      #expect(named.map(\.privilege) == ["administrator", "user"])
    }
  }

  @Test("who may only look is told so")
  func privilege() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      let guest = fleet.controller(of: bmc, "guest", "guest")
      try await expect(.off, of: guest)
      #expect(await failure { try await guest.power(.on) }?.kind == .privilege)
      #expect(bmc.machine.history.isEmpty)
    }
    await bmc.stop()
  }
}

/// The answer is as expected.
private func expect(
  _ answer: BMCAnswer, for request: BMCRequest, of controller: any PowerController,
  sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  let seen = try await controller.perform(request)
  #expect(seen == answer, sourceLocation: sourceLocation)
}
