/// Talos' strategic merge: documents that look like parts of a machine configuration, merged into it.
///
/// Documents are matched by apiVersion, kind and name, and appended where there is none. In them mappings are merged, lists
/// appended, values replaced; an empty string, a zero and a null replace nothing, since Talos cannot tell them from what is
/// absent. Some lists and mappings go by other rules (``Rule``). `$patch: delete` in a mapping removes what it stands in,
/// before anything is merged.
struct StrategicMerge {
  /// How two lists, or two mappings, become one.
  private enum Rule {
    case append
    /// The patch's instead.
    case replace
    /// Items with equal keys are merged; by the first of the keys that the patch's item has.
    case byKey([String])
    /// Items with equal keys are replaced.
    case replaceByKey(String)
  }

  let origin: PatchOrigin
  /// What was deleted, for the record: document and place.
  private(set) var removed: [(document: ConfigDocumentID, path: JSONPointer)] = []

  init(origin: PatchOrigin) { self.origin = origin }

  /// Merges a patch's documents into a configuration's.
  mutating func merge(_ patch: [ConfigNode], into documents: inout [ConfigNode]) throws(MachineConfigError) {
    for document in patch where !document.isNull {
      let id = try ConfigDocumentID(of: document)
      if id == .v1alpha1 { try checkKeys(document) }
      guard let index = try documents.firstIndex(of: id) else {
        // What is to be deleted from a document that is not there, is not there.
        if let rest = Self.withoutDeletions(document), !Self.isBare(rest) { documents.append(rest.marked(origin)) }
        continue
      }
      if document.isDeletion {
        guard id != .v1alpha1 else { throw error(JSONPointer(tokens: []), "the v1alpha1 document cannot be deleted") }
        documents.remove(at: index)
        removed.append((id, JSONPointer(tokens: [])))
        continue
      }
      try delete(document, from: &documents[index], id, at: JSONPointer(tokens: []))
      guard let rest = Self.withoutDeletions(document) else { continue }
      try merge(rest, into: &documents[index], id, at: [])
    }
  }

  private func checkKeys(_ document: ConfigNode) throws(MachineConfigError) {
    guard case .mapping(let entries) = document.value else { return }
    for entry in entries where !ConfigDocumentID.v1alpha1Keys.contains(entry.key.text) && entry.key.text != "$patch" {
      throw error(
        JSONPointer(tokens: [entry.key.text]),
        "a v1alpha1 document has only \(ConfigDocumentID.v1alpha1Keys.sorted().joined(separator: ", "))")
    }
  }

  private func error(_ path: JSONPointer, _ reason: String) -> MachineConfigError {
    MachineConfigError(origin: origin, path: path.tokens.isEmpty ? nil : "\(path)", reason: reason)
  }

  // MARK: Merging

  /// - Parameter path: keys only; a list's items have their list's path.
  private func merge(
    _ patch: ConfigNode, into node: inout ConfigNode, _ document: ConfigDocumentID, at path: [String]
  ) throws(MachineConfigError) {
    guard !patch.isNull else { return }
    if node.isNull {
      node = patch.marked(origin)
      return
    }
    switch (node.value, patch.value) {
    case (.mapping(var entries), .mapping(let new)):
      if case .replace = Self.rule(document, path) {
        node = patch.marked(origin)
        return
      }
      node.value = .mapping([])
      for entry in new {
        guard let index = entries.firstIndex(where: { $0.key.text == entry.key.text }) else {
          entries.append(ConfigEntry(entry.key, entry.value.marked(origin)))
          continue
        }
        if path.last == "extraArgs" {
          // An argument is text or a list of texts; whatever it was, it is what the patch says.
          entries[index].value = entry.value.marked(origin)
        } else {
          try merge(entry.value, into: &entries[index].value, document, at: path + [entry.key.text])
        }
      }
      node.value = .mapping(entries)
    case (.sequence(let items), .sequence(let new)):
      node.value = .sequence(try merged(items, new, document, at: path))
      if case .replace = Self.rule(document, path) { node.origin = origin }
    case (.scalar, .scalar(let scalar)):
      if !scalar.isUnset { node = patch.marked(origin) }
    default:
      throw error(
        JSONPointer(tokens: path), "this is \(node.kindName) in the configuration and \(patch.kindName) in the patch")
    }
  }

  private func merged(
    _ items: [ConfigNode], _ new: [ConfigNode], _ document: ConfigDocumentID, at path: [String]
  ) throws(MachineConfigError) -> [ConfigNode] {
    let rule = Self.rule(document, path)
    var items = items
    switch rule {
    case .append: items += new.map { $0.marked(origin) }
    case .replace: items = new.map { $0.marked(origin) }
    case .replaceByKey(let key):
      for item in new {
        if let index = items.firstIndex(where: { $0.text(key) == item.text(key) }) {
          items[index] = item.marked(origin)
        } else {
          items.append(item.marked(origin))
        }
      }
    case .byKey(let keys):
      for item in new {
        guard let key = keys.first(where: { item[$0] != nil && item[$0]?.isNull == false }), let value = item[key],
          let index = items.firstIndex(where: { $0[key]?.isEqual(to: value) ?? false })
        else {
          items.append(item.marked(origin))
          continue
        }
        try merge(item, into: &items[index], document, at: path)
      }
    }
    return items
  }

