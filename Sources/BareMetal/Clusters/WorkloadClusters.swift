/// The clusters that run on our machines: what Cluster API wants done there.
public protocol WorkloadClusters: Sendable {
  /// The Node of the machine, by the label ``WorkloadNode/serverLabel`` that its configuration gave it; `nil`: there is none
  /// yet.
  func node(ofServer server: String, in cluster: ClusterName) async throws(WorkloadClusterError) -> WorkloadNode?

  /// Sets the Node's `spec.providerID`, which can be done once.
  func setProviderID(
    _ id: ProviderID, ofNode node: String, in cluster: ClusterName
  ) async throws(WorkloadClusterError)
}

/// A Node, as far as we look at it.
public struct WorkloadNode: Hashable, Sendable {
  /// With the Server's name as its value.
  public static let serverLabel = "metal.sidero.dev/uuid"

  public var name: String
  /// `spec.providerID`; `nil` or empty until somebody sets it.
  public var providerID: String?

  public init(name: String, providerID: String? = nil) {
    self.name = name
    self.providerID = providerID
  }
}

/// Why nothing could be done there: for people, one line.
public struct WorkloadClusterError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
  /// Nothing is wrong: what is missing comes with the cluster's first machines.
  public var isNotYet: Bool

  public init(_ description: String, isNotYet: Bool = false) {
    self.description = PlainText.line(description)
    self.isNotYet = isNotYet
  }
}
