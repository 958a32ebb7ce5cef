extension EnvironmentKind {
  public static func spec(
    _ older: JSONValue, of version: String, hub: EnvironmentSpec?, recording trace: ManifestTrace
  ) -> EnvironmentSpec? {
    guard let older = trace.value(V1Alpha1.EnvironmentSpec.self, from: older, at: "spec") else { return nil }
    var spec = hub ?? EnvironmentSpec()
    spec.kernel = older.kernel
    spec.initrd = older.initrd
    return spec
  }

  public static func olderSpec(_ spec: EnvironmentSpec, version: String) -> JSONValue {
    JSONValue(encoding: V1Alpha1.EnvironmentSpec(kernel: spec.kernel, initrd: spec.initrd))
  }

  public static func specType(of version: String) -> any Decodable.Type {
    version == V1Alpha1.apiVersion ? V1Alpha1.EnvironmentSpec.self : EnvironmentSpec.self
  }
}
