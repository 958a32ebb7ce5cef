import BareMetal

/// What a write changes of an object.
enum ResourceChange: Sendable {
  /// Labels, annotations, finalizers, owner references and spec.
  case object
  /// The status subresource.
  case status

  /// The merge patch that makes `new` of `old`; `nil` where nothing differs. What is written empty and what is absent are
  /// the same.
  func patch<Kind: ResourceKind>(from old: Resource<Kind>, to new: Resource<Kind>) -> JSONValue? {
    let (before, after) = (parts(old), parts(new))
    guard before != after, case .object(let changes) = before.mergePatch(to: after), !changes.isEmpty else {
      return nil
    }
    return .object(changes)
  }

  /// Whether the stored object says what was to be written.
  func isDone<Kind: ResourceKind>(in stored: Resource<Kind>, wanted: Resource<Kind>) -> Bool {
    patch(from: stored, to: wanted) == nil
  }

  /// Whether the stored object says all that the new one says; it may say more.
  func isContained<Kind: ResourceKind>(_ new: Resource<Kind>, in stored: Resource<Kind>) -> Bool {
    let stored = parts(stored)
    return stored.merging(parts(new)) == stored
  }

  private func parts<Kind: ResourceKind>(_ object: Resource<Kind>) -> JSONValue {
    switch self {
    case .status: return .object(["status": JSONValue(encoding: object.status)])
    case .object:
      var metadata: [String: JSONValue] = [:]
      if let labels = object.metadata.labels, !labels.isEmpty { metadata["labels"] = JSONValue(encoding: labels) }
      if let annotations = object.metadata.annotations, !annotations.isEmpty {
        metadata["annotations"] = JSONValue(encoding: annotations)
      }
      if let finalizers = object.metadata.finalizers, !finalizers.isEmpty {
        metadata["finalizers"] = JSONValue(encoding: finalizers)
      }
      if let owners = object.metadata.ownerReferences, !owners.isEmpty {
        metadata["ownerReferences"] = JSONValue(encoding: owners)
      }
      return .object(["metadata": .object(metadata), "spec": JSONValue(encoding: object.spec)])
    }
  }
}

extension JSONValue {
  /// A merge patch that is refused unless the object still has that version.
  func onlyIf(version: String) -> JSONValue {
    merging(.object(["metadata": .object(["resourceVersion": .string(version)])]))
  }

  /// Where a number is that the API server would round: it holds integers up to 2^63.
  func pathOfHugeNumber(_ path: String = "") -> String? {
    switch self {
    case .number(let value): return value.magnitude >= 0x1p63 ? path : nil
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        if let found = element.pathOfHugeNumber("\(path)[\(index)]") { return found }
      }
      return nil
    case .object(let fields):
      for (key, value) in fields {
        if let found = value.pathOfHugeNumber(path.isEmpty ? key : "\(path).\(key)") { return found }
      }
      return nil
    default: return nil
    }
  }
}
