import BareMetal
import Logging
import Reconcilers
import Testing
import Wire

/// One machine, one daemon that can crash and come back, in virtual time.
final class SimulatedRack {
  let clock: RackClock
  let store: RackStore
  let machine: SimulatedMachine
  let journal = BootJournal(now: { Timestamp(seconds: 0) })
  var faults = SimulatedSwitch.Faults()
  var configuration = ServerPlan.Configuration()
  /// Crashes by chance after any step.
  var crashProbability = 0.0
  private(set) var crashes = 0
  private(set) var daemon: Daemon
  private var random: SeededGenerator
  private var seen = -1

  /// What is gone after a crash.
  struct Daemon {
    let fuse: Fuse
    let power: SimulatedSwitch
    let reconcilers: [any Reconciler]
    var queues: [WorkQueue]
  }

  /// - Parameter crashAfter: the first daemon's last step.
  init(seed: UInt64 = 0, crashAfter: Int? = nil) {
    clock = RackClock()
    store = RackStore(clock: clock)
    machine = SimulatedMachine(store: store, clock: clock)
    random = SeededGenerator(seed: seed)
    daemon = Self.daemon(
      Fuse(limit: crashAfter), store, machine, journal, clock, configuration, faults, random.next())
  }

  private static func daemon(
    _ fuse: Fuse, _ store: RackStore, _ machine: SimulatedMachine, _ journal: BootJournal, _ clock: RackClock,
    _ configuration: ServerPlan.Configuration, _ faults: SimulatedSwitch.Faults, _ seed: UInt64
  ) -> Daemon {
    let seen = DaemonStore(store: store, fuse: fuse)
    let power = SimulatedSwitch(machine, store: seen, faults: faults, seed: seed)
    let now: @Sendable () -> Timestamp = { clock.now }
    return Daemon(
      fuse: fuse, power: power,
      reconcilers: [
        ServerReconciler(
          store: seen, secrets: seen, servers: power, journal: journal, configuration: configuration,
          logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), now: now),
        ServerBindingReconciler(store: seen, secrets: seen, journal: journal, wipeMode: .fast, now: now),
      ], queues: [WorkQueue(), WorkQueue()])
  }

  /// Throws the daemon away and starts another.
  func restart() {
    crashes += 1
    daemon = Self.daemon(Fuse(), store, machine, journal, clock, configuration, faults, random.next())
    seen = -1
  }

  /// Lets the world go on until that holds.
  func run(
    _ what: Comment, hours: Int = 24, until done: () async throws -> Bool
  ) async throws {
    let end = clock.instant + .seconds(hours * 3600)
    while try await !done() {
      guard clock.instant < end else {
        Issue.record("not within \(hours) hours: \(what); \(try await description())")
        throw StoreError.unavailable(message: "gave up")
      }
      try await step()
    }
  }

  /// Lets so much time pass.
  func run(for duration: Duration) async throws {
    let end = clock.instant + duration
    while clock.instant < end {
      if try await !work() {
        let next = min(dues.min() ?? end, end)
        clock.advance(to: next)
        try await machine.step()
      }
    }
  }

  private func step() async throws {
    if try await work() { return }
    clock.advance(to: dues.min() ?? clock.instant + .seconds(600))
    try await machine.step()
  }

  private var dues: [ContinuousClock.Instant] {
    var dues: [ContinuousClock.Instant] = []
    for index in daemon.queues.indices {
      if case .wait(let until) = daemon.queues[index].next(now: clock.instant) { dues.append(until) }
    }
    if let due = machine.now.due { dues.append(due) }
    return dues
  }

  /// - Returns: whether there was any.
  private func work() async throws -> Bool {
    if store.version != seen {
      seen = store.version
      for index in daemon.queues.indices { daemon.queues[index].add(SimulatedMachine.name) }
    }
    for index in daemon.queues.indices {
      guard case .work(let key) = daemon.queues[index].next(now: clock.instant) else { continue }
      if Double.random(in: 0..<1, using: &random) < crashProbability {
        // Somewhere within what it is about to do.
        daemon.fuse.limit(to: daemon.fuse.steps + Int.random(in: 1...4, using: &random))
      }
      var outcome: WorkQueue.Outcome
      do {
        switch try await daemon.reconcilers[index].reconcile(key) {
        case .never: outcome = .done
        case .after(let delay): outcome = .again(after: delay)
        }
      } catch {
        outcome = .failed
      }
      if daemon.fuse.isBlown {
        restart()
      } else {
        daemon.queues[index].finish(key, outcome, now: clock.instant, using: &random)
      }
      return true
    }
    return false
  }

  // MARK: What people do and see

  func server() async throws -> Server {
    try #require(try await store.get(ServerKind.self, named: SimulatedMachine.name))
  }
  func binding() async throws -> ServerBinding? {
    try await store.get(ServerBindingKind.self, named: SimulatedMachine.name)
  }

  func edit(_ body: (inout Server) -> Void) async throws {
    for _ in 0..<100 {
      var server = try await server()
      body(&server)
      do throws(StoreError) {
        _ = try await store.update(server)
        return
      } catch {
        guard case .conflict = error else { throw error }
      }
    }
  }

  func accept(_ accepted: Bool = true) async throws { try await edit { $0.spec.accepted = accepted } }

  func allocate() async throws {
    var binding = ServerBinding(metadata: ObjectMeta(name: SimulatedMachine.name), spec: ServerBindingSpec())
    binding.spec.configRef = SecretKeyRef(
      namespace: "sidero-system", name: SecretName.machineConfig(ofServer: SimulatedMachine.name).name, key: "value")
    try await store.setSecret(.machineConfig(ofServer: SimulatedMachine.name), to: ["value": Secret("config")])
    _ = try await store.create(binding)
  }

  func release() async throws { try await store.delete(ServerBindingKind.self, named: SimulatedMachine.name) }

  /// Clean, ready, off, and nobody's.
  func isFreeAndClean() async throws -> Bool {
    let server = try await server()
    return try await binding() == nil && server.status.isClean && server.status.ready && !server.status.inUse
      && !machine.now.isOn
  }

  /// At work from its disk, and the Server says so.
  func isAtWork() async throws -> Bool {
    try await server().status.conditions.isTrue(ServerCondition.pxeBooted) && machine.now.software == .system
  }

  func description() async throws -> String {
    "\(try await server().status), \(machine.now), binding \(String(describing: try await binding()?.metadata))"
  }
}
