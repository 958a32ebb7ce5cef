import BareMetal

/// Puts shapes into the words of a structural OpenAPI v3 schema (`apiextensions.k8s.io/v1`), with the texts of the
/// sources.
final class SchemaWriter {
  let docs: DocComments
  /// Fields and types that say nothing of themselves: `kubectl explain` would be empty there.
  private(set) var undocumented: Set<String> = []

  init(docs: DocComments) { self.docs = docs }

  /// Texts that Sidero's types leave open and we do not, by type and field.
  private static let choices: [String: [String]] = [
    "ConfigPatch.op": ConfigPatch.operations,
    "LabelSelectorRequirement.operator": LabelSelectorSpec.operators,
  ]

  /// What the API server fills in where nothing is said, by type and field. As few as can be: what is filled in can no
  /// longer be told from what somebody wants.
  private static let defaults: [String: JSONValue] = ["SecretKeyRef.namespace": .string("default")]

  /// The schema of one version of a kind.
  func schema(kind: String, spec: Shape, status: Shape) -> JSONValue {
    var properties: [String: JSONValue] = [
      "apiVersion": .object([
        "type": .string("string"), "description": .string("The API group and version that this object is written in."),
      ]),
      "kind": .object(["type": .string("string"), "description": .string("What this is: \(kind).")]),
      "metadata": .object(["type": .string("object")]),
      "status": schema(status, description: description(of: status)),
    ]
    var specSchema = schema(spec, description: description(of: spec)).fields
    let isRequired = specSchema["required"] != nil
    // An object without a spec is one that says nothing; readers need not know the difference.
    if !isRequired { specSchema["default"] = .object([:]) }
    properties["spec"] = .object(specSchema)
    var fields: [String: JSONValue] = ["type": .string("object"), "properties": .object(properties)]
    if isRequired { fields["required"] = .array([.string("spec")]) }
    fields["description"] = .string(documented(docs.text(ofType: kind), kind))
    return .object(fields)
  }

  private func documented(_ text: String?, _ name: String) -> String {
    if text == nil { undocumented.insert(name) }
    return text ?? ""
  }

  private func description(of shape: Shape) -> String? {
    switch shape {
    case .object(_, let type), .choice(_, let type): docs.text(ofType: type)
    case .list(let element), .map(let element): description(of: element)
    default: nil
    }
  }

  private func schema(_ shape: Shape, description: String?) -> JSONValue {
    var fields: [String: JSONValue] = [:]
    fields["description"] = description.map { .string($0) }
    switch shape {
    case .boolean: fields["type"] = .string("boolean")
    case .number: fields["type"] = .string("number")
    case .text: fields["type"] = .string("string")
    case .time:
      fields["type"] = .string("string")
      fields["format"] = .string("date-time")
    case .integer(let minimum, let maximum):
      fields["type"] = .string("integer")
      fields["format"] = .string(minimum == Int64(Int32.min) ? "int32" : "int64")
      // What the format says already is not said again.
      if minimum != Int64(Int32.min) {
        fields["minimum"] = minimum.map { .integer($0) }
        fields["maximum"] = maximum.map { .integer($0) }
      }
    case .choice(let texts, let type):
      fields["type"] = .string("string")
      fields["enum"] = .array(texts.map { .string($0) })
      fields["description"] = .string(explained(texts, of: type, after: description))
    case .integerOrText: fields["x-kubernetes-int-or-string"] = .bool(true)
    case .anything:
      fields["x-kubernetes-preserve-unknown-fields"] = .bool(true)
      // Else the API server takes a null away, which `add` may set.
      fields["nullable"] = .bool(true)
    case .list(let element):
      fields["type"] = .string("array")
      fields["items"] = schema(element, description: nil)
    case .map(let element):
      fields["type"] = .string("object")
      fields["additionalProperties"] = schema(element, description: nil)
    case .object(let members, let type):
      fields["type"] = .string("object")
      fields["properties"] = .object(properties(members, of: type))
      let required = members.filter(\.isRequired).map(\.name).sorted()
      if !required.isEmpty { fields["required"] = .array(required.map { .string($0) }) }
    }
    return .object(fields)
  }

  private func properties(_ members: [Shape.Field], of type: String) -> [String: JSONValue] {
    var properties: [String: JSONValue] = [:]
    for member in members {
      let name = "\(type).\(member.name)"
      var text = documented(docs.text(of: member.name, in: type) ?? description(of: member.shape), name)
      if member.shape == .integerOrText, let how = docs.text(ofType: "QuantityQualifier") { text += "\n" + how }
      var fields = schema(member.shape, description: text).fields
      if let texts = Self.choices[name] { fields["enum"] = .array(texts.map { .string($0) }) }
      fields["default"] = member.isFalseWhenAbsent ? .bool(false) : Self.defaults[name]
      properties[member.name] = .object(fields)
    }
    return properties
  }

  /// The choices, each with what the sources say of it.
  private func explained(_ texts: [String], of type: String, after description: String?) -> String {
    ([description ?? docs.text(ofType: type)].compactMap(\.self) + ["One of: \(texts.joined(separator: ", "))."])
      .joined(separator: "\n")
  }
}
