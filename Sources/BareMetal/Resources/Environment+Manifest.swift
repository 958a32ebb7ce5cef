extension EnvironmentKind: ManifestKind {
  public static let olderVersions = [V1Alpha1.apiVersion]

  public static func problems(_ spec: EnvironmentSpec) -> [FieldProblem] { spec.problems() }
}
