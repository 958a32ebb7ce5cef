/// A machine of Cluster API's, as far as we look at it: `cluster.x-k8s.io/v1beta1`. Never written.
public typealias Machine = Resource<MachineKind>

/// The kind `Machine`.
public enum MachineKind: ResourceKind {
  public typealias Spec = MachineSpec
  public typealias Status = MachineStatus
  public static let apiVersion = "cluster.x-k8s.io/v1beta1"
  public static let kind = "Machine"
  public static let plural = "machines"
  public static let isNamespaced = true
  public static let isReadOnly = true

  /// On a machine that runs a control plane.
  public static let controlPlaneLabel = "cluster.x-k8s.io/control-plane"
}

/// What is wanted of a machine.
public struct MachineSpec: Codable, Hashable, Sendable {
  /// The cluster that it belongs to, in the same namespace.
  public var clusterName: String?
  /// Its configuration.
  public var bootstrap: MachineBootstrap?
  /// The MetalMachine.
  public var infrastructureRef: ObjectReference?

  public init(
    clusterName: String? = nil, bootstrap: MachineBootstrap? = nil, infrastructureRef: ObjectReference? = nil
  ) {
    self.clusterName = clusterName
    self.bootstrap = bootstrap
    self.infrastructureRef = infrastructureRef
  }
}

/// Where a machine's configuration is.
public struct MachineBootstrap: Codable, Hashable, Sendable {
  /// A Secret in the machine's namespace, with the configuration as its `value`; absent until it is made.
  public var dataSecretName: String?

  public init(dataSecretName: String? = nil) { self.dataSecretName = dataSecretName }
}

/// What Cluster API observed of a machine: nothing that we look at.
public struct MachineStatus: ResourceStatus {
  public init() {}

  public var isExactInJSON: Bool { true }
}
