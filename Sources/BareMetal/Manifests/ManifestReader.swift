/// Makes resources of the documents that people write, in any version, and says everything that is wrong with them.
///
/// What stands under `status`, and those fields of `metadata` that only a server fills, are accepted and passed over, as
/// Kubernetes does: `kubectl get -o yaml` of an old installation is a manifest.
public struct ManifestReader: Sendable {
  /// Fields that nobody knows are told in ``Reading/warnings`` and left out, instead of refused.
  public var ignoresUnknownFields = false
  /// Says which patches of machine configurations can apply to none; `nil`: only their form is looked at. What is patched
  /// is YAML, which is not read here.
  public var patcher: MachineConfigPatcher?

  public init() {}

  /// What came of a document.
  public struct Reading<Value: Sendable>: Sendable {
    public var value: Value
    /// Fields that were left out.
    public var warnings: [FieldProblem]
  }

  /// Reads a document of one of ``Manifest/kinds``, by what it says it is.
  public func read(_ document: JSONValue) throws(ManifestError) -> Reading<Manifest> {
    let header = ManifestHeader(document)
    guard header.problems.isEmpty else {
      throw ManifestError(kind: header.kind, name: header.name, problems: header.problems)
    }
    switch header.kind {
    case EnvironmentKind.kind: return try read(document) { .environment($0) }
    case ServerKind.kind: return try read(document) { .server($0) }
    case ServerClassKind.kind: return try read(document) { .serverClass($0) }
    case ServerBindingKind.kind: return try read(document) { .serverBinding($0) }
    case MetalClusterKind.kind: return try read(document) { .metalCluster($0) }
    case MetalMachineKind.kind: return try read(document) { .metalMachine($0) }
    case MetalMachineTemplateKind.kind: return try read(document) { .metalMachineTemplate($0) }
    default:
      let known = Manifest.kinds.map { $0.kind }.joined(separator: ", ")
      let message = "'\(PlainText.line(header.kind))' is not known: \(known) are"
      throw ManifestError(
        kind: header.kind, name: header.name, problems: [FieldProblem(path: "kind", message: message)])
    }
  }

  /// Reads a document that has to be of that kind.
  public func read<Kind: ManifestKind>(
    _ document: JSONValue, as kind: Kind.Type
  ) throws(ManifestError) -> Reading<Resource<Kind>> {
    try read(document, as: kind, over: nil)
  }

  private func read<Kind: ManifestKind>(
    _ document: JSONValue, as kind: Kind.Type, over existing: Kind.Spec?
  ) throws(ManifestError) -> Reading<Resource<Kind>> {
    let trace = ManifestTrace()
    let header = ManifestHeader(document)
    let fields = header.fields
    for problem in header.problems { trace.record(problem) }
    if !header.kind.isEmpty, header.kind != Kind.kind {
      trace.record("\(Kind.kind) is expected here, not '\(PlainText.line(header.kind))'", at: "kind")
    }
    if !header.apiVersion.isEmpty, !Kind.knows(version: header.apiVersion) {
      let versions = ([Kind.apiVersion] + Kind.olderVersions).joined(separator: " or ")
      let found = PlainText.line(header.apiVersion)
      trace.record("\(versions) is expected here, not '\(found)'", at: "apiVersion")
    }
    for key in fields.keys.sorted() where !Self.knownFields.contains(key) {
      trace.recordUnknown(key, among: Self.knownFields, at: ManifestDecoder.path(key, under: ""))
    }

    var metadata = trace.value(ObjectMeta.self, from: Self.metadata(fields["metadata"], of: kind), at: "metadata")
    if let metadata { for problem in metadata.problems { trace.record(problem) } }
    let hub = metadata?.takeConversionData(Kind.Spec.self, recording: trace) ?? existing
    let document = Kind.normalized(fields["spec"].flatMap { $0 == .null ? nil : $0 } ?? .object([:]))
    var spec: Kind.Spec?
    if header.apiVersion == Kind.apiVersion {
      spec = trace.value(Kind.Spec.self, from: document, at: "spec")
    } else if Kind.olderVersions.contains(header.apiVersion) {
      spec = Kind.spec(document, of: header.apiVersion, hub: hub, recording: trace)
    }
    if let spec {
      let told = Set(trace.problems.map(\.path))
      for problem in Kind.problems(spec) where !told.contains(problem.path) { trace.record(problem) }
      for problem in patchProblems(spec) where !trace.problems.contains(where: { $0.isWithin(problem.path) }) {
        trace.record(problem)
      }
    }

    var problems = trace.problems
    if !ignoresUnknownFields { problems += trace.unknownFields }
    guard problems.isEmpty, let metadata, let spec else {
      throw ManifestError(
        kind: Kind.kind, name: header.name,
        problems: problems.sorted { ($0.path, $0.message) < ($1.path, $1.message) })
    }
    return Reading(value: Resource(metadata: metadata, spec: spec), warnings: trace.unknownFields)
  }

