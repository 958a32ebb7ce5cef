/// What is to be done about a MetalCluster now.
///
/// Pure: nothing is provided for a cluster as such, so it is ready as soon as it belongs to a Cluster, and its deletion holds
/// nobody up.
public struct MetalClusterPlan: Hashable, Sendable {
  public enum Action: Hashable, Sendable {
    /// Adds the finalizer.
    case hold
    /// Takes the finalizer off.
    case letGo
    case writeStatus(MetalClusterStatus)
  }

  /// In this order.
  public var actions: [Action] = []

  /// - Parameter owner: the Cluster that owns it, where it is there.
  public init(for metalCluster: MetalCluster, owner: Cluster?) {
    guard ClusterPause.reason(metalCluster, owner) == nil, !metalCluster.isManagedElsewhere else { return }
    let isHeld = metalCluster.metadata.finalizers?.contains(MetalCluster.finalizer) == true
    guard metalCluster.metadata.deletionTimestamp == nil else {
      if isHeld { actions = [.letGo] }
      return
    }
    guard owner != nil else { return }
    if !isHeld { actions.append(.hold) }
    var status = metalCluster.status
    status.ready = true
    status.initialization = InfrastructureInitialization(provisioned: true)
    if status != metalCluster.status { actions.append(.writeStatus(status)) }
  }
}

extension Resource where Kind == MetalClusterKind {
  /// Whether another program says when it is ready (Cluster API, "externally managed infrastructure").
  fileprivate var isManagedElsewhere: Bool { metadata.annotations?["cluster.x-k8s.io/managed-by"] != nil }
}
