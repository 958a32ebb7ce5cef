extension ServerKind {
  public static func spec(
    _ older: JSONValue, of version: String, hub: ServerSpec?, recording trace: ManifestTrace
  ) -> ServerSpec? {
    guard let older = trace.value(V1Alpha1.ServerSpec.self, from: older, at: "spec") else { return nil }
    var spec = hub ?? ServerSpec()
    let before = V1Alpha1.ServerSpec(spec)
    spec.environmentRef = older.environmentRef
    spec.hostname = older.hostname
    spec.bmc = older.bmc
    spec.managementApi = older.managementApi
    spec.configPatches = older.configPatches
    spec.accepted = older.accepted
    spec.cordoned = older.cordoned
    spec.pxeBootAlways = older.pxeBootAlways
    spec.bootFromDiskMethod = older.bootFromDiskMethod
    spec.pxeMode = older.pxeMode
    if older.system != before.system { spec.set(older.system) }
    if older.cpu != before.cpu { spec.set(older.cpu) }
    return spec
  }

  public static func todaysName(ofField field: String) -> String {
    ["system", "cpu"].contains(field) ? "hardware" : field
  }

  public static func olderSpec(_ spec: ServerSpec, version: String) -> JSONValue {
    JSONValue(encoding: V1Alpha1.ServerSpec(spec))
  }

  public static func specType(of version: String) -> any Decodable.Type {
    version == V1Alpha1.apiVersion ? V1Alpha1.ServerSpec.self : ServerSpec.self
  }
}

extension V1Alpha1.ServerSpec {
  fileprivate init(_ spec: ServerSpec) {
    self.init()
    environmentRef = spec.environmentRef
    hostname = spec.hostname
    system = spec.hardware?.system.map { V1Alpha1.System($0) }
    cpu = spec.hardware?.compute?.processors?.first.map {
      V1Alpha1.CPU(manufacturer: $0.manufacturer, version: $0.productName)
    }
    bmc = spec.bmc
    managementApi = spec.managementApi
    configPatches = spec.configPatches
    accepted = spec.accepted
    cordoned = spec.cordoned
    pxeBootAlways = spec.pxeBootAlways
    bootFromDiskMethod = spec.bootFromDiskMethod
    pxeMode = spec.pxeMode
  }
}

extension ServerSpec {
  fileprivate mutating func set(_ system: V1Alpha1.System?) {
    var hardware = hardware ?? HardwareInformation()
    if let system {
      hardware.system = system.today(over: hardware.system)
    } else {
      hardware.system = hardware.system?.uuid.map { SystemInformation(uuid: $0) }
    }
    self.hardware = hardware
  }

  /// Of the first processor's facts, those that the older version knows; the others stay.
  fileprivate mutating func set(_ cpu: V1Alpha1.CPU?) {
    var hardware = hardware ?? HardwareInformation()
    var processors = hardware.compute?.processors ?? []
    if processors.isEmpty, cpu != nil { processors = [Processor()] }
    if !processors.isEmpty {
      processors[0].manufacturer = cpu?.manufacturer
      processors[0].productName = cpu?.version
    }
    // Not summed up: nothing is known of their cores.
    if hardware.compute == nil { hardware.compute = ComputeInformation() }
    hardware.compute?.processors = processors
    self.hardware = hardware
  }
}
