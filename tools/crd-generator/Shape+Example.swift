import BareMetal

extension Shape {
  /// JSON with every field there is, once: what nothing may be lost of.
  var example: JSONValue {
    switch self {
    case .boolean: .bool(true)
    case .integer(let minimum, let maximum): .integer(max(minimum ?? 7, min(maximum ?? 7, 7)))
    case .number: .number(1.5)
    case .text: .string("text")
    case .time: .string("2026-01-02T03:04:05Z")
    case .choice(let texts, _): .string(texts.last ?? "")
    case .integerOrText: .string(">= 7")
    case .anything: .object(["free": .array([.integer(1), .null, .object(["deep": .bool(false)])])])
    case .list(let element): .array([element.example])
    case .map(let element): .object(["key": element.example])
    case .object(let fields, _):
      .object(Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.example) }))
    }
  }
}

extension Shape.Field {
  /// Operations of patches are texts that only some values are good for.
  fileprivate var example: JSONValue {
    switch name {
    case "op": .string("add")
    case "operator": .string("In")
    default: shape.example
    }
  }
}

extension ManifestKind {
  /// An object of a version that has every field.
  static func example(of version: String, named name: String) throws -> JSONValue {
    var metadata: [String: JSONValue] = ["name": .string(name)]
    if isNamespaced { metadata["namespace"] = .string("default") }
    return .object([
      "apiVersion": .string(version), "kind": .string(kind), "metadata": .object(metadata),
      "spec": try ShapeReader.shape(of: specType(of: version)).example,
      "status": try ShapeReader.shape(of: statusType(of: version)).example,
    ])
  }
}
