/// What a machine's configuration is made of.
public struct MachineConfigInput: Hashable, Sendable {
  /// The configuration before any patch.
  public var base: String
  public var server: Server
  /// The class the machine was allocated from: other classes it matches do not count.
  public var serverClass: ServerClass?
  /// `nil`: SideroLink is off.
  public var sideroLink: SideroLinkEndpoint?

  public init(base: String, server: Server, serverClass: ServerClass? = nil, sideroLink: SideroLinkEndpoint? = nil) {
    self.base = base
    self.server = server
    self.serverClass = serverClass
    self.sideroLink = sideroLink
  }
}

/// A configuration as a machine gets it.
public struct PatchedMachineConfig: Hashable, Sendable {
  /// YAML, one document or several.
  public var text: String
  /// What is not as it was before the patches, in the order of the text; then what was removed.
  public var fields: [PatchedField]
}

/// Makes a machine's configuration: Sidero's patches in Sidero's order, then the node label, then SideroLink's documents.
///
/// All of it or an error: no machine ever gets a configuration that is patched by half.
public struct MachineConfigPatcher: Sendable {
  private let parser: any ConfigParser

  public init(parser: any ConfigParser) { self.parser = parser }

  /// - Throws: ``MachineConfigError``: whose patch does not apply, where and why.
  public func patch(_ input: MachineConfigInput) throws(MachineConfigError) -> PatchedMachineConfig {
    var config = PatchedDocuments(try base(input.base))
    if let serverClass = input.serverClass {
      let (name, spec) = (serverClass.metadata.name, serverClass.spec)
      try apply(spec.configPatches, spec.strategicPatches, of: "ServerClass", name, to: &config)
    }
    let (name, spec) = (input.server.metadata.name, input.server.spec)
    try apply(spec.configPatches, spec.strategicPatches, of: "Server", name, to: &config)
    try config.checkVersion()
    try config.addNodeLabel("metal.sidero.dev/uuid=\(name)")
    if let sideroLink = input.sideroLink { try config.addSideroLink(sideroLink) }
    try config.checkExtent(nil)
    return PatchedMachineConfig(text: ConfigNode.yaml(config.documents), fields: config.fields)
  }

  private func base(_ text: String) throws(MachineConfigError) -> [ConfigNode] {
    let documents = try parser.documents(in: text).filter { !$0.isNull }
    guard !documents.isEmpty else { throw MachineConfigError(reason: "it is empty") }
    var seen: Set<ConfigDocumentID> = []
    for document in documents {
      let id = try ConfigDocumentID(of: document)
      guard seen.insert(id).inserted else { throw MachineConfigError(reason: "it has two documents \(id)") }
    }
    return documents
  }

  private func apply(
    _ json: [ConfigPatch]?, _ strategic: [String]?, of kind: String, _ name: String, to config: inout PatchedDocuments
  ) throws(MachineConfigError) {
    for (index, patch) in (json ?? []).enumerated() {
      try config.apply(patch, .patch(kind: kind, name: name, field: "configPatches[\(index)]"))
    }
    for (index, text) in (strategic ?? []).enumerated() {
      let origin = PatchOrigin.patch(kind: kind, name: name, field: "strategicPatches[\(index)]")
      try config.merge(try documents(of: text, origin), origin)
    }
  }

  private func documents(of patch: String, _ origin: PatchOrigin) throws(MachineConfigError) -> [ConfigNode] {
    do throws(MachineConfigError) {
      return try parser.documents(in: patch)
    } catch {
      var error = error
      error.origin = origin
      throw error
    }
  }

  // MARK: Before there is a configuration

  /// What can be said of patches without the configuration they are for: syntax, operations, and places that no
  /// configuration has.
  ///
  /// - Parameters:
  ///   - path: where the spec stands, for the problems: `spec`.
  public func problems(
    configPatches: [ConfigPatch]?, strategicPatches: [String]?, path: String = "spec"
  ) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    for (index, patch) in (configPatches ?? []).enumerated() {
      let field = "\(path).configPatches[\(index)]"
      do throws(JSONPatch.Failure) {
        let operation = try JSONPatch.operation(patch)
        for place in operation.places {
          guard let first = place.tokens.first, !ConfigDocumentID.v1alpha1Keys.contains(first) else { continue }
          problems.append(
            FieldProblem(
              path: field,
              message: "\(PlainText.line("\(place)")): a v1alpha1 document has only "
                + ConfigDocumentID.v1alpha1Keys.sorted().joined(separator: ", ")))
        }
      } catch {
        problems.append(FieldProblem(path: field, message: "\(PlainText.line(error.path)): \(error.reason)"))
      }
    }
    for (index, text) in (strategicPatches ?? []).enumerated() {
      let field = "\(path).strategicPatches[\(index)]"
      let origin = PatchOrigin.patch(kind: "", name: "", field: field)
      do throws(MachineConfigError) {
        let documents = try documents(of: text, origin)
        guard documents.contains(where: { !$0.isNull }) else {
          problems.append(FieldProblem(path: field, message: "it is empty"))
          continue
        }
        // Merged into nothing, every document is looked at.
        var (merge, nothing) = (StrategicMerge(origin: origin), [ConfigNode]())
        try merge.merge(documents, into: &nothing)
      } catch {
        let place = error.path.map { "\(PlainText.line($0)): " } ?? ""
        problems.append(FieldProblem(path: field, message: place + error.reason))
      }
    }
    return problems
  }
}

