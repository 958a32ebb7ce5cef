/// Which disks a wipe erases, and how thoroughly: `spec.wipePolicy` of a Server, an addition of Siderite's.
public struct WipePolicy: Codable, Hashable, Sendable {
  public enum Scope: String, Codable, Hashable, Sendable, CaseIterable {
    /// Every fixed disk; the default.
    case all
    /// The disk the machine boots from; data disks stay as they are.
    case systemDisk
  }

  /// How thoroughly.
  public enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
    /// Discard, and both ends overwritten: Sidero's `--insecure-wipe`.
    case fast
    /// Every byte, by the best method that the disk has.
    case full
  }

  public var scope: Scope?
  public var mode: Mode?
  /// Disks that are never erased, whatever the scope.
  public var keep: [DiskSelector]?

  public init(scope: Scope? = nil, mode: Mode? = nil, keep: [DiskSelector]? = nil) {
    self.scope = scope
    self.mode = mode
    self.keep = keep
  }
}

/// Disks, by all of what is set.
public struct DiskSelector: Codable, Hashable, Sendable {
  public var wwid: String?
  public var serialNumber: String?
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
