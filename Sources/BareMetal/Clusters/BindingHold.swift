/// Why nothing is done to an allocated machine, its binding or its Server: neither switched, nor wiped, nor released.
///
/// What is moved to another management cluster (`clusterctl move`) is paused first, made there without status, and deleted
/// here with its finalizers torn off. The machine is at work all the time: on neither side may it be touched for what its
/// objects look like meanwhile.
public enum BindingHold: Hashable, Sendable {
  /// By Cluster API's pause; what is paused, for people: `Cluster default/prod is paused`.
  case paused(String)
  /// Its MetalMachine is not here: moved away, not here yet, or torn out.
  case machineUnknown(String)

  /// `nil` where nothing holds it.
  public init?(of binding: ServerBinding, machine: MetalMachine?, cluster: Cluster?) {
    if binding.metadata.isPaused {
      self = .paused("ServerBinding \(binding.metadata.name) is paused")
      return
    }
    guard let key = binding.machineKey else { return nil }
    guard let machine else {
      self = .machineUnknown("its MetalMachine \(PlainText.line(key)) is not here")
      return
    }
    guard let reason = ClusterPause.reason(machine, cluster) else { return nil }
    self = .paused(reason)
  }

  /// As the store has it.
  public init?(of binding: ServerBinding, in store: any ResourceStore) async throws(StoreError) {
    guard let key = binding.machineKey, !binding.metadata.isPaused else {
      self.init(of: binding, machine: nil, cluster: nil)
      return
    }
    let machine = try await store.get(MetalMachineKind.self, named: key)
    var cluster: Cluster?
    if let name = machine?.clusterName(owner: nil) ?? binding.clusterName {
      cluster = try await store.get(ClusterKind.self, named: name.description)
    }
    self.init(of: binding, machine: machine, cluster: cluster)
  }

  /// For people.
  public var reason: String {
    switch self {
    case .paused(let reason), .machineUnknown(let reason): reason
    }
  }

  /// One word for programs: the reason of the condition `Paused`.
  public var conditionReason: String {
    switch self {
    case .paused: "ClusterPaused"
    case .machineUnknown: "MachineUnknown"
    }
  }
}

/// Cluster API's pause of an object: its own annotation, or its cluster's `spec.paused`.
public enum ClusterPause {
  /// What is paused, for people; `nil` when nothing is.
  public static func reason<Kind: ResourceKind>(_ object: Resource<Kind>, _ cluster: Cluster?) -> String? {
    if object.metadata.isPaused { return "\(Kind.kind) \(object.metadata.key) is paused" }
    guard let cluster, cluster.spec.paused == true || cluster.metadata.isPaused else { return nil }
    return "Cluster \(cluster.metadata.key) is paused"
  }
}
