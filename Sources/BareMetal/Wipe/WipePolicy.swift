/// Which disks a wipe erases, and how thoroughly: `spec.wipePolicy` of a Server, an addition of Siderite's.
public struct WipePolicy: Codable, Hashable, Sendable {
  /// Which disks.
  public enum Scope: String, Codable, Hashable, Sendable, CaseIterable {
    /// Every fixed disk; the default.
    case all
    /// The disk the machine boots from; data disks stay as they are. It is the one that ``WipePolicy/systemDisk`` names;
    /// else the first with a partition that firmware boots from; else the first that is not kept.
    case systemDisk
  }

  /// How thoroughly.
  public enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
    /// Discard, and both ends overwritten: Sidero's `--insecure-wipe`.
    case fast
    /// Every byte, by the best method that the disk has.
    case full
  }

  /// Which disks are erased: `all`, the default, or the `systemDisk`.
  public var scope: Scope?
  /// How thoroughly: `fast`, both ends and a discard, or `full`, every byte; the boot host's way when absent.
  public var mode: Mode?
  /// Disks that are never erased, whatever the scope.
  public var keep: [DiskSelector]?
  /// Which disk the machine boots from, for scope `systemDisk`; on machines with data disks better said than guessed.
  public var systemDisk: DiskSelector?

  public init(
    scope: Scope? = nil, mode: Mode? = nil, keep: [DiskSelector]? = nil, systemDisk: DiskSelector? = nil
  ) {
    self.scope = scope
    self.mode = mode
    self.keep = keep
    self.systemDisk = systemDisk
  }
}

/// Disks, by all of what is set: one with nothing set selects every disk, so that a mistake keeps and does not erase.
public struct DiskSelector: Codable, Hashable, Sendable {
  /// World-wide identifier.
  public var wwid: String?
  /// The disk's serial number.
  public var serialNumber: String?
  /// The model.
  public var productName: String?
  /// `SSD`, `HDD`, `NVMe`, `SD`
  public var type: String?
  /// A GPT partition name or a filesystem label that the agent found on it.
  public var label: String?

  public init(
    wwid: String? = nil, serialNumber: String? = nil, productName: String? = nil, type: String? = nil,
    label: String? = nil
  ) {
    self.wwid = wwid
    self.serialNumber = serialNumber
    self.productName = productName
    self.type = type
    self.label = label
  }
}

extension DiskSelector {
  /// Whether that disk is selected. Texts are compared as they are, only the type without regard to case.
  public func selects(_ disk: StorageDevice) -> Bool {
    func agrees(_ wanted: String?, _ found: String?) -> Bool { wanted == nil || wanted == found }
    return agrees(wwid, disk.wwid) && agrees(serialNumber, disk.serialNumber)
      && agrees(productName, disk.productName) && agrees(type?.lowercased(), disk.type?.lowercased())
      && (label.map { disk.labels?.contains($0) == true } ?? true)
  }
}

extension DiskSelector: CustomStringConvertible {
  /// `type NVMe, label data`
  public var description: String {
    let parts = [
      ("WWID", wwid), ("serial number", serialNumber), ("model", productName), ("type", type), ("label", label),
    ].compactMap { name, value in value.map { "\(name) \($0)" } }
    return parts.isEmpty ? "every disk" : parts.joined(separator: ", ")
  }
}
