extension ServerClassKind: ManifestKind {
  public static let olderVersions = [V1Alpha1.apiVersion]

  /// Sidero's samples have the list right under `qualifiers`, where its types have `qualifiers.hardware`: both are meant.
  public static func normalized(_ spec: JSONValue) -> JSONValue {
    guard case .object(var fields) = spec, case .array(let hardware)? = fields["qualifiers"] else { return spec }
    fields["qualifiers"] = .object(["hardware": .array(hardware)])
    return .object(fields)
  }

  public static func problems(_ spec: ServerClassSpec) -> [FieldProblem] {
    var problems = spec.patchProblems
    problems += spec.environmentRef.problems(at: "spec.environmentRef")
    for (index, hardware) in (spec.qualifiers?.hardware ?? []).enumerated() {
      problems += hardware.problems(at: "spec.qualifiers.hardware[\(index)]")
    }
    for (index, labels) in (spec.qualifiers?.labelSelectors ?? []).enumerated() {
      if labels.isEmpty {
        problems.append(
          FieldProblem(
            path: "spec.qualifiers.labelSelectors[\(index)]",
            message: "says nothing: every Server would be as one of the list says; leave it out, or name a label"))
      }
      for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
        let path = ManifestDecoder.path(key, under: "spec.qualifiers.labelSelectors[\(index)]")
        problems += LabelRule.problems(key: key, value: value, at: path)
      }
    }
    if let selector = spec.selector { problems += selector.problems(at: "spec.selector") }
    if let spreadBy = spec.spreadBy, let message = LabelRule.problem(key: spreadBy) {
      problems.append(FieldProblem(path: "spec.spreadBy", message: message))
    }
    return problems
  }
}

extension LabelSelectorSpec {
  public static let operators = ["In", "NotIn", "Exists", "DoesNotExist"]

  func problems(at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    for (key, value) in (matchLabels ?? [:]).sorted(by: { $0.key < $1.key }) {
      problems += LabelRule.problems(
        key: key, value: value, at: ManifestDecoder.path(key, under: "\(path).matchLabels"))
    }
    for (index, requirement) in (matchExpressions ?? []).enumerated() {
      let path = "\(path).matchExpressions[\(index)]"
      func record(_ field: String, _ message: String) {
        problems.append(FieldProblem(path: "\(path).\(field)", message: message))
      }
      if let message = LabelRule.problem(key: requirement.key) { record("key", message) }
      switch requirement.operator {
      case "In", "NotIn":
        if (requirement.values ?? []).isEmpty { record("values", "is missing: \(requirement.operator) needs some") }
      case "Exists", "DoesNotExist":
        if requirement.values?.isEmpty == false { record("values", "is not for \(requirement.operator)") }
      default:
        let found = PlainText.line(requirement.operator)
        record("operator", "'\(found)' is not one of \(Self.operators.joined(separator: ", "))")
      }
      for (index, value) in (requirement.values ?? []).enumerated() {
        if let message = LabelRule.problem(value: value) { record("values[\(index)]", message) }
      }
    }
    return problems
  }
}
