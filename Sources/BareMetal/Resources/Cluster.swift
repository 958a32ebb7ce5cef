/// A cluster of Cluster API's, as far as we look at it: `cluster.x-k8s.io/v1beta1`. Never written.
public typealias Cluster = Resource<ClusterKind>

/// The kind `Cluster`.
public enum ClusterKind: ResourceKind {
  public typealias Spec = ClusterSpec
  public typealias Status = ClusterStatus
  public static let apiVersion = "cluster.x-k8s.io/v1beta1"
  public static let kind = "Cluster"
  public static let plural = "clusters"
  public static let isNamespaced = true
  public static let isReadOnly = true

  /// On everything that belongs to a cluster: its name, in the same namespace.
  public static let nameLabel = "cluster.x-k8s.io/cluster-name"
}

/// What is wanted of a cluster.
public struct ClusterSpec: Codable, Hashable, Sendable {
  /// Nothing of the cluster is to be touched: its objects are being moved to another management cluster, or a person
  /// works on it.
  public var paused: Bool?
  /// The MetalCluster.
  public var infrastructureRef: ObjectReference?

  public init(paused: Bool? = nil, infrastructureRef: ObjectReference? = nil) {
    self.paused = paused
    self.infrastructureRef = infrastructureRef
  }
}

/// What Cluster API observed of a cluster.
public struct ClusterStatus: ResourceStatus {
  /// Its infrastructure is ready: machines may be made.
  public var infrastructureReady: Bool?
  /// The same in later versions' words.
  public var initialization: ClusterInitialization?

  public init() {}

  public init(infrastructureReady: Bool) { self.infrastructureReady = infrastructureReady }
}

/// How far a cluster has come.
public struct ClusterInitialization: Codable, Hashable, Sendable {
  /// Its infrastructure was ready once.
  public var infrastructureProvisioned: Bool?

  public init(infrastructureProvisioned: Bool? = nil) { self.infrastructureProvisioned = infrastructureProvisioned }
}

extension Resource where Kind == ClusterKind {
  /// Whether machines may be made.
  public var hasInfrastructure: Bool {
    status.infrastructureReady == true || status.initialization?.infrastructureProvisioned == true
  }
}
