import BareMetal
import Wire

extension MetalClusterKind: ShownKind {
  static let names = ["metalcluster", "metalclusters", "mc"]
  static let emptyHint = "no metalclusters: Cluster API's manifests make them"

  static func columns(wide: Bool) -> [String] { ["NAMESPACE", "NAME", "CLUSTER", "ENDPOINT", "READY", "AGE"] }

  static func cells(of cluster: MetalCluster, wide: Bool, now: Timestamp) -> [String] {
    [
      cluster.metadata.namespace ?? "", cluster.metadata.name, cluster.metadata.owner(ClusterKind.self)?.name ?? "",
      endpoint(of: cluster), "\(cluster.status.ready)", age(of: cluster, now: now),
    ].map { PlainText.line($0) }
  }

  static func description(of cluster: MetalCluster, from client: AdminClient) async throws -> String {
    var text = DescriptionText(cluster)
    text.add("Cluster", cluster.metadata.owner(ClusterKind.self)?.name)
    text.add("Endpoint", endpoint(of: cluster))
    text.add("Ready", "\(cluster.status.ready)")
    return text.text
  }

  /// `10.0.0.10:6443`
  private static func endpoint(of cluster: MetalCluster) -> String {
    guard let endpoint = cluster.spec.controlPlaneEndpoint, !endpoint.host.isEmpty else { return "" }
    let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
    return "\(host):\(endpoint.port)"
  }
}
