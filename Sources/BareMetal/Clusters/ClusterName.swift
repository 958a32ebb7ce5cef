/// Which cluster of Cluster API's.
public struct ClusterName: Codable, Hashable, Sendable, CustomStringConvertible {
  public var namespace: String
  public var name: String

  public init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }

  /// What its object is found by: `namespace/name`.
  public var description: String { "\(namespace)/\(name)" }

  /// Of the kubeconfig that Cluster API keeps for it, key ``kubeconfigKey``.
  public var kubeconfig: SecretName { SecretName(namespace: namespace, name: "\(name)-kubeconfig") }

  public static let kubeconfigKey = "value"
}

extension Resource where Kind == MetalMachineKind {
  /// By its label, else by what its Machine says.
  public func clusterName(owner: Machine?) -> ClusterName? {
    guard let namespace = metadata.namespace else { return nil }
    let name = metadata.labels?[ClusterKind.nameLabel] ?? owner?.spec.clusterName
    return name.map { ClusterName(namespace: namespace, name: $0) }
  }
}
