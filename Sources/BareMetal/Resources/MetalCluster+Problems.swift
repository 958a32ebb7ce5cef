extension MetalClusterKind: ManifestKind {
  public static let olderVersions = [V1Alpha2Infrastructure.apiVersion]

  public static func problems(_ spec: MetalClusterSpec) -> [FieldProblem] {
    guard let endpoint = spec.controlPlaneEndpoint, endpoint != ControlPlaneEndpoint(host: "", port: 0) else {
      return []
    }
    var problems: [FieldProblem] = []
    let path = "spec.controlPlaneEndpoint"
    if endpoint.host.isEmpty { problems.append(FieldProblem(path: "\(path).host", message: "is missing")) }
    if !(1...65_535).contains(endpoint.port) {
      problems.append(
        FieldProblem(path: "\(path).port", message: "\(endpoint.port) is no TCP port: 1 to 65535 are, mostly 6443"))
    }
    return problems
  }
}