extension JSONPatch.Operation {
  /// The places it is about.
  fileprivate var places: [JSONPointer] {
    switch self {
    case .add(let path, _), .remove(let path), .replace(let path, _), .test(let path, _): [path]
    case .move(let from, let path), .copy(let from, let path): [from, path]
    }
  }
}

/// A configuration on its way through the patches.
private struct PatchedDocuments {
  var documents: [ConfigNode]
  private var removed: [PatchedField] = []
  /// Nodes there may be: those of the base, and what patches put in. Never counted down, so that counting is cheap.
  private var nodes: Int

  init(_ documents: [ConfigNode]) {
    self.documents = documents
    nodes = documents.reduce(0) { $0 + $1.extent.nodes }
  }

  private func v1alpha1(_ origin: PatchOrigin?, operation: String? = nil) throws(MachineConfigError) -> Int {
    if let index = try documents.firstIndex(of: .v1alpha1) { return index }
    throw MachineConfigError(
      origin: origin, operation: operation, reason: "the configuration has no v1alpha1 document (machine, cluster)")
  }

  /// One operation of RFC 6902, on the v1alpha1 document.
  mutating func apply(_ patch: ConfigPatch, _ origin: PatchOrigin) throws(MachineConfigError) {
    do throws(JSONPatch.Failure) {
      let operation = try JSONPatch.operation(patch)
      let index: Int
      do throws(MachineConfigError) { index = try v1alpha1(origin) } catch {
        throw JSONPatch.Failure(path: patch.path, reason: error.reason)
      }
      let gone = try JSONPatch.apply(operation, to: &documents[index], origin: origin)
      if let gone { note(gone, of: .v1alpha1, origin) }
    } catch {
      throw MachineConfigError(
        origin: origin, operation: PlainText.line(patch.op), path: PlainText.line(error.path), reason: error.reason)
    }
    // A copy can double what is there, and put it inside itself.
    if patch.op == "add" || patch.op == "copy" { try checkExtent(origin) }
  }

  mutating func merge(_ patch: [ConfigNode], _ origin: PatchOrigin) throws(MachineConfigError) {
    var merge = StrategicMerge(origin: origin)
    do throws(MachineConfigError) {
      try merge.merge(patch, into: &documents)
    } catch {
      var error = error
      error.origin = origin
      throw error
    }
    for place in merge.removed { note(place.path, of: place.document, origin) }
    nodes += patch.reduce(0) { $0 + $1.extent.nodes }
    if nodes > ConfigLimits.nodes { try checkExtent(origin) }
  }

  private mutating func note(_ path: JSONPointer, of document: ConfigDocumentID, _ origin: PatchOrigin) {
    removed.append(
      PatchedField(document: "\(document)", path: "\(path)", change: .removed, origin: "\(origin)"))
  }

  /// Sidero's condition for what it patches, and the last moment to see what a patch has made of it.
  func checkVersion() throws(MachineConfigError) {
    let index = try v1alpha1(nil)
    guard documents[index].text("version") == "v1alpha1" else {
      throw MachineConfigError(path: "/version", reason: "it is not v1alpha1")
    }
  }

  func checkExtent(_ origin: PatchOrigin?) throws(MachineConfigError) {
    let extents = documents.map(\.extent)
    guard extents.reduce(0, { $0 + $1.nodes }) <= ConfigLimits.nodes else {
      throw MachineConfigError(
        origin: origin, reason: "the configuration becomes larger than \(ConfigLimits.nodes) values")
    }
    guard extents.allSatisfy({ $0.depth <= ConfigLimits.depth }) else {
      throw MachineConfigError(
        origin: origin, reason: "the configuration becomes deeper than \(ConfigLimits.depth) levels")
    }
  }

  // MARK: What Siderite adds

