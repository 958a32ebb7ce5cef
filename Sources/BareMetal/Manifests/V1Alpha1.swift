/// `metal.sidero.dev/v1alpha1` as Sidero wrote it before 0.5: less hardware, and in other places.
enum V1Alpha1 {
  static let apiVersion = "metal.sidero.dev/v1alpha1"

  /// A Server's spec.
  struct ServerSpec: Codable, Hashable {
    var environmentRef: ObjectReference?
    var hostname: String?
    var system: System?
    var cpu: CPU?
    var bmc: BMC?
    var managementApi: ManagementAPI?
    var configPatches: [ConfigPatch]?
    @FalseWhenAbsent var accepted = false
    var cordoned: Bool?
    var pxeBootAlways: Bool?
    var bootFromDiskMethod: BootFromDiskMethod?
    var pxeMode: PXEMode?
  }

  /// A ServerClass's spec.
  struct ServerClassSpec: Codable, Hashable {
    var environmentRef: ObjectReference?
    var qualifiers: Qualifiers?
    var selector: LabelSelectorSpec?
    var configPatches: [ConfigPatch]?
    var bootFromDiskMethod: BootFromDiskMethod?
  }

  /// The lists are AND, what stands in one of them is OR.
  struct Qualifiers: Codable, Hashable {
    var cpu: [CPU]?
    var systemInformation: [System]?
    var labelSelectors: [[String: String]]?
  }

  /// SMBIOS type 1, without the UUID.
  struct System: Codable, Hashable {
    var manufacturer: String?
    var productName: String?
    var version: String?
    var serialNumber: String?
    var skuNumber: String?
    var family: String?
  }

  /// The first processor.
  struct CPU: Codable, Hashable {
    var manufacturer: String?
    /// What is called `productName` today.
    var version: String?
  }

  /// An Environment's spec.
  struct EnvironmentSpec: Codable, Hashable {
    var kernel: KernelSource?
    var initrd: AssetSource?
  }
}

extension V1Alpha1.System {
  init(_ system: SystemInformation) {
    self.init(
      manufacturer: system.manufacturer, productName: system.productName, version: system.version,
      serialNumber: system.serialNumber, skuNumber: system.skuNumber, family: system.family)
  }

  /// In today's words, with the UUID of `other`.
  func today(over other: SystemInformation? = nil) -> SystemInformation {
    SystemInformation(
      uuid: other?.uuid, manufacturer: manufacturer, productName: productName, version: version,
      serialNumber: serialNumber, skuNumber: skuNumber, family: family)
  }
}