  /// Which lists and mappings of Talos' documents are merged in a way of their own.
  private static func rule(_ document: ConfigDocumentID, _ path: [String]) -> Rule {
    switch (document.kind, path.joined(separator: "/")) {
    case ("", "machine/network/interfaces"): .byKey(["interface", "deviceSelector"])
    case ("", "machine/network/interfaces/vlans"): .byKey(["vlanId"])
    case ("", "cluster/apiServer/admissionControl"): .byKey(["name"])
    case ("", "cluster/network/podSubnets"), ("", "cluster/network/serviceSubnets"),
      ("", "cluster/apiServer/auditPolicy"),
      ("KubeNetworkConfig", "podSubnets"), ("KubeNetworkConfig", "serviceSubnets"),
      ("KubeAuditPolicyConfig", "configuration"), ("KubeAuthenticationConfig", "configuration"),
      ("KubeCredentialProviderConfig", "configuration"), ("KubeStaticPodConfig", "pod"),
      ("CRIBaseRuntimeSpecConfig", "overrides"), ("BGPInstanceConfig", "advertise"),
      ("BGPInstanceConfig", "importRoutes"), ("BGPInstanceConfig", "neighbors"), ("NetworkRuleConfig", "ingress"),
      ("NetworkRuleConfig", "portSelector/ports"):
      .replace
    case ("ExtensionServiceConfig", "configFiles"): .byKey(["mountPath"])
    case ("ImageVerificationConfig", "rules"): .replaceByKey("image")
    default: .append
    }
  }

  // MARK: Deleting

  /// Removes what the patch marks, all of it before anything is merged.
  private mutating func delete(
    _ patch: ConfigNode, from node: inout ConfigNode, _ document: ConfigDocumentID, at path: JSONPointer
  ) throws(MachineConfigError) {
    guard case .mapping(let marks) = patch.value else { return }
    for mark in marks {
      let place = JSONPointer(tokens: path.tokens + [mark.key.text])
      guard mark.value.hasDeletions else { continue }
      guard case .mapping(var entries) = node.value,
        let index = entries.firstIndex(where: { $0.key.text == mark.key.text })
      else { throw error(place, "there is nothing there that could be deleted") }
      node.value = .mapping([])
      if mark.value.isDeletion {
        entries.remove(at: index)
        removed.append((document, place))
      } else if case .sequence(let items) = mark.value.value {
        try delete(items, from: &entries[index].value, document, at: place)
      } else {
        try delete(mark.value, from: &entries[index].value, document, at: place)
      }
      node.value = .mapping(entries)
    }
  }

  /// Removes the items that the patch's marked ones name, by the first key that is not `$patch`.
  private mutating func delete(
    _ marks: [ConfigNode], from node: inout ConfigNode, _ document: ConfigDocumentID, at path: JSONPointer
  ) throws(MachineConfigError) {
    for mark in marks where mark.hasDeletions {
      guard mark.isDeletion else { throw error(path, "only whole items of a list can be deleted") }
      guard case .mapping(let entries) = mark.value, let key = entries.first(where: { $0.key.text != "$patch" }) else {
        throw error(path, "an item to be deleted is named by one of its keys")
      }
      guard case .sequence(var items) = node.value,
        let index = items.firstIndex(where: { $0[key.key.text]?.isEqual(to: key.value) ?? false })
      else { throw error(path, "there is no item with this \(key.key.text) that could be deleted") }
      node.value = .sequence([])
      items.remove(at: index)
      node.value = .sequence(items)
      removed.append((document, JSONPointer(tokens: path.tokens + ["\(index)"])))
    }
  }

  /// The patch without what it deletes; `nil` when nothing is left.
  private static func withoutDeletions(_ node: ConfigNode) -> ConfigNode? {
    guard node.hasDeletions else { return node }
    guard !node.isDeletion else { return nil }
    switch node.value {
    case .scalar: return node
    case .sequence(let items):
      let rest = items.compactMap { withoutDeletions($0) }
      return rest.isEmpty ? nil : ConfigNode(.sequence(rest))
    case .mapping(let entries):
      let rest = entries.compactMap { entry in withoutDeletions(entry.value).map { ConfigEntry(entry.key, $0) } }
      return rest.isEmpty ? nil : ConfigNode(.mapping(rest))
    }
  }

  /// Whether nothing is left of the document but what it is told by.
  private static func isBare(_ node: ConfigNode) -> Bool {
    guard case .mapping(let entries) = node.value else { return false }
    return entries.allSatisfy { ["version", "apiVersion", "kind", "name"].contains($0.key.text) }
  }
}

extension ConfigNode {
  /// Whether it says `$patch: delete`.
  fileprivate var isDeletion: Bool { text("$patch") == "delete" }

  fileprivate var hasDeletions: Bool {
    switch value {
    case .scalar: false
    case .sequence(let items): items.contains { $0.hasDeletions }
    case .mapping(let entries): isDeletion || entries.contains { $0.value.hasDeletions }
    }
  }
}

extension ConfigScalar {
  /// What Talos takes for absent.
  fileprivate var isUnset: Bool {
    switch meaning {
    case .null, .integer(0), .string(""): true
    case .number(let value): value == 0
    default: false
    }
  }
}

extension [ConfigNode] {
  /// The document of that identity.
  func firstIndex(of id: ConfigDocumentID) throws(MachineConfigError) -> Int? {
    for (index, document) in enumerated() where try ConfigDocumentID(of: document) == id { return index }
    return nil
  }
}