  /// Puts a label among the kubelet's `node-labels`, beside those that are there.
  mutating func addNodeLabel(_ label: String) throws(MachineConfigError) {
    let index = try v1alpha1(.nodeLabel)
    try documents[index].addLabel(label, at: ["machine", "kubelet", "extraArgs", "node-labels"], depth: 0)
  }

  mutating func addSideroLink(_ endpoint: SideroLinkEndpoint) throws(MachineConfigError) {
    guard talosKnowsDocuments else { return }
    var added: [ConfigNode] = [
      .mapping(["apiVersion": "v1alpha1", "kind": "SideroLinkConfig", "apiUrl": "grpc://\(endpoint.api)"])
    ]
    if let server = endpoint.server {
      added += [
        .mapping(["apiVersion": "v1alpha1", "kind": "EventSinkConfig", "endpoint": "[\(server)]:4002"]),
        .mapping([
          "apiVersion": "v1alpha1", "kind": "KmsgLogConfig", "name": "remote-log", "url": "tcp://[\(server)]:4001",
        ]),
      ]
    }
    try merge(added, .sideroLink)
  }

  /// Talos 1.5 is the first that takes several documents. Its version is told by the installer's tag, if at all; who does
  /// not tell is taken for newer.
  private var talosKnowsDocuments: Bool {
    guard documents.count == 1, let image = documents[0]["machine"]?["install"]?.text("image"),
      let colon = image.lastIndex(of: ":")
    else { return true }
    let parts = image[image.index(after: colon)...].split(separator: ".")
    guard parts.count >= 2, parts[0] == "v1", let minor = Int(parts[1]) else { return true }
    return minor >= 5
  }

  // MARK: Who set what

  /// What has an origin, outermost first: a field that was set as a whole is told once.
  var fields: [PatchedField] {
    var fields: [PatchedField] = []
    for document in documents {
      guard let id = try? ConfigDocumentID(of: document) else { continue }
      document.collect(into: &fields, "\(id)", at: JSONPointer(tokens: []))
    }
    return fields + removed
  }
}

extension ConfigNode {
  /// - Throws: where the way there is no mapping.
  fileprivate mutating func addLabel(_ label: String, at path: [String], depth: Int) throws(MachineConfigError) {
    if depth == path.count {
      switch value {
      case .scalar(let scalar) where scalar.isNull || scalar.text.isEmpty: self = .string(label).marked(.nodeLabel)
      case .scalar(let scalar):
        guard !scalar.text.split(separator: ",").contains(Substring(label)) else { return }
        self = .string("\(scalar.text),\(label)").marked(.nodeLabel)
      case .sequence(let items):
        // Talos takes a list of values for an argument since 1.13.
        guard !items.contains(where: { $0.isEqual(to: .string(label)) }) else { return }
        value = .sequence(items + [.string(label).marked(.nodeLabel)])
      case .mapping: throw Self.noPlace(path, depth)
      }
      return
    }
    if isNull { self = ConfigNode(.mapping([]), origin: .nodeLabel) }
    guard case .mapping(var entries) = value else { throw Self.noPlace(path, depth) }
    value = .mapping([])
    let index: Int
    if let found = entries.firstIndex(where: { $0.key.text == path[depth] }) {
      index = found
    } else {
      index = entries.count
      entries.append(ConfigEntry(ConfigScalar(path[depth]), .null))
    }
    try entries[index].value.addLabel(label, at: path, depth: depth + 1)
    value = .mapping(entries)
  }

  private static func noPlace(_ path: [String], _ depth: Int) -> MachineConfigError {
    MachineConfigError(
      origin: .nodeLabel, path: "\(JSONPointer(tokens: Array(path.prefix(depth))))",
      reason: "this is not what a kubelet's arguments can stand in")
  }

  fileprivate func collect(into fields: inout [PatchedField], _ document: String, at path: JSONPointer) {
    if let origin, isOf(origin) {
      fields.append(PatchedField(document: document, path: "\(path)", change: .set, origin: "\(origin)"))
      return
    }
    switch value {
    case .scalar: return
    case .mapping(let entries):
      for entry in entries {
        entry.value.collect(into: &fields, document, at: JSONPointer(tokens: path.tokens + [entry.key.text]))
      }
    case .sequence(let items):
      for (index, item) in items.enumerated() {
        item.collect(into: &fields, document, at: JSONPointer(tokens: path.tokens + ["\(index)"]))
      }
    }
  }

  /// Whether all of it has that origin.
  private func isOf(_ origin: PatchOrigin) -> Bool {
    guard self.origin == origin else { return false }
    return switch value {
    case .scalar: true
    case .sequence(let items): items.allSatisfy { $0.isOf(origin) }
    case .mapping(let entries): entries.allSatisfy { $0.value.isOf(origin) }
    }
  }
}
