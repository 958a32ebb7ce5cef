/// Puts objects of a cluster into another version of their kind, as its API server asks for (`ConversionReview`).
///
/// Only what the versions say differently is changed. Everything else stays as it was sent, what nobody here knows
/// included: metadata that were changed on the way are refused by the API server. Nothing is checked but the shape: what
/// is stored must be readable, whatever is wrong with it.
public enum ManifestConversion {
  /// - Throws: what kept it from being read, with paths.
  public static func convert(_ object: JSONValue, to version: String) throws(ManifestError) -> JSONValue {
    let name = object.member("kind")?.text ?? ""
    guard let kind = Manifest.kinds.first(where: { $0.kind == name }) else {
      throw ManifestError(
        kind: name, problems: [FieldProblem(path: "kind", message: "'\(PlainText.line(name))' is not known")])
    }
    return try convert(object, of: kind, to: version)
  }

  private static func convert<Kind: ManifestKind>(
    _ object: JSONValue, of kind: Kind.Type, to version: String
  ) throws(ManifestError) -> JSONValue {
    let from = object.member("apiVersion")?.text ?? ""
    let trace = ManifestTrace()
    for (path, name) in [("apiVersion", from), ("desiredAPIVersion", version)] where !Kind.knows(version: name) {
      let known = ([Kind.apiVersion] + Kind.olderVersions).joined(separator: " or ")
      trace.record("\(known) is expected here, not '\(PlainText.line(name))'", at: path)
    }
    var fields = object.fields
    if trace.problems.isEmpty, from != version {
      // By way of today's version, where neither is.
      if from != Kind.apiVersion { fields = today(fields, of: kind, from: from, recording: trace) }
      if version != Kind.apiVersion { fields = older(fields, of: kind, version: version, recording: trace) }
      fields["apiVersion"] = .string(version)
    }
    guard trace.problems.isEmpty else {
      throw ManifestError(
        kind: Kind.kind, name: object.member("metadata")?.member("name")?.text,
        problems: trace.problems.sorted { ($0.path, $0.message) < ($1.path, $1.message) })
    }
    return .object(fields)
  }

  private static func today<Kind: ManifestKind>(
    _ fields: [String: JSONValue], of kind: Kind.Type, from version: String, recording trace: ManifestTrace
  ) -> [String: JSONValue] {
    var fields = fields
    let kept = takeKept(&fields, recording: trace)
    var hub: Kind.Spec?
    if let spec = kept?.member("spec") {
      // Fields in it that nobody knows are another program's: passed over.
      let inner = ManifestTrace()
      hub = inner.value(Kind.Spec.self, from: spec, at: annotationPath)
      for problem in inner.problems { trace.record(problem) }
    }
    let older = Kind.normalized(fields["spec"].flatMap { $0 == .null ? nil : $0 } ?? .object([:]))
    if let spec = Kind.spec(older, of: version, hub: hub, recording: trace) {
      fields["spec"] = JSONValue(encoding: spec)
    }
    fields["status"] = Kind.status(fields["status"], of: version, hub: kept?.member("status"))
    return fields
  }

  private static func older<Kind: ManifestKind>(
    _ fields: [String: JSONValue], of kind: Kind.Type, version: String, recording trace: ManifestTrace
  ) -> [String: JSONValue] {
    let specDocument = fields["spec"].flatMap { $0 == .null ? nil : $0 } ?? .object([:])
    guard let spec = trace.value(Kind.Spec.self, from: specDocument, at: "spec") else { return fields }
    var older = fields
    older["spec"] = Kind.olderSpec(spec, version: version)
    older["status"] = Kind.olderStatus(fields["status"], of: spec, version: version)
    // What the older one has no words for is kept beside it.
    let inner = ManifestTrace()
    let readBack = today(older, of: kind, from: version, recording: inner)
    var kept: [String: JSONValue] = [:]
    if !inner.problems.isEmpty || readBack["spec"] != JSONValue(encoding: spec) {
      kept["spec"] = JSONValue(encoding: spec)
    }
    if readBack["status"] != fields["status"] { kept["status"] = fields["status"] }
    guard !kept.isEmpty else { return older }
    var metadata = fields["metadata"]?.fields ?? [:]
    var annotations = metadata["annotations"]?.fields ?? [:]
    annotations[ObjectMeta.conversionData] = .string(JSONValue.object(kept).jsonText)
    metadata["annotations"] = .object(annotations)
    older["metadata"] = .object(metadata)
    return older
  }

  private static let annotationPath = "metadata.annotations[\(ObjectMeta.conversionData)]"

  /// What was kept beside an object of an older version, taken away from its annotations; Sidero keeps more in it.
  private static func takeKept(_ fields: inout [String: JSONValue], recording trace: ManifestTrace) -> JSONValue? {
    guard var metadata = fields["metadata"]?.fields, var annotations = metadata["annotations"]?.fields,
      let text = annotations.removeValue(forKey: ObjectMeta.conversionData)?.text
    else { return nil }
    metadata["annotations"] = annotations.isEmpty ? nil : .object(annotations)
    fields["metadata"] = .object(metadata)
    do {
      return try JSONValue(parsing: text)
    } catch {
      trace.record("is not JSON: \(error)", at: annotationPath)
      return nil
    }
  }
}
