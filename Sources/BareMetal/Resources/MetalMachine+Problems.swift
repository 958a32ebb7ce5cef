extension MetalMachineKind: ManifestKind {
  public static let olderVersions = [V1Alpha2Infrastructure.apiVersion]

  /// A machine without Server and class is one whose `serverRef` was lost: it is told by a condition, not refused.
  public static func problems(_ spec: MetalMachineSpec) -> [FieldProblem] { spec.problems(at: "spec") }
}

extension MetalMachineTemplateKind: ManifestKind {
  public static let olderVersions = [V1Alpha2Infrastructure.apiVersion]

  public static func problems(_ spec: MetalMachineTemplateSpec) -> [FieldProblem] {
    let machine = spec.template.spec
    var problems = machine.problems(at: "spec.template.spec")
    if machine.serverRef == nil, machine.serverClassRef == nil {
      problems.append(
        FieldProblem(path: "spec.template.spec", message: "needs serverClassRef, or serverRef for a single machine"))
    }
    return problems
  }

  public static func problems(_ spec: MetalMachineTemplateSpec, replacing old: MetalMachineTemplateSpec)
    -> [FieldProblem]
  {
    guard spec != old else { return [] }
    let message = "is not to be changed: machines that are to be other than they were get another template"
    return [FieldProblem(path: "spec.template.spec", message: message)]
  }
}

extension MetalMachineSpec {
  func problems(at path: String) -> [FieldProblem] {
    var problems = serverRef.problems(at: "\(path).serverRef")
    problems += serverClassRef.problems(at: "\(path).serverClassRef")
    if let providerID, !providerID.isEmpty, ProviderID(providerID) == nil {
      problems.append(
        FieldProblem(path: "\(path).providerID", message: "is \(ProviderID.scheme) and the name of a Server"))
    }
    return problems
  }
}
