/// What decides about a MetalMachine, as the store has it.
public struct MetalMachineSurroundings: Hashable, Sendable {
  public var machine: MetalMachine
  /// The Machine that owns it.
  public var owner: Machine?
  public var cluster: Cluster?
  /// The ServerBinding that is this machine's, whether or not `serverRef` still says so.
  public var binding: ServerBinding?
  /// The Server: of the binding, else of `serverRef`.
  public var server: Server?
  /// Whose the Server of `serverRef` is, where it is not this machine's.
  public var otherBinding: ServerBinding?

  public init(machine: MetalMachine, owner: Machine? = nil, cluster: Cluster? = nil) {
    self.machine = machine
    self.owner = owner
    self.cluster = cluster
  }

  /// - Parameter bound: the Server whose binding was last seen to be this machine's, for where `serverRef` was lost.
  public init(of machine: MetalMachine, bound: String?, in store: any ResourceStore) async throws(StoreError) {
    self.machine = machine
    let metadata = machine.metadata
    let namespace = metadata.namespace ?? ManifestReader.defaultNamespace
    if let reference = metadata.owner(MachineKind.self) {
      owner = try await store.get(MachineKind.self, named: "\(namespace)/\(reference.name)")
    }
    if let name = machine.clusterName(owner: owner) {
      cluster = try await store.get(ClusterKind.self, named: name.description)
    }
    let named = machine.spec.serverRef?.name
    for name in [named, bound == named ? nil : bound].compactMap(\.self) where binding == nil {
      let found = try await store.get(ServerBindingKind.self, named: name)
      if found?.machineKey == metadata.key { binding = found } else if name == named { otherBinding = found }
    }
    if let name = binding?.metadata.name ?? named {
      server = try await store.get(ServerKind.self, named: name)
    }
  }
}
