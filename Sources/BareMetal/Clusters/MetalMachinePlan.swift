public import Wire

/// What is to be done about a MetalMachine now: what it should say, and one step towards a Server, or away from it.
///
/// Pure: the same surroundings and time give the same plan. Which of these holds is looked at in this order:
///
/// | state | done |
/// |---|---|
/// | paused (its annotation, its Cluster's, or the Cluster itself) | nothing, not even its status is written |
/// | being deleted | its binding is deleted, and when that is gone, the machine let go; owner, Cluster and Secret do not matter |
/// | has a binding | what it says is brought up to date, then its Node gets the provider ID |
/// | was provisioned, and the binding is gone | a condition says so; it is never installed again by itself |
/// | has a Server of the user's choice | that is looked at, and bound if nothing stands against it |
/// | its owner, Cluster, infrastructure and configuration are there | a Server of its class is taken |
///
/// What the machine says is written before the step is taken, and only if it is still what the plan was made from: the
/// `serverRef` is there before the binding is made, so that whoever goes on after a crash makes the same one, never two.
public struct MetalMachinePlan: Hashable, Sendable {
  public enum Step: Hashable, Sendable {
    case none
    /// A Server of the class is chosen and bound.
    case allocate(serverClass: String)
    /// This Server is bound.
    case bind(server: String)
    /// The binding is deleted.
    case release(server: String)
    /// Nothing is held any more: the finalizer goes.
    case letGo
    /// The Node in the workload cluster gets its provider ID.
    case setProviderID(ProviderID, cluster: ClusterName)
  }

  /// As it should be, finalizers, spec and status.
  public var machine: MetalMachine
  public var step = Step.none
  /// When to look again if nothing changes.
  public var requeue: Duration?

  /// Sidero's: between two looks for what is not there yet.
  public static let recheck = Duration.seconds(20)
  /// Between two looks at a Node that does not come.
  public static let longestRecheck = Duration.seconds(300)

  public init(for surroundings: MetalMachineSurroundings, now: Timestamp) {
    machine = surroundings.machine
    decide(surroundings, Timestamp(seconds: now.seconds))
  }

  private mutating func decide(_ surroundings: MetalMachineSurroundings, _ now: Timestamp) {
    guard ClusterPause.reason(machine, surroundings.cluster) == nil else { return }
    guard machine.metadata.deletionTimestamp == nil else { return end(surroundings.binding) }
    if let binding = surroundings.binding { return run(binding, surroundings, now) }
    guard machine.status.initialization?.provisioned != true, !machine.status.ready else {
      let message = "its ServerBinding is gone: it is not allocated again by itself, as its Node may hold data"
      // Cluster API's health checks replace a machine that says this.
      machine.status.failureReason = "UpdateError"
      machine.status.failureMessage = message
      return wait("ServerLost", message, severity: "Error", now, after: nil)
    }
    guard let owner = surroundings.owner else {
      return wait("WaitingForMachine", "no Machine of Cluster API owns it yet", now, after: nil)
    }
    guard let cluster = surroundings.cluster else {
      return wait("WaitingForCluster", "its Cluster is not there, or nothing names it", now, after: nil)
    }
    guard cluster.hasInfrastructure else {
      return wait(
        "WaitingForInfrastructure", "Cluster \(cluster.metadata.key) has no infrastructure yet", now, after: nil)
    }
    guard owner.spec.bootstrap?.dataSecretName?.isEmpty == false else {
      return wait(
        "WaitingForBootstrapData", "Machine \(owner.metadata.key) has no configuration yet", now, after: nil)
    }
    choose(surroundings, now)
  }

  // MARK: Towards a Server

  private mutating func choose(_ surroundings: MetalMachineSurroundings, _ now: Timestamp) {
    let serverClass = machine.spec.serverClassRef?.name
    guard let server = machine.spec.serverRef?.name else {
      guard let serverClass else {
        return wait(
          "NothingToAllocate", "it has neither serverClassRef nor serverRef", severity: "Error", now, after: nil)
      }
      step = .allocate(serverClass: serverClass)
      return
    }
    if let refusal = surroundings.refusal {
      // What was chosen here may be chosen again; what the user chose stays.
      guard let serverClass, machine.spec.hasChosenServer else {
        return wait("ServerRefused", "Server \(PlainText.line(server)): \(refusal)", now, after: Self.recheck)
      }
      machine.spec.serverRef = nil
      machine.spec.providerID = nil
      step = .allocate(serverClass: serverClass)
      return
    }
    // What it gets with its Server is written with the finalizer, but for one that could then not be told from a choice of
    // ours.
    if serverClass == nil { machine.take(server: server) } else { machine.hold() }
    step = .bind(server: server)
  }

  private mutating func wait(
    _ reason: String, _ message: String, severity: String = "Info", _ now: Timestamp, after delay: Duration?
  ) {
    machine.status.ready = false
    machine.status.conditions.set(
      MetalMachineCondition.serverAllocated, .false, reason: reason, severity: severity, message: message, now: now)
    requeue = delay
  }

  // MARK: With a Server

  private mutating func run(_ binding: ServerBinding, _ surroundings: MetalMachineSurroundings, _ now: Timestamp) {
    let name = binding.metadata.name
    if let other = machine.spec.serverRef?.name, other != name, !machine.spec.hasChosenServer {
      return wait(
        "ServerRefConflict", "it has Server \(name), and serverRef names \(PlainText.line(other))", severity: "Error",
        now, after: nil)
    }
    machine.take(server: name)
    machine.status.copy(binding, surroundings.server, now)
    guard binding.metadata.deletionTimestamp == nil else {
      machine.status.conditions.set(
        MetalMachineCondition.serverAllocated, .false, reason: "ServerReleased", severity: "Error",
        message: "somebody is releasing its Server", now: now)
      return
    }
    machine.status.failureReason = nil
    machine.status.failureMessage = nil
    machine.status.ready = true
    machine.status.initialization = InfrastructureInitialization(provisioned: true)
    machine.status.conditions.set(MetalMachineCondition.serverAllocated, .true, now: now)
    guard let cluster = machine.clusterName(owner: surroundings.owner),
      !machine.status.conditions.isTrue(MetalMachineCondition.providerSet)
    else { return }
    lookForNode(ofInstalled: binding.isInstalled, server: name, in: cluster, now)
  }

