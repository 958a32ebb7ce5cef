import BareMetal
import HTTPTypes

extension ManifestReader {
  init(_ options: ResourceOptions, patcher: MachineConfigPatcher?) {
    self.init()
    ignoresUnknownFields = options.ignoresUnknown
    self.patcher = patcher
  }

  /// Which kind a document is of, in whatever version.
  static func kind(of document: JSONValue) throws(Refusal) -> any ManifestKind.Type {
    guard let name = document.fields["kind"]?.text, let kind = Manifest.kinds.first(where: { $0.kind == name }) else {
      let known = Manifest.kinds.map { $0.kind }.joined(separator: ", ")
      throw Refusal(invalid: "", [FieldProblem(path: "kind", message: "is one of \(known)")])
    }
    return kind
  }

  /// The resource, or everything that is wrong with it.
  func resource<Kind: ManifestKind>(
    _ kind: Kind.Type, from document: JSONValue
  ) throws(Refusal) -> Reading<Resource<Kind>> {
    do {
      return try read(document, as: kind)
    } catch {
      throw Refusal(invalid: "\(Kind.kind) \(error.name ?? "")", error.problems)
    }
  }

  /// What a manifest says, in the words of the version that is stored, without what the store fills.
  func manifest<Kind: ManifestKind>(
    _ kind: Kind.Type, from document: JSONValue, over existing: Resource<Kind>?
  ) throws(Refusal) -> Reading<JSONValue> {
    var reading: Reading<JSONValue>
    do {
      reading = try today(document, as: kind, over: existing)
    } catch {
      throw Refusal(invalid: "\(Kind.kind) \(error.name ?? "")", error.problems)
    }
    var fields = reading.value.fields
    if var metadata = fields["metadata"]?.fields {
      for key in Self.storesOwn { metadata[key] = nil }
      if var annotations = metadata["annotations"]?.fields {
        annotations[ResourceEditor.lastApplied] = nil
        metadata["annotations"] = annotations.isEmpty ? nil : .object(annotations)
      }
      fields["metadata"] = .object(metadata)
    }
    reading.value = .object(fields)
    return reading
  }

  /// Fields of `metadata` that the store fills.
  private static let storesOwn = [
    "uid", "resourceVersion", "generation", "creationTimestamp", "deletionTimestamp", "managedFields", "selfLink",
  ]
}

extension Refusal {
  /// Everything that is wrong with an object: 422.
  init(invalid subject: String, _ problems: [FieldProblem]) {
    let only = problems.count == 1 ? problems[0].description : "\(problems.count) problems"
    self.init(
      .unprocessableContent, subject.isEmpty ? only : "\(subject) is not valid: \(only)",
      causes: problems.map { Cause(field: $0.path, message: $0.message) })
  }
}
