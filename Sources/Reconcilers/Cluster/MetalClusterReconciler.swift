public import BareMetal

/// Makes MetalClusters ready for Cluster API: ``MetalClusterPlan``, carried out.
public struct MetalClusterReconciler: Reconciler {
  public let name = "metalcluster"
  public let sources = [
    WatchSource(MetalClusterKind.self),
    WatchSource(ClusterKind.self) { change in
      // Of one that is gone there is nothing to do: its MetalCluster goes with it.
      guard case .present(let cluster) = change, let reference = cluster.spec.infrastructureRef,
        reference.kind == MetalClusterKind.kind, let name = reference.name, let namespace = cluster.metadata.namespace
      else { return [] }
      return ["\(namespace)/\(name)"]
    },
  ]

  private let store: any ResourceStore

  public init(store: any ResourceStore) { self.store = store }

  public func reconcile(_ name: String) async throws -> Requeue {
    guard var metalCluster = try await store.get(MetalClusterKind.self, named: name) else { return .never }
    var owner: Cluster?
    if let reference = metalCluster.metadata.owner(ClusterKind.self), let namespace = metalCluster.metadata.namespace {
      owner = try await store.get(ClusterKind.self, named: "\(namespace)/\(reference.name)")
    }
    for action in MetalClusterPlan(for: metalCluster, owner: owner).actions {
      switch action {
      case .hold:
        metalCluster.metadata.finalizers = (metalCluster.metadata.finalizers ?? []) + [MetalCluster.finalizer]
        metalCluster = try await store.update(metalCluster)
      case .letGo:
        metalCluster.metadata.finalizers?.removeAll { $0 == MetalCluster.finalizer }
        metalCluster = try await store.update(metalCluster)
      case .writeStatus(let status):
        metalCluster.status = status
        metalCluster = try await store.updateStatus(metalCluster)
      }
    }
    return .never
  }
}