  /// As soon as the machine is installed; if nobody says so, after a while all the same.
  private mutating func lookForNode(
    ofInstalled isInstalled: Bool, server: String, in cluster: ClusterName, _ now: Timestamp
  ) {
    if !isInstalled, let allocated = machine.status.conditions.condition(MetalMachineCondition.serverAllocated) {
      let age = now.since(allocated.lastTransitionTime)
      guard age >= Self.longestRecheck else {
        requeue = Self.longestRecheck - age
        return
      }
    }
    step = .setProviderID(ProviderID(server: server), cluster: cluster)
    let failing = machine.status.conditions.condition(MetalMachineCondition.providerSet)
    let age = failing.map { now.since($0.lastTransitionTime) } ?? .zero
    requeue = min(max(age / 2, Self.recheck), Self.longestRecheck)
  }

  // MARK: Away from it

  private mutating func end(_ binding: ServerBinding?) {
    guard machine.metadata.finalizers?.contains(MetalMachine.finalizer) == true else { return }
    if let binding {
      requeue = Self.recheck
      if binding.metadata.deletionTimestamp == nil { step = .release(server: binding.metadata.name) }
      return
    }
    machine.metadata.finalizers?.removeAll { $0 == MetalMachine.finalizer }
    machine.spec.serverRef = nil
    step = .letGo
  }
}

extension MetalMachineSpec {
  /// Whether `serverRef` was chosen here, from the class: whoever writes it by hand does not write the provider ID.
  public var hasChosenServer: Bool {
    guard let serverClassRef, serverClassRef.name != nil, let name = serverRef?.name else { return false }
    return providerID == ProviderID(server: name).description
  }
}

extension Resource where Kind == MetalMachineKind {
  /// Writes down which Server it has, or is about to have.
  public mutating func take(server: String) {
    if spec.serverRef?.name != server {
      spec.serverRef = ObjectReference(apiVersion: ServerKind.apiVersion, kind: ServerKind.kind, name: server)
    }
    spec.providerID = ProviderID(server: server).description
    hold()
  }

  /// Keeps it until its Server is given back.
  fileprivate mutating func hold() {
    if metadata.finalizers?.contains(Self.finalizer) != true {
      metadata.finalizers = (metadata.finalizers ?? []) + [Self.finalizer]
    }
  }

  /// The binding that makes the Server its own.
  public func binding(of server: String) -> ServerBinding {
    var labels = metadata.labels ?? [:]
    labels[ObjectMeta.moveLabel] = ""
    var binding = ServerBinding(metadata: ObjectMeta(name: server, labels: labels), spec: ServerBindingSpec())
    binding.metadata.finalizers = [ServerBinding.releaseFinalizer]
    binding.spec.serverClassRef = spec.serverClassRef
    var reference = ObjectReference(
      apiVersion: MetalMachineKind.apiVersion, kind: MetalMachineKind.kind, namespace: metadata.namespace,
      name: metadata.name)
    reference.uid = metadata.uid
    binding.spec.metalMachineRef = reference
    return binding
  }
}

extension MetalMachineSurroundings {
  /// Why the Server of `serverRef` may not be bound; `nil` when it may.
  fileprivate var refusal: String? {
    guard let server else { return "there is none" }
    if let other = otherBinding {
      return "it is in use" + (other.machineKey.map { " by MetalMachine \($0)" } ?? "")
    }
    return server.allocationRefusal
  }
}

extension MetalMachineStatus {
  /// What the binding knows of the machine; what it does not know, the Server does.
  fileprivate mutating func copy(_ binding: ServerBinding, _ server: Server?, _ now: Timestamp) {
    // In the order in which they are: another one would be a write.
    let own = [MetalMachineCondition.serverAllocated, MetalMachineCondition.providerSet]
    var told = (binding.status.conditions ?? []).filter { !own.contains($0.type) }
    var kept: [Condition] = []
    for condition in conditions ?? [] {
      if own.contains(condition.type) {
        kept.append(condition)
      } else if let index = told.firstIndex(where: { $0.type == condition.type }) {
        kept.append(told.remove(at: index))
      }
    }
    kept += told
    conditions = kept.isEmpty ? nil : kept
    var addresses: [NodeAddress] = []
    if let known = binding.spec.addresses, !known.isEmpty {
      addresses = known.map { NodeAddress(type: "InternalIP", address: $0) }
    } else {
      addresses = (server?.status.addresses ?? []).filter { $0.type != "Hostname" }
    }
    if let hostname = binding.spec.hostname ?? server?.spec.hostname, !hostname.isEmpty {
      addresses.append(NodeAddress(type: "Hostname", address: hostname))
    }
    self.addresses = addresses.isEmpty ? nil : addresses
  }
}

extension MetalMachinePlan {
  /// The step came to nothing: why, and when it is tried again.
  public mutating func refuse(_ reason: String, _ message: String, now: Timestamp) {
    machine.status.ready = false
    machine.status.conditions.set(
      MetalMachineCondition.serverAllocated, .false, reason: reason, severity: "Warning", message: message,
      now: Timestamp(seconds: now.seconds))
    requeue = Self.recheck
  }
}
