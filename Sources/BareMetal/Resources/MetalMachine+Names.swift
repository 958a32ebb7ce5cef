extension Resource where Kind == MetalMachineKind {
  /// Keeps a MetalMachine until its Server is released; Sidero's.
  public static var finalizer: String { "metalmachine.infrastructure.cluster.x-k8s.io" }
}

extension Resource where Kind == MetalClusterKind {
  /// Keeps a MetalCluster until its deletion was seen; Sidero's.
  public static var finalizer: String { "metalcluster.infrastructure.cluster.x-k8s.io" }
}

/// The types of the conditions on a MetalMachine that are not copies of its ServerBinding's.
public enum MetalMachineCondition {
  /// Sidero's: its Node in the workload cluster has its provider ID.
  public static let providerSet = "ProviderSet"
  /// A Server plays it; if not, why not yet: an addition of Siderite's.
  public static let serverAllocated = "ServerAllocated"
}

extension ObjectMeta {
  /// `clusterctl move` takes an object with this label along, whoever owns it.
  public static let moveLabel = "clusterctl.cluster.x-k8s.io/move"

  /// The owner of that kind in that API group, in whatever version.
  public func owner<Kind: ResourceKind>(_ kind: Kind.Type) -> OwnerReference? {
    let group = Kind.apiVersion.prefix { $0 != "/" }
    return ownerReferences?.first { $0.kind == Kind.kind && $0.apiVersion.prefix { $0 != "/" } == group }
  }
}
