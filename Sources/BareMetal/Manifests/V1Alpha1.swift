/// `metal.sidero.dev/v1alpha1` as Sidero wrote it before 0.5: less hardware, and in other places.
enum V1Alpha1 {
  static let apiVersion = "metal.sidero.dev/v1alpha1"

  /// A Server's spec.
  struct ServerSpec: Codable, Hashable {
    var environmentRef: ObjectReference?
    var hostname: String?
    /// What the machine calls itself.
    var system: System?
    /// Its first processor.
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
    /// Any of these processors.
    var cpu: [CPU]?
    /// Any of these systems.
    var systemInformation: [System]?
    /// Any of them, each as a whole.
    var labelSelectors: [[String: String]]?
  }

  /// SMBIOS type 1, without the UUID.
  struct System: Codable, Hashable {
    /// Who made the machine.
    var manufacturer: String?
    /// The machine's model.
    var productName: String?
    /// The model's version.
    var version: String?
    /// The machine's serial number.
    var serialNumber: String?
    /// The number it is sold by.
    var skuNumber: String?
    /// The family of models it is of.
    var family: String?
  }

  /// The first processor.
  struct CPU: Codable, Hashable {
    /// Who made it.
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
