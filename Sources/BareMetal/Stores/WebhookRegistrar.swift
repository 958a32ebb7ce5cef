/// How a cluster's API server calls our webhooks.
public struct WebhookClient: Hashable, Sendable {
  /// Of a daemon outside of the cluster: `https://10.0.0.1:9443`; the paths `/convert` and `/validate` follow. `nil`: a
  /// Service of the cluster, as its manifests say.
  public var url: String?
  /// PEM: what the API server trusts; `nil`: as somebody else has said (cert-manager).
  public var caBundle: String?

  public init(url: String? = nil, caBundle: String? = nil) {
    self.url = url
    self.caBundle = caBundle
  }
}

/// Tells a cluster where its webhooks are, and whom to trust there.
public protocol WebhookRegistrar: Sendable {
  /// Makes definitions and webhook configurations say so. Writes nothing where they do already.
  /// - Throws: an error whose description is one line for people.
  func register(_ client: WebhookClient) async throws
}
