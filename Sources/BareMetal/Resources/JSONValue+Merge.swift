extension JSONValue {
  /// What a merge patch makes of this (RFC 7396): objects are merged, `null` takes a field away, everything else
  /// replaces.
  public func merging(_ patch: JSONValue) -> JSONValue {
    guard case .object(let changes) = patch else { return patch }
    var fields = fields
    for (key, change) in changes {
      fields[key] = change == .null ? nil : (fields[key] ?? .null).merging(change)
    }
    return .object(fields)
  }

  /// The merge patch that makes `other` of this; an empty object where both are the same objects.
  ///
  /// A `null` in `other` cannot be said with one, and is as good as absent.
  public func mergePatch(to other: JSONValue) -> JSONValue {
    guard case .object(let before) = self, case .object(let after) = other else { return other }
    var changes: [String: JSONValue] = [:]
    for key in before.keys where after[key] == nil || after[key] == .null { changes[key] = .null }
    for (key, value) in after where value != .null && value != before[key] {
      if case .object? = before[key], case .object = value {
        changes[key] = before[key]?.mergePatch(to: value)
      } else {
        changes[key] = value
      }
    }
    return .object(changes)
  }

  /// What applying a manifest makes of this, as `kubectl apply` does it: what the manifest says is set, what it said
  /// when it was last applied and no longer says is taken away, and everything else stays as others have set it.
  public func applying(_ manifest: JSONValue, last: JSONValue?) -> JSONValue {
    merging(last?.removals(in: manifest) ?? .object([:])).merging(manifest)
  }

  /// The merge patch that takes away what this has and `manifest` has not.
  private func removals(in manifest: JSONValue) -> JSONValue {
    guard case .object(let before) = self, case .object(let after) = manifest else { return .object([:]) }
    var changes: [String: JSONValue] = [:]
    for (key, value) in before {
      guard let kept = after[key] else {
        changes[key] = .null
        continue
      }
      if case .object = value, case .object = kept { changes[key] = value.removals(in: kept) }
    }
    return .object(changes)
  }

  /// The fields of an object; none of anything else.
  public var fields: [String: JSONValue] {
    if case .object(let fields) = self { fields } else { [:] }
  }

  /// The text of a string.
  public var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// Where a merge patch changes something: `spec.accepted`, `metadata.labels.rack`. Sorted.
  public var changedPaths: [String] {
    guard case .object(let fields) = self else { return [] }
    return fields.sorted { $0.key < $1.key }.flatMap { key, value in
      let below = value.changedPaths
      return below.isEmpty ? [key] : below.map { "\(key).\($0)" }
    }
  }
}
