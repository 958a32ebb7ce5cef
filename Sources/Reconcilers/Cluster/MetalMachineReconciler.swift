public import BareMetal
import Synchronization
public import Wire

/// Finds Servers for MetalMachines, tells Cluster API about them, and gives them back: ``MetalMachinePlan``, carried out.
public struct MetalMachineReconciler: Reconciler {
  public let name = "metalmachine"
  public let sources: [WatchSource]

  private let store: any ResourceStore
  private let classes: any ServerClassView
  private let workload: (any WorkloadClusters)?
  private let journal: any BootEventSink
  private let events: any EventRecorder
  private let now: @Sendable () -> Timestamp
  private let bindings: MachineBindings
  private let reserved = Reservations()

  /// - Parameters:
  ///   - classes: who is in which class.
  ///   - workload: where Nodes get their provider IDs; `nil`: nobody sets them.
  ///   - events: is told what becomes of MetalMachines; the journal of what becomes of Servers.
  ///   - now: the wall clock.
  public init(
    store: any ResourceStore, classes: any ServerClassView, workload: (any WorkloadClusters)?,
    journal: any BootEventSink, events: any EventRecorder = NoEventRecorder(), now: @escaping @Sendable () -> Timestamp
  ) {
    let (bindings, machines) = (MachineBindings(), ClusterMachines())
    sources = bindings.sources + machines.sources
    self.bindings = bindings
    self.store = store
    self.classes = classes
    self.workload = workload
    self.journal = journal
    self.events = events
    self.now = now
  }

  public func reconcile(_ name: String) async throws -> Requeue {
    guard let machine = try await store.get(MetalMachineKind.self, named: name) else { return .never }
    let bound = try await bindings.server(of: name, in: store)
    var surroundings = try await MetalMachineSurroundings(of: machine, bound: bound, in: store)
    var plan = MetalMachinePlan(for: surroundings, now: now())
    try await writeSpec(&plan, over: machine)
    switch plan.step {
    case .none, .letGo: break
    case .release(let server): try await release(server, surroundings)
    case .bind(let server):
      if let binding = try await bind(server, &plan) { try await take(binding, &plan, &surroundings) }
    case .allocate(let serverClass):
      if let binding = try await allocate(serverClass, &plan) { try await take(binding, &plan, &surroundings) }
    case .setProviderID(let id, let cluster): try await setProviderID(id, cluster, &plan)
    }
    if plan.step != .letGo { try await writeStatus(plan.machine, over: surroundings.machine) }
    return plan.requeue.map { .after($0) } ?? .never
  }

  // MARK: Writing

  /// What the machine says is there before anything is done about it.
  private func writeSpec(_ plan: inout MetalMachinePlan, over old: MetalMachine) async throws(StoreError) {
    let planned = plan.machine
    guard planned.spec != old.spec || planned.metadata != old.metadata else { return }
    plan.machine = try await store.update(planned)
    plan.machine.status = planned.status
  }

  private func writeStatus(_ machine: MetalMachine, over old: MetalMachine) async throws(StoreError) {
    guard machine.status != old.status else { return }
    let stored = try await store.updateStatus(machine)
    for type in [MetalMachineCondition.serverAllocated, MetalMachineCondition.providerSet] {
      guard let condition = stored.status.conditions.condition(type), condition.status == .false,
        condition.severity != "Info", condition.message != old.status.conditions.condition(type)?.message
      else { continue }
      events.record(
        ObjectEvent(
          .warning, reason: ObjectEvent.Reason.serverAllocation,
          message: "\(condition.reason ?? type): \(condition.message ?? "")",
          component: ObjectEvent.Component.provider, of: stored))
    }
  }

  /// A binding was made: what the machine says with it.
  private func take(
    _ binding: ServerBinding, _ plan: inout MetalMachinePlan, _ surroundings: inout MetalMachineSurroundings
  ) async throws(StoreError) {
    let before = surroundings.machine.status
    bindings.note(binding)
    surroundings.binding = binding
    surroundings.server = try await store.get(ServerKind.self, named: binding.metadata.name)
    surroundings.machine = plan.machine
    plan = MetalMachinePlan(for: surroundings, now: now())
    surroundings.machine.status = before
  }

  // MARK: Towards a Server

  /// - Returns: the binding; `nil` where the Server is somebody else's.
  private func bind(_ server: String, _ plan: inout MetalMachinePlan) async throws(StoreError) -> ServerBinding? {
    let machine = plan.machine
    do throws(StoreError) {
      let binding = try await store.create(machine.binding(of: server))
      let (key, serverClass) = (machine.metadata.key, machine.spec.serverClassRef?.name)
      let how = serverClass.map { "ServerClass \(PlainText.line($0))" } ?? "serverRef"
      // Of the Server, as Sidero's: the machine has a condition, and names it.
      journal.report(
        .lifecycle(
          reason: serverClass == nil ? ObjectEvent.Reason.serverAssignment : ObjectEvent.Reason.serverAllocation,
          message: "allocated via \(how) for MetalMachine \(key)", isWarning: false),
        of: BootSubject(uuid: SystemUUID(server)))
      return binding
    } catch .alreadyExists {
      let found = try await store.get(ServerBindingKind.self, named: server)
      if let found, found.machineKey == machine.metadata.key { return found }
      plan.refuse("ServerRefused", "Server \(server): it is in use", now: now())
      return nil
    }
  }

