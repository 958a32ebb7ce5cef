import BareMetal
import HTTPTypes

extension ResourceEditor {
  /// The manifest that was applied last, as `kubectl apply` keeps it: so that what is no longer in it is taken away.
  static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

  /// Makes an object as the manifest says.
  func apply<Kind: ManifestKind>(
    _ kind: Kind.Type, _ document: JSONValue, _ options: ResourceOptions
  ) async throws -> AppliedObject {
    let reader = reader(options)
    guard let name = document.key(of: kind) else {
      // Whatever else is wrong is told with it.
      _ = try reader.resource(kind, from: document)
      throw Refusal(invalid: Kind.kind, [FieldProblem(path: "metadata.name", message: "is missing")])
    }
    var warnings: [FieldProblem] = []
    let outcome = try await again { () async throws -> AppliedObject.Outcome in
      let old = try await store.get(kind, named: name)
      let reading = try reader.manifest(kind, from: document, over: old)
      let manifest = reading.value
      warnings = reading.warnings
      guard let old else {
        _ = try await create(kind, manifest.merging(Self.note(of: manifest)), options)
        return .created
      }
      let last = old.metadata.annotations?[Self.lastApplied].flatMap { try? JSONValue(parsing: $0) }
      let after = JSONValue(encoding: old).applying(manifest, last: last).merging(Self.note(of: manifest))
      let stored = try await replace(old, by: try reader.resource(kind, from: after).value, options)
      return stored.hasSameContent(as: old) ? .unchanged : .configured
    }
    return AppliedObject(
      index: 0, kind: Kind.kind, name: name, outcome: outcome,
      warnings: warnings.isEmpty ? nil : warnings.map(\.description))
  }

  private static func note(of manifest: JSONValue) -> JSONValue {
    .object(["metadata": .object(["annotations": .object([lastApplied: .string(manifest.jsonText)])])])
  }
}

extension Resource {
  /// Whether only the note of what was applied differs.
  fileprivate func hasSameContent(as other: Resource<Kind>) -> Bool {
    func others(_ annotations: [String: String]?) -> [String: String] {
      (annotations ?? [:]).filter { $0.key != ResourceEditor.lastApplied }
    }
    return spec == other.spec && (metadata.labels ?? [:]) == (other.metadata.labels ?? [:])
      && others(metadata.annotations) == others(other.metadata.annotations)
      && (metadata.finalizers ?? []) == (other.metadata.finalizers ?? [])
      && (metadata.ownerReferences ?? []) == (other.metadata.ownerReferences ?? [])
  }
}

extension JSONValue {
  /// What a document's object is found by; `nil` where it has no name.
  func key<Kind: ManifestKind>(of kind: Kind.Type) -> String? {
    let metadata = fields["metadata"]?.fields
    guard let name = metadata?["name"]?.text, !name.isEmpty else { return nil }
    guard Kind.isNamespaced else { return name }
    let namespace = metadata?["namespace"]?.text ?? ""
    return "\(namespace.isEmpty ? ManifestReader.defaultNamespace : namespace)/\(name)"
  }
}
