import BareMetal
import Logging
import Testing
import Wire

@testable import Reconcilers

/// Several machines, one daemon with all its reconcilers, and Cluster API's core by hand, in virtual time.
///
/// The reconcilers are woken as in the daemon: by what their sources make of what is there, after every change.
final class ClusterRack {
  static let namespace = "default"

  let clock: RackClock
  let store: RackStore
  let machines: [SimulatedMachine]
  let workload: SimulatedWorkload
  let journal = BootJournal(now: { Timestamp(seconds: 0) })
  var faults = SimulatedSwitch.Faults()
  /// Crashes by chance after any step.
  var crashProbability = 0.0
  private(set) var crashes = 0
  private(set) var daemon: Daemon
  private var random: SeededGenerator
  private var seen = -1
  private var names = 0

  /// What is gone after a crash.
  struct Daemon {
    let fuse: Fuse
    let store: DaemonStore
    let power: Switchboard
    let reconcilers: [any Reconciler]
    let known: [[KnownNames]]
    var queues: [WorkQueue]
  }

  /// - Parameters:
  ///   - machines: shared with another rack where they are moved from one to the other.
  ///   - crashAfter: the first daemon's last step.
  init(_ count: Int, seed: UInt64 = 0, crashAfter: Int? = nil, machines others: ClusterRack? = nil) {
    clock = others?.clock ?? RackClock()
    store = RackStore(clock: clock)
    let (store, clock) = (store, clock)
    machines =
      others?.machines
      ?? (1...count).map {
        SimulatedMachine("4c4c4544-0051-3610-8052-\(100_000_000_000 + $0)", store: store, clock: clock)
      }
    workload = others?.workload ?? SimulatedWorkload(machines)
    random = SeededGenerator(seed: seed)
    daemon = Self.daemon(Fuse(limit: crashAfter), store, machines, workload, journal, clock, faults, random.next())
  }