  /// Takes the first Server of the class that can be had, in the order that spreads them.
  ///
  /// Written down first, each: nobody can make a second binding for this machine meanwhile.
  private func allocate(
    _ serverClass: String, _ plan: inout MetalMachinePlan
  ) async throws(StoreError) -> ServerBinding? {
    guard let members = try await classes.members(ofClass: serverClass) else {
      plan.refuse("NoServerClass", "there is no ServerClass \(PlainText.line(serverClass))", now: now())
      return nil
    }
    var reasons: [String: Int] = members.inUse.isEmpty ? [:] : ["it is in use": members.inUse.count]
    for name in ServerAllocator.order(available: members.available, inUse: members.inUse) {
      guard reserved.insert(name) else {
        reasons["it is being allocated", default: 0] += 1
        continue
      }
      defer { reserved.remove(name) }
      if let reason = try await refusal(name) {
        reasons[reason, default: 0] += 1
        continue
      }
      let status = plan.machine.status
      plan.machine.take(server: name)
      plan.machine = try await store.update(plan.machine)
      plan.machine.status = status
      if let binding = try await bind(name, &plan) { return binding }
      reasons["it is in use", default: 0] += 1
    }
    if plan.machine.spec.hasChosenServer {
      let status = plan.machine.status
      plan.machine.spec.serverRef = nil
      plan.machine.spec.providerID = nil
      plan.machine = try await store.update(plan.machine)
      plan.machine.status = status
    }
    let error = AllocationError.tooFew(serverClass: serverClass, wanted: 1, found: 0, reasons: reasons)
    plan.refuse("NoServerAvailable", error.description, now: now())
    return nil
  }

  /// What the view says may be a moment old; what the store says counts.
  private func refusal(_ name: String) async throws(StoreError) -> String? {
    guard let server = try await store.get(ServerKind.self, named: name) else { return "it is gone" }
    if let reason = server.allocationRefusal { return reason }
    return try await store.get(ServerBindingKind.self, named: name) == nil ? nil : "it is in use"
  }

  // MARK: Away from it

  private func release(_ server: String, _ surroundings: MetalMachineSurroundings) async throws(StoreError) {
    do throws(StoreError) {
      // That binding and no other: somebody may have it by now.
      _ = try await store.delete(
        ServerBindingKind.self, named: server, version: surroundings.binding?.metadata.resourceVersion)
    } catch .notFound {}
  }

  // MARK: The Node

  private func setProviderID(
    _ id: ProviderID, _ cluster: ClusterName, _ plan: inout MetalMachinePlan
  ) async throws(StoreError) {
    guard let workload else {
      plan.requeue = nil
      return
    }
    let time = Timestamp(seconds: now().seconds)
    do throws(WorkloadClusterError) {
      try await Self.set(id, workload, cluster)
      plan.machine.status.conditions.set(MetalMachineCondition.providerSet, .true, now: time)
      plan.requeue = nil
    } catch {
      // A Node takes its time to join: only one that takes long is worth a warning.
      let before = plan.machine.status.conditions.condition(MetalMachineCondition.providerSet)
      let age = before.map { time.since($0.lastTransitionTime) } ?? .zero
      let isWaiting = error.isNotYet && age < MetalMachinePlan.longestRecheck
      plan.machine.status.conditions.set(
        MetalMachineCondition.providerSet, .false, reason: isWaiting ? "WaitingForNode" : "ProviderUpdateFailed",
        severity: isWaiting ? "Info" : "Warning", message: error.description, now: time)
    }
  }

  private static func set(
    _ id: ProviderID, _ workload: any WorkloadClusters, _ cluster: ClusterName
  ) async throws(WorkloadClusterError) {
    guard let node = try await workload.node(ofServer: id.server, in: cluster) else {
      throw WorkloadClusterError(
        "Cluster \(cluster) has no Node with label \(WorkloadNode.serverLabel)=\(id.server) yet", isNotYet: true)
    }
    switch node.providerID {
    case id.description: break
    case nil, "": try await workload.setProviderID(id, ofNode: node.name, in: cluster)
    case let other?:
      throw WorkloadClusterError(
        "Node \(node.name) has the provider ID \(PlainText.line(other)), which cannot be changed")
    }
  }
}

/// Servers that are being tried: ten hands that scale a set up would all reach for the same one, and nine make two writes for
/// nothing.
private final class Reservations: Sendable {
  private let names = Mutex<Set<String>>([])

  func insert(_ name: String) -> Bool { names.withLock { $0.insert(name).inserted } }
  func remove(_ name: String) { names.withLock { _ = $0.remove(name) } }
}
