extension ServerKind: ManifestKind {
  public static let olderVersions = [V1Alpha1.apiVersion]

  public static func problems(_ spec: ServerSpec) -> [FieldProblem] {
    var problems = spec.patchProblems
    if let bmc = spec.bmc { problems += bmc.problems }
    if let managementApi = spec.managementApi, managementApi.endpoint.isEmpty {
      problems.append(FieldProblem(path: "spec.managementApi.endpoint", message: "is empty"))
    }
    problems += spec.environmentRef.problems(at: "spec.environmentRef")
    if let policy = spec.wipePolicy { problems += policy.problems(at: "spec.wipePolicy") }
    return problems
  }
}

extension BMC {
  var problems: [FieldProblem] {
    var problems: [FieldProblem] = []
    func record(_ field: String, _ message: String) {
      problems.append(FieldProblem(path: "spec.bmc.\(field)", message: message))
    }
    if endpoint.isEmpty { record("endpoint", "is empty") }
    if let port, !(1...65_535).contains(port) { record("port", "\(port) is no UDP or TCP port: 1 to 65535 are") }
    for (name, text, source) in [("user", user, userFrom), ("pass", pass, passFrom)] {
      guard let source else { continue }
      if let text, !text.isEmpty { record("\(name)From", "is not for a BMC that has \(name)") }
      guard let reference = source.secretKeyRef else {
        record("\(name)From", "says nothing: it needs secretKeyRef")
        continue
      }
      for (field, value) in [("name", reference.name), ("key", reference.key)] where value.isEmpty {
        record("\(name)From.secretKeyRef.\(field)", "is empty")
      }
    }
    return problems
  }
}

extension Optional<ObjectReference> {
  /// A reference is by name.
  func problems(at path: String) -> [FieldProblem] {
    guard let self else { return [] }
    guard let name = self.name, !name.isEmpty else {
      return [FieldProblem(path: "\(path).name", message: "is missing")]
    }
    return ResourceName.isValid(name) ? [] : [FieldProblem(path: "\(path).name", message: ResourceName.rule)]
  }
}
