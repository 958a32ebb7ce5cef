import BareMetal
import FoundationEssentials

/// A `Secret` of the core group, as it is sent and read.
struct SecretObject: Codable, Sendable {
  /// All of it but what is secret.
  struct Head: Decodable, Sendable {
    var metadata: ObjectMeta
  }

  var apiVersion = "v1"
  var kind = "Secret"
  var metadata: ObjectMeta
  var type: String?
  /// In base64; `Secret`, so that it is never printed.
  var data: [String: Secret]?

  init(_ name: SecretName, _ values: [String: Secret], owner: OwnerReference?, label: String) {
    metadata = ObjectMeta(name: name.name, labels: [label: ""])
    metadata.namespace = name.namespace
    metadata.ownerReferences = owner.map { [$0] }
    type = "Opaque"
    data = values.mapValues { Self.encoded($0) }
  }

  /// Its values that are text; others are not ours.
  var values: [String: Secret] {
    (data ?? [:]).compactMapValues { value in
      guard let bytes = Data(base64Encoded: value.exposedText), let text = String(data: bytes, encoding: .utf8) else {
        return nil
      }
      return Secret(text)
    }
  }

  /// What makes it hold these values and no others; `nil` where it does.
  func patch(to values: [String: Secret], label: String) -> JSONValue? {
    var changes: [String: JSONValue] = [:]
    for key in (data ?? [:]).keys where values[key] == nil { changes[key] = .null }
    for (key, value) in values {
      let encoded = Self.encoded(value)
      if data?[key] != encoded { changes[key] = .string(encoded.exposedText) }
    }
    let hasLabel = metadata.labels?[label] != nil
    guard !changes.isEmpty || !hasLabel else { return nil }
    var head: [String: JSONValue] = [:]
    if let version = metadata.resourceVersion { head["resourceVersion"] = .string(version) }
    if !hasLabel { head["labels"] = .object([label: .string("")]) }
    return .object(["metadata": .object(head), "data": .object(changes)])
  }

  private static func encoded(_ value: Secret) -> Secret {
    Secret(Data(value.exposedText.utf8).base64EncodedString())
  }
}
