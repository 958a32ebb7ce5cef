public import BareMetal

extension Resource<ServerKind> {
  /// A Server of that name, as one would be registered.
  public static func example(_ name: String, hostname: String = "host") -> Server {
    var server = Server(metadata: ObjectMeta(name: name), spec: ServerSpec(), status: ServerStatus())
    server.spec.hostname = hostname
    server.spec.hardware = HardwareInformation(
      system: SystemInformation(uuid: name, manufacturer: "QEMU", productName: "Standard PC (Q35 + ICH9, 2009)"),
      compute: ComputeInformation(processors: [Processor(manufacturer: "QEMU", speed: 2000, coreCount: 4)]),
      storage: StorageInformation(devices: [StorageDevice(type: "SSD", size: 9_007_199_254_740_993)]))
    return server
  }
}

extension Error {
  var isInvalid: Bool {
    if case .invalid? = self as? StoreError { true } else { false }
  }
}
