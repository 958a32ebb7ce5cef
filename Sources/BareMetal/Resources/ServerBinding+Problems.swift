extension ServerBindingKind: ManifestKind {
  /// A binding's references are not required to be complete: Cluster API writes them with other words than people do.
  public static func problems(_ spec: ServerBindingSpec) -> [FieldProblem] {
    var problems = spec.serverClassRef.problems(at: "spec.serverClassRef")
    for (field, value) in [("name", spec.configRef?.name), ("key", spec.configRef?.key)] where value == "" {
      problems.append(FieldProblem(path: "spec.configRef.\(field)", message: "is empty"))
    }
    return problems
  }
}
