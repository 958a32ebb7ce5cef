extension JSONValue {
  /// What a JSON patch makes of it (RFC 6902): all operations, or none.
  /// - Throws: a problem whose path is the operation's place in the list.
  public func patched(by operations: [ConfigPatch]) throws(FieldProblem) -> JSONValue {
    var node = ConfigNode(self)
    for (index, operation) in operations.enumerated() {
      do throws(JSONPatch.Failure) {
        let origin = PatchOrigin.patch(kind: "", name: "", field: "[\(index)]")
        _ = try JSONPatch.apply(try JSONPatch.operation(operation), to: &node, origin: origin)
      } catch {
        throw FieldProblem(
          path: "[\(index)]", message: "\(PlainText.line("\(operation.op) \(error.path)")): \(error.reason)")
      }
    }
    return JSONValue(node)
  }

  private init(_ node: ConfigNode) {
    switch node.value {
    case .scalar(let scalar):
      switch scalar.meaning {
      case .null: self = .null
      case .bool(let value): self = .bool(value)
      case .integer(let value): self = .integer(value)
      case .number(let value): self = .number(value)
      case .string(let text): self = .string(text)
      }
    case .sequence(let items): self = .array(items.map { JSONValue($0) })
    case .mapping(let entries):
      self = .object(Dictionary(entries.map { ($0.key.text, JSONValue($0.value)) }) { $1 })
    }
  }
}

extension FieldProblem: Error {}