  /// A document in today's version, with what it says and nothing else: what ``JSONValue`` patches and merges are made
  /// of. Checked as ``read(_:as:)`` does.
  /// - Parameter existing: the stored object, if any. A document of an older version changes of it what it says otherwise,
  ///   not what it has no words for.
  public func today<Kind: ManifestKind>(
    _ document: JSONValue, as kind: Kind.Type, over existing: Resource<Kind>? = nil
  ) throws(ManifestError) -> Reading<JSONValue> {
    let reading = try read(document, as: kind, over: existing?.spec)
    guard case .object(var fields) = document, case .object(var spec) = JSONValue(encoding: reading.value.spec) else {
      return Reading(value: document, warnings: reading.warnings)
    }
    var metadata = Self.metadata(fields["metadata"], of: kind)
    let isWhole = metadata.removeConversionData()
    if !isWhole {
      let said = Kind.normalized(fields["spec"] ?? .null)
      let names = Set(said.memberNames.map { Kind.todaysName(ofField: $0) })
      spec = spec.filter { names.contains($0.key) }
    }
    fields["apiVersion"] = .string(Kind.apiVersion)
    fields["metadata"] = metadata
    fields["spec"] = .object(spec)
    fields["status"] = nil
    for key in fields.keys where !Self.knownFields.contains(key) { fields[key] = nil }
    return Reading(value: .object(fields), warnings: reading.warnings)
  }

  private func read<Kind: ManifestKind>(
    _ document: JSONValue, _ manifest: (Resource<Kind>) -> Manifest
  ) throws(ManifestError) -> Reading<Manifest> {
    let reading = try read(document, as: Kind.self)
    return Reading(value: manifest(reading.value), warnings: reading.warnings)
  }

  private func patchProblems(_ spec: some Sendable) -> [FieldProblem] {
    guard let patcher, let spec = spec as? any PatchingSpec else { return [] }
    return patcher.problems(configPatches: spec.configPatches, strategicPatches: spec.strategicPatches)
  }

  private static let knownFields: Set<String> = ["apiVersion", "kind", "metadata", "spec", "status"]

  /// Where an object lives that says nothing of it, as for Kubernetes' own tools.
  public static let defaultNamespace = "default"

  /// Without what only a server fills, and we have no use for. A namespace is filled in where there has to be one, and
  /// passed over where there is none.
  private static func metadata<Kind: ManifestKind>(_ value: JSONValue?, of kind: Kind.Type) -> JSONValue {
    guard let value, case .object(var fields) = value else { return value ?? .object([:]) }
    for key in ["managedFields", "selfLink", "generateName", "deletionGracePeriodSeconds"] { fields[key] = nil }
    switch fields["namespace"] {
    case nil, .null, .string(""): fields["namespace"] = Kind.isNamespaced ? .string(defaultNamespace) : nil
    default: if !Kind.isNamespaced { fields["namespace"] = nil }
    }
    return .object(fields)
  }
}

extension JSONValue {
  fileprivate var memberNames: [String] {
    guard case .object(let fields) = self else { return [] }
    return Array(fields.keys)
  }

  /// - Returns: whether these metadata had any.
  fileprivate mutating func removeConversionData() -> Bool {
    guard case .object(var metadata) = self, case .object(var annotations)? = metadata["annotations"],
      annotations.removeValue(forKey: ObjectMeta.conversionData) != nil
    else { return false }
    metadata["annotations"] = annotations.isEmpty ? nil : .object(annotations)
    self = .object(metadata)
    return true
  }
}

extension FieldProblem {
  /// Whether it is about that field, or about a part of it.
  fileprivate func isWithin(_ path: String) -> Bool { self.path == path || self.path.hasPrefix("\(path).") }
}

/// A spec that carries patches of the machine configuration.
protocol PatchingSpec {
  var configPatches: [ConfigPatch]? { get }
  var strategicPatches: [String]? { get }
}

extension ServerSpec: PatchingSpec {}
extension ServerClassSpec: PatchingSpec {}

/// What a document says it is.
private struct ManifestHeader {
  var apiVersion = ""
  var kind = ""
  var name: String?
  var fields: [String: JSONValue] = [:]
  var problems: [FieldProblem] = []

  init(_ document: JSONValue) {
    guard case .object(let fields) = document else {
      problems = [FieldProblem(path: "", message: "an object is expected here, not \(document.inWords)")]
      return
    }
    self.fields = fields
    apiVersion = text("apiVersion")
    kind = text("kind")
    if case .object(let metadata)? = fields["metadata"], case .string(let text)? = metadata["name"] { name = text }
  }

  private mutating func text(_ key: String) -> String {
    switch fields[key] ?? .null {
    case .string(let text) where !text.isEmpty: return text
    case .null, .string: problems.append(FieldProblem(path: key, message: "is missing"))
    case let other: problems.append(FieldProblem(path: key, message: "a text is expected here, not \(other.inWords)"))
    }
    return ""
  }
}