  private static func daemon(
    _ fuse: Fuse, _ rack: RackStore, _ machines: [SimulatedMachine], _ workload: SimulatedWorkload,
    _ journal: BootJournal, _ clock: RackClock, _ faults: SimulatedSwitch.Faults, _ seed: UInt64
  ) -> Daemon {
    let store = DaemonStore(store: rack, fuse: fuse)
    let power = Switchboard(machines, store: store, faults: faults, seed: seed)
    let now: @Sendable () -> Timestamp = { clock.now }
    let reconcilers: [any Reconciler] = [
      ServerReconciler(
        store: store, secrets: store, servers: power, journal: journal, configuration: ServerPlan.Configuration(),
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), now: now),
      ServerBindingReconciler(store: store, secrets: store, journal: journal, wipeMode: .fast, now: now),
      MetalClusterReconciler(store: store),
      MetalMachineReconciler(
        store: store, classes: ListingClassView(store: store), workload: FusedWorkload(workload, fuse),
        journal: journal,
        now: now),
      BootstrapDataReconciler(store: store, remote: store, local: store),
    ]
    return Daemon(
      fuse: fuse, store: store, power: power, reconcilers: reconcilers,
      known: reconcilers.map { $0.sources.map { _ in KnownNames() } }, queues: reconcilers.map { _ in WorkQueue() })
  }

  /// Throws the daemon away and starts another.
  func restart() {
    crashes += 1
    daemon = Self.daemon(Fuse(), store, machines, workload, journal, clock, faults, random.next())
    seen = -1
  }

  /// What was done to machines by this daemon, questions left out.
  var switched: [String] { daemon.power.requests.filter { !$0.hasSuffix("ask") } }

  // MARK: Time

  /// Lets the world go on until that holds.
  func run(_ what: Comment, hours: Int = 24, until done: () async throws -> Bool) async throws {
    let end = clock.instant + .seconds(hours * 3600)
    while try await !done() {
      guard clock.instant < end else {
        Issue.record("not within \(hours) hours: \(what)")
        throw StoreError.unavailable(message: "gave up")
      }
      try await step(until: end)
    }
  }

  /// Lets so much time pass, also for another rack's daemon.
  func run(for duration: Duration, with other: ClusterRack? = nil) async throws {
    let end = clock.instant + duration
    while clock.instant < end {
      if try await work() { continue }
      if let other, try await other.work() { continue }
      let next = (dues + (other?.dues ?? [])).min() ?? end
      clock.advance(to: min(max(next, clock.instant + .seconds(1)), end))
      for machine in machines { try await machine.step() }
    }
  }

  private func step(until end: ContinuousClock.Instant) async throws {
    if try await work() { return }
    let next = dues.min() ?? clock.instant + .seconds(600)
    clock.advance(to: max(next, clock.instant + .seconds(1)))
    for machine in machines { try await machine.step() }
  }

  private var dues: [ContinuousClock.Instant] {
    var dues = machines.compactMap { $0.now.due }
    for index in daemon.queues.indices {
      if case .wait(let until) = daemon.queues[index].next(now: clock.instant) { dues.append(until) }
    }
    return dues
  }

  /// - Returns: whether there was any.
  func work() async throws -> Bool {
    if store.version != seen {
      seen = store.version
      for index in daemon.queues.indices {
        for (source, known) in zip(daemon.reconcilers[index].sources, daemon.known[index]) {
          for key in try await source.list(store, known).keys { daemon.queues[index].add(key) }
        }
      }
    }
    for index in daemon.queues.indices {
      guard case .work(let key) = daemon.queues[index].next(now: clock.instant) else { continue }
      if Double.random(in: 0..<1, using: &random) < crashProbability {
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
      try await actAsCore()
      return true
    }
    return false
  }

  // MARK: What is there

  func get<Kind: ResourceKind>(_ kind: Kind.Type, _ key: String) async throws -> Resource<Kind>? {
    try await store.get(kind, named: key)
  }

  func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws -> [Resource<Kind>] {
    try await store.list(kind).items
  }

  func metalMachine(_ name: String) async throws -> MetalMachine {
    try #require(try await get(MetalMachineKind.self, "\(Self.namespace)/\(name)"))
  }

  func condition(_ name: String, _ type: String = MetalMachineCondition.serverAllocated) async throws -> Condition? {
    try await metalMachine(name).status.conditions.condition(type)
  }

  func machine(_ name: String) -> SimulatedMachine? { machines.first { $0.name == name } }

  /// Whether it has a Server that is at work, and its Node has its provider ID.
  func isAtWork(_ name: String) async throws -> Bool {
    guard let found = try await get(MetalMachineKind.self, "\(Self.namespace)/\(name)"), found.status.ready,
      let server = found.spec.serverRef?.name, let machine = machine(server)
    else { return false }
    return machine.now.software == .system
      && found.status.conditions.isTrue(MetalMachineCondition.providerSet)
      && workload.providerID(server) == "sidero://\(server)"
  }

  /// How many Servers are free, clean and off.
  func freeCount() async throws -> Int {
    var count = 0
    for machine in machines {
      let server = try await get(ServerKind.self, machine.name)
      let binding = try await get(ServerBindingKind.self, machine.name)
      if let server, server.status.isClean, server.status.ready, !server.status.inUse, binding == nil, !machine.now.isOn
      {
        count += 1
      }
    }
    return count
  }

  // MARK: What people do

  /// Any object by compare and swap.
  func edit<Kind: ResourceKind>(
    _ kind: Kind.Type, _ key: String, status: Bool = false, _ body: (inout Resource<Kind>) -> Void
  ) async throws {
    for _ in 0..<100 {
      guard var object = try await store.get(kind, named: key) else { return }
      body(&object)
      do throws(StoreError) {
        _ = status ? try await store.updateStatus(object) : try await store.update(object)
        return
      } catch {
        guard case .conflict = error else { throw error }
      }
    }
  }

  /// All machines discovered, accepted and wiped; a class of all of them.
  func prepare() async throws {
    _ = try await store.create(ServerClass(metadata: ObjectMeta(name: "any"), spec: ServerClassSpec()))
    for machine in machines {
      machine.edit { $0.needsBootstrapData = true }
      try await machine.register()
      try await edit(ServerKind.self, machine.name) { $0.spec.accepted = true }
    }
    try await run("all wiped") { try await freeCount() == machines.count }
  }

  // MARK: Cluster API's core

  /// A cluster and its infrastructure.
  func makeCluster(_ name: String = "prod") async throws {
    var cluster = Cluster(metadata: ObjectMeta(name: name), spec: ClusterSpec())
    cluster.metadata.namespace = Self.namespace
    cluster.spec.infrastructureRef = ObjectReference(
      apiVersion: MetalClusterKind.apiVersion, kind: MetalClusterKind.kind, namespace: Self.namespace, name: name)
    cluster = try await store.create(cluster)
    var metalCluster = MetalCluster(
      metadata: ObjectMeta(name: name, labels: [ClusterKind.nameLabel: name]),
      spec: MetalClusterSpec(controlPlaneEndpoint: ControlPlaneEndpoint(host: "10.0.0.9", port: 6443)))
    metalCluster.metadata.namespace = Self.namespace
    metalCluster.metadata.ownerReferences = [Self.owner(cluster)]
    _ = try await store.create(metalCluster)
  }

  /// A Machine, its configuration and its MetalMachine.
  /// - Returns: the name of the three.
  @discardableResult
  func makeMachine(
    _ name: String? = nil, of cluster: String = "prod", isControlPlane: Bool = false, hasData: Bool = true,
    _ spec: MetalMachineSpec = MetalMachineSpec(serverClassRef: ObjectReference(name: "any"))
  ) async throws -> String {
    names += 1
    let name = name ?? "m\(names)"
    var machine = Machine(
      metadata: ObjectMeta(name: name, labels: [ClusterKind.nameLabel: cluster]), spec: MachineSpec())
    if isControlPlane { machine.metadata.labels?[MachineKind.controlPlaneLabel] = "" }
    machine.metadata.namespace = Self.namespace
    machine.metadata.finalizers = ["machine.cluster.x-k8s.io"]
    machine.spec.clusterName = cluster
    if hasData { machine.spec.bootstrap = MachineBootstrap(dataSecretName: "\(name)-data") }
    machine.spec.infrastructureRef = ObjectReference(
      apiVersion: MetalMachineKind.apiVersion, kind: MetalMachineKind.kind, namespace: Self.namespace, name: name)
    machine = try await store.create(machine)
    try await store.setSecret(
      SecretName(namespace: Self.namespace, name: "\(name)-data"), to: ["value": Secret("machine: \(name)")])
    var metalMachine = MetalMachine(metadata: machine.metadata, spec: spec)
    metalMachine.metadata.finalizers = nil
    metalMachine.metadata.resourceVersion = nil
    metalMachine.metadata.ownerReferences = [Self.owner(machine)]
    _ = try await store.create(metalMachine)
    return name
  }

  /// Deletes a Machine as Cluster API does: its MetalMachine first.
  func deleteMachine(_ name: String) async throws {
    _ = try await store.delete(MachineKind.self, named: "\(Self.namespace)/\(name)")
    try await actAsCore()
  }

  /// What Cluster API's own controllers do meanwhile.
  private func actAsCore() async throws {
    for cluster in try await list(ClusterKind.self) where cluster.status.infrastructureReady != true {
      let ready = try await get(MetalClusterKind.self, cluster.metadata.key)?.status.ready == true
      if ready {
        try await edit(ClusterKind.self, cluster.metadata.key, status: true) { $0.status.infrastructureReady = true }
      }
    }
    for machine in try await list(MachineKind.self) where machine.metadata.deletionTimestamp != nil {
      let key = machine.metadata.key
      guard let metalMachine = try await get(MetalMachineKind.self, key) else {
        try await store.setSecret(
          SecretName(namespace: Self.namespace, name: "\(machine.metadata.name)-data"), to: nil)
        try await edit(MachineKind.self, key) { $0.metadata.finalizers = nil }
        continue
      }
      if metalMachine.metadata.deletionTimestamp == nil {
        _ = try await store.delete(MetalMachineKind.self, named: key)
      }
    }
  }

  static func owner<Kind: ResourceKind>(_ object: Resource<Kind>) -> OwnerReference {
    OwnerReference(
      apiVersion: Kind.apiVersion, kind: Kind.kind, name: object.metadata.name, uid: object.metadata.uid ?? "")
  }
}
