extension ManifestReader {
  /// What is wrong with an object that somebody puts into a cluster, or changes there: everything, in the words of the
  /// version that it is written in.
  ///
  /// Of its metadata nothing is said: that is the API server's business. Nor of a spec that was there before, or that is
  /// on its way out: finalizers must go, and labels change, whatever is wrong with it.
  /// - Parameters:
  ///   - name: the object's, where it has one yet.
  ///   - old: what it takes the place of, in the same version.
  ///   - patcher: looks into its patches.
  public func problems(
    admitting object: JSONValue, named name: String, over old: JSONValue?, patcher: MachineConfigPatcher? = nil
  ) -> [FieldProblem] {
    if let old, old.member("spec") == object.member("spec"), old.member("apiVersion") == object.member("apiVersion") {
      return []
    }
    guard object.member("metadata")?.member("deletionTimestamp")?.text == nil else { return [] }
    let kindName = object.member("kind")?.text ?? ""
    guard let kind = Manifest.kinds.first(where: { $0.kind == kindName }) else {
      return [FieldProblem(path: "kind", message: "'\(PlainText.line(kindName))' is not known")]
    }
    return problems(of: object, named: name, as: kind, over: old, patcher: patcher)
  }

  private func problems<Kind: ManifestKind>(
    of object: JSONValue, named name: String, as kind: Kind.Type, over old: JSONValue?, patcher: MachineConfigPatcher?
  ) -> [FieldProblem] {
    var reader = self
    if let patcher { reader.patcher = patcher }
    let resource: Resource<Kind>
    do {
      resource = try reader.read(Self.bare(object, named: name, as: kind), as: kind).value
    } catch {
      return error.problems
    }
    var problems: [FieldProblem] = []
    // What cannot be read has nothing that a new one could break with.
    if let old, let old = try? read(Self.bare(old, named: name, as: kind), as: kind).value {
      problems += Kind.problems(resource.spec, replacing: old.spec)
    }
    if let environment = resource as? Environment {
      problems += environment.problems().filter { $0.path == "metadata.name" }
    }
    return problems.sorted { ($0.path, $0.message) < ($1.path, $1.message) }
  }

  /// The object without what is not looked at.
  private static func bare<Kind: ManifestKind>(
    _ object: JSONValue, named name: String, as kind: Kind.Type
  ) -> JSONValue {
    var document = object.fields
    var metadata: [String: JSONValue] = ["name": .string(ResourceName.isValid(name) ? name : "unnamed")]
    if let kept = object.member("metadata")?.member("annotations")?.member(ObjectMeta.conversionData) {
      metadata["annotations"] = .object([ObjectMeta.conversionData: kept])
    }
    if Kind.isNamespaced { metadata["namespace"] = .string("default") }
    document["metadata"] = .object(metadata)
    document["status"] = nil
    return .object(document)
  }
}
