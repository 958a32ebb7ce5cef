public import BareMetal
import FoundationEssentials

/// Writes where the webhooks are, and whom to trust there, into the definitions of our kinds and the webhook
/// configuration of that name. It makes neither: they are installed, and nothing is said where they are not.
public struct KubernetesWebhookRegistrar: WebhookRegistrar {
  /// The `ValidatingWebhookConfiguration`.
  public static let configurationName = "siderite"

  private let client: KubernetesClient

  public init(client: KubernetesClient) { self.client = client }

  public func register(_ webhook: WebhookClient) async throws {
    for kind in Manifest.kinds where !kind.olderVersions.isEmpty {
      let name = "\(kind.plural).\(kind.apiVersion.prefix { $0 != "/" })"
      try await register(
        webhook,
        in: ResourcePath(apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions", name: name)
      ) { definition in
        guard let conversion = definition["spec"]?["conversion"]?["webhook"]?["clientConfig"] else { return [] }
        return [("/spec/conversion/webhook/clientConfig", conversion, "convert")]
      }
    }
    try await register(
      webhook,
      in: ResourcePath(
        apiVersion: "admissionregistration.k8s.io/v1", plural: "validatingwebhookconfigurations",
        name: Self.configurationName)
    ) { configuration in
      guard case .array(let webhooks)? = configuration["webhooks"] else { return [] }
      return webhooks.enumerated().compactMap { index, webhook in
        webhook["clientConfig"].map { ("/webhooks/\(index)/clientConfig", $0, "validate") }
      }
    }
  }

  /// A place of an object (RFC 6901), what stands there, and what our server calls it.
  private typealias Place = (path: String, value: JSONValue, endpoint: String)

  private func register(
    _ webhook: WebhookClient, in path: ResourcePath, _ places: (JSONValue) -> [Place]
  ) async throws {
    guard let object = try await client.get(path, as: JSONValue.self),
      let version = object["metadata"]?["resourceVersion"]
    else { return }
    var operations = [ConfigPatch(op: "test", path: "/metadata/resourceVersion", value: version)]
    for place in places(object) {
      var wanted = place.value.fields
      if let url = webhook.url {
        wanted["url"] = .string("\(url)/\(place.endpoint)")
        wanted["service"] = nil
      }
      if let caBundle = webhook.caBundle { wanted["caBundle"] = .string(Data(caBundle.utf8).base64EncodedString()) }
      guard .object(wanted) != place.value else { continue }
      operations.append(ConfigPatch(op: "replace", path: place.path, value: .object(wanted)))
    }
    guard operations.count > 1 else { return }
    _ = try await client.patch(path, .json(operations), as: JSONValue.self)
  }
}

extension JSONValue {
  fileprivate subscript(key: String) -> JSONValue? { fields[key] }
}
