extension ServerClassKind {
  /// Entries that the product of two lists may have.
  private static let maximumEntries = 1024

  public static func spec(
    _ older: JSONValue, of version: String, hub: ServerClassSpec?, recording trace: ManifestTrace
  ) -> ServerClassSpec? {
    guard let older = trace.value(V1Alpha1.ServerClassSpec.self, from: older, at: "spec") else { return nil }
    var spec = hub ?? ServerClassSpec()
    let before = V1Alpha1.ServerClassSpec(spec)
    spec.environmentRef = older.environmentRef
    spec.selector = older.selector
    spec.configPatches = older.configPatches
    spec.bootFromDiskMethod = older.bootFromDiskMethod
    if older.qualifiers != before.qualifiers {
      guard let qualifiers = older.qualifiers else {
        spec.qualifiers = nil
        return spec
      }
      let entries = max(qualifiers.cpu?.count ?? 0, 1) * max(qualifiers.systemInformation?.count ?? 0, 1)
      guard entries <= maximumEntries else {
        trace.record(
          FieldProblem(
            path: "spec.qualifiers",
            message: "makes \(entries) combinations of system and cpu, \(maximumEntries) are allowed"))
        return nil
      }
      var hardware = spec.qualifiers?.hardware
      if qualifiers.cpu != before.qualifiers?.cpu
        || qualifiers.systemInformation != before.qualifiers?.systemInformation
      {
        hardware = V1Alpha1.Qualifiers.product(qualifiers.systemInformation, qualifiers.cpu)
      }
      spec.qualifiers = Qualifiers(hardware: hardware, labelSelectors: qualifiers.labelSelectors)
    }
    return spec
  }

  public static func olderSpec(_ spec: ServerClassSpec, version: String) -> JSONValue {
    JSONValue(encoding: V1Alpha1.ServerClassSpec(spec))
  }

  public static func specType(of version: String) -> any Decodable.Type {
    version == V1Alpha1.apiVersion ? V1Alpha1.ServerClassSpec.self : ServerClassSpec.self
  }
}

extension V1Alpha1.ServerClassSpec {
  fileprivate init(_ spec: ServerClassSpec) {
    environmentRef = spec.environmentRef
    qualifiers = spec.qualifiers.map { V1Alpha1.Qualifiers($0) }
    selector = spec.selector
    configPatches = spec.configPatches
    bootFromDiskMethod = spec.bootFromDiskMethod
  }
}

extension V1Alpha1.Qualifiers {
  /// The two lists whose product the entries are; where they are no product, what stands in any of them.
  fileprivate init(_ qualifiers: Qualifiers) {
    labelSelectors = qualifiers.labelSelectors
    guard let hardware = qualifiers.hardware else { return }
    let systems = hardware.compactMap { $0.system.map { V1Alpha1.System($0) } }.withoutRepetition
    let processors = hardware.compactMap { $0.compute?.processors?.first }
    let cpus = processors.map { V1Alpha1.CPU(manufacturer: $0.manufacturer, version: $0.productName) }.withoutRepetition
    systemInformation = systems.isEmpty ? nil : systems
    cpu = cpus.isEmpty ? nil : cpus
  }

  /// What the lists say together, as entries any of which is enough: every system with every processor.
  ///
  /// Sidero's own conversion puts the lists one after the other, so that a machine with any of the systems *or* any of
  /// the processors is in the class. Its documentation of v1alpha1 says *and*, which is also the one that takes no
  /// machine that was not meant.
  fileprivate static func product(_ systems: [V1Alpha1.System]?, _ cpus: [V1Alpha1.CPU]?) -> [HardwareQualifier]? {
    guard systems != nil || cpus != nil else { return nil }
    let systems: [SystemInformation?] = (systems ?? []).withoutRepetition.map { $0.today() }
    let computes: [ComputeQualifier?] = (cpus ?? []).withoutRepetition.map { cpu in
      ComputeQualifier(processors: [ProcessorQualifier(manufacturer: cpu.manufacturer, productName: cpu.version)])
    }
    guard !(systems.isEmpty && computes.isEmpty) else { return nil }
    return (systems.isEmpty ? [nil] : systems).flatMap { system in
      (computes.isEmpty ? [nil] : computes).map { HardwareQualifier(system: system, compute: $0) }
    }
  }
}

extension Array where Element: Hashable {
  /// Each element once, at its first place.
  fileprivate var withoutRepetition: [Element] {
    var seen = Set<Element>()
    return filter { seen.insert($0).inserted }
  }
}
