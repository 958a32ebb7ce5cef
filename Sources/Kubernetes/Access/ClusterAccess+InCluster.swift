import BareMetal

extension ClusterAccess {
  /// Where a Pod finds its service account.
  public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// The cluster that the process runs in, as its Pod's service account.
  /// - Parameter environment: the process's: `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`.
  /// - Returns: `nil` outside of a cluster.
  /// - Throws: where it is said to be a cluster, but the account's files are not there.
  public static func inCluster(
    environment: [String: String], directory: String = serviceAccountDirectory
  ) throws(KubeconfigError) -> ClusterAccess? {
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty else { return nil }
    let port = environment["KUBERNETES_SERVICE_PORT"].flatMap { $0.isEmpty ? nil : $0 } ?? "443"
    guard UInt16(port) != nil else {
      throw KubeconfigError(path: "KUBERNETES_SERVICE_PORT", message: "is not a port: \(PlainText.line(port))")
    }
    for file in ["token", "ca.crt"] { _ = try AccessFile.text("\(directory)/\(file)", at: "\(directory)/\(file)") }
    var access = ClusterAccess(
      name: "in-cluster", server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)",
      trust: .file("\(directory)/ca.crt"), credentials: .tokenFile("\(directory)/token"))
    if let namespace = try? AccessFile.text("\(directory)/namespace", at: "namespace"), !namespace.isEmpty {
      access.namespace = namespace.split(whereSeparator: \.isWhitespace).first.map(String.init) ?? access.namespace
    }
    return access
  }
}
