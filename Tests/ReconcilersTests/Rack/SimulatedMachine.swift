import BareMetal
import Synchronization
import Wire

/// A machine with one disk, its firmware set to boot the network first, and what the boot plane does for it.
final class SimulatedMachine: Sendable {
  enum Disk: Hashable {
    /// Somebody's, from before.
    case foreign
    case blank
    case installed
  }

  enum Software: Hashable {
    case nothing, firmware, agent, environment, system
  }

  struct State {
    var isOn = false
    var pxeOnce = false
    var software = Software.nothing
    var disk = Disk.foreign
    /// When what it does next is due.
    var due: ContinuousClock.Instant?
    /// Switched on or cycled by its management controller.
    var restarts = 0
    var switchedOff = 0
    var erasures = 0
    var erasedFor: [String] = []
    var installations = 0
    /// The configuration it is given is broken.
    var configIsBroken = false
    var failedInstallations = 0
    var isWiping = false
    /// Of Cluster API: without its configuration on the boot host it is not installed.
    var needsBootstrapData = false
    /// Whose boot host answers it; another's after a move.
    var home: RackStore?
  }

  static let name = "4c4c4544-0051-3610-8052-b4c04f4d4631"
  static let bootTime = Duration.seconds(90)
  static let wipeTime = Duration.seconds(120)
  static let installTime = Duration.seconds(200)

  let state = Mutex(State())
  let name: String
  let clock: RackClock
  private let first: RackStore

  init(_ name: String = SimulatedMachine.name, store: RackStore, clock: RackClock) {
    self.name = name
    first = store
    self.clock = clock
  }

  var store: RackStore { now.home ?? first }

  var now: State { state.withLock { $0 } }

  func edit(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

  // MARK: What its management controller does

  func switchOn() {
    state.withLock { state in
      guard !state.isOn else { return }
      state.isOn = true
      state.restarts += 1
      state.boot(at: clock.instant)
    }
  }

  func switchOff() {
    state.withLock { state in
      guard state.isOn else { return }
      state.switchedOff += 1
      state.stop()
    }
  }

  func cycle() {
    state.withLock { state in
      state.isOn = true
      state.restarts += 1
      state.boot(at: clock.instant)
    }
  }

  /// A watchdog, or a person at the machine.
  func cycleByItself() {
    state.withLock { state in
      if state.isOn { state.boot(at: clock.instant) }
    }
  }

  // MARK: What it does by itself

  /// What is due is done.
  func step() async throws {
    guard let due = now.due, due <= clock.instant else { return }
    switch now.software {
    case .nothing, .system: edit { $0.due = nil }
    case .firmware: try await boot()
    case .agent: try await goOn()
    case .environment: try await install()
    }
  }

  private func boot() async throws {
    let server = try await store.get(ServerKind.self, named: name)
    let binding = try await store.get(ServerBindingKind.self, named: name)
    edit { $0.pxeOnce = false }
    let isForAgent =
      server.map { !$0.isTrusted || $0.status.wipe?.isOpen == true } ?? true || binding == nil
      || binding?.metadata.deletionTimestamp != nil
    if isForAgent {
      edit { $0.run(.agent, until: clock.instant + .seconds(10)) }
    } else if server?.status.conditions.isTrue(ServerCondition.pxeBooted) == true
      || binding?.isInstalled == true
    {
      edit { $0.run(.system, until: nil) }
    } else {
      edit { $0.run(.environment, until: clock.instant + Self.installTime) }
    }
  }

  /// The agent: registers, wipes if it is told to, and does what it is told at the end.
  private func goOn() async throws {
    guard now.isWiping else {
      try await register()
      let server = try await store.get(ServerKind.self, named: name)
      let isFree = try await store.get(ServerBindingKind.self, named: name) == nil
      if let server, let wipe = server.status.wipe, wipe.isOpen, server.wipeObstacle == nil, isFree {
        try await report(isFinal: false)
        edit {
          $0.isWiping = true
          $0.due = clock.instant + Self.wipeTime
        }
      } else {
        edit { $0.stop() }
      }
      return
    }
    let wipe = try await store.get(ServerKind.self, named: name)?.status.wipe
    edit {
      $0.disk = .blank
      $0.erasures += 1
      $0.erasedFor.append(wipe?.id ?? "none")
    }
    try await report(isFinal: true)
    edit { $0.stop() }
  }

  func register() async throws {
    let device = StorageDevice(
      type: "NVMe", size: 1 << 30, serialNumber: "S1", deviceName: "/dev/nvme0n1", wwid: "eui.1")
    if var known = try await store.get(ServerKind.self, named: name) {
      while !known.status.conditions.isTrue(ServerCondition.discovered) {
        known.status.conditions.set(ServerCondition.discovered, .true, now: clock.now)
        if try await store.wins(known) { return }
        guard let again = try await store.get(ServerKind.self, named: name) else { return }
        known = again
      }
    } else {
      var server = Server(
        metadata: ObjectMeta(name: name),
        spec: ServerSpec(hardware: HardwareInformation(storage: StorageInformation(devices: [device]))))
      server.spec.managementApi = ManagementAPI(endpoint: "http://machine")
      server.status.conditions.set(ServerCondition.discovered, .true, now: clock.now)
      _ = try await store.create(server)
    }
  }

  private func report(isFinal: Bool) async throws {
    while true {
      guard var server = try await store.get(ServerKind.self, named: name), let wipe = server.status.wipe else {
        return
      }
      let records = wipe.disks.map { order in
        var record = EraseRecord(disk: order.disk, result: isFinal ? .erased : .running)
        record.method = "overwrite"
        record.verification = isFinal ? "both ends are zero" : nil
        return record
      }
      let report = WipeReport(
        server: name, id: wipe.id, token: Secret("t"), records: records, isFinal: isFinal)
      _ = try server.status.take(report, now: clock.now)
      if try await store.wins(server) { return }
    }
  }

  private func install() async throws {
    let binding = try await store.get(ServerBindingKind.self, named: name)
    let copy = try await store.secret(.bootstrapData(ofServer: name))
    let isConfigured =
      !now.needsBootstrapData
      || (copy?[BootstrapData.valueKey] != nil && copy?[BootstrapData.bindingKey]?.exposedText == binding?.allocationID)
    guard !now.configIsBroken, isConfigured else {
      edit {
        $0.failedInstallations += 1
        $0.boot(at: clock.instant)
      }
      return
    }
    edit {
      $0.disk = .installed
      $0.installations += 1
    }
    try await reportInstalled()
    edit { $0.boot(at: clock.instant) }
  }

  private func reportInstalled() async throws {
    while true {
      guard var binding = try await store.get(ServerBindingKind.self, named: name) else { return }
      binding.status.conditions.set("TalosInstalled", .true, now: clock.now)
      if try await store.wins(binding) { return }
    }
  }
}

extension SimulatedMachine.State {
  fileprivate mutating func boot(at now: ContinuousClock.Instant) {
    isWiping = false
    run(.firmware, until: now + SimulatedMachine.bootTime)
  }

  fileprivate mutating func run(_ software: SimulatedMachine.Software, until due: ContinuousClock.Instant?) {
    self.software = software
    self.due = due
  }

  fileprivate mutating func stop() {
    isOn = false
    isWiping = false
    software = .nothing
    due = nil
  }
}

extension RackStore {
  /// Writes the status; whether nobody else did in between.
  func wins<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Bool {
    do throws(StoreError) {
      _ = try await updateStatus(resource)
      return true
    } catch {
      guard case .conflict = error else { throw error }
      return false
    }
  }
}
