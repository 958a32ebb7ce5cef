public import Wire

extension HardwareInformation {
  /// What is different from `old`, for people, one line each; nothing where one of the two does not say.
  public func changes(since old: HardwareInformation) -> [String] {
    var changes: [String] = []
    if let old = old.storage?.devices, let new = storage?.devices {
      changes += Self.compare(old.map { ($0.identityKey, $0.words) }, new.map { ($0.identityKey, $0.words) }, "disk")
    }
    if let old = old.memory, let new = memory {
      if old.totalSize != new.totalSize || old.moduleCount != new.moduleCount {
        changes.append(
          "memory was \(old.totalSize ?? "?") in \(old.moduleCount ?? 0) modules, is \(new.totalSize ?? "?") in "
            + "\(new.moduleCount ?? 0)")
      } else if let old = old.modules, let new = new.modules {
        changes += Self.compare(old.compactMap(\.pair), new.compactMap(\.pair), "memory module")
      }
    }
    if let old = old.compute, let new = compute, old.words != new.words {
      changes.append("processors were \(old.words), are \(new.words)")
    }
    if let old = old.network?.interfaces, let new = network?.interfaces {
      changes += Self.compare(old.compactMap(\.pair), new.compactMap(\.pair), "NIC")
    }
    if let old = old.firmware?.version, let new = firmware?.version, old != new {
      changes.append("firmware was \(old), is \(new)")
    }
    if let old = old.system?.serialNumber, let new = system?.serialNumber, old != new {
      changes.append("serial number was \(old), is \(new)")
    }
    return changes.map { PlainText.line($0) }
  }

  private static func compare(
    _ old: [(key: String, words: String)], _ new: [(key: String, words: String)], _ what: String
  ) -> [String] {
    let (oldKeys, newKeys) = (Set(old.map(\.key)), Set(new.map(\.key)))
    return old.filter { !newKeys.contains($0.key) }.map { "\(what) \($0.words) is gone" }
      + new.filter { !oldKeys.contains($0.key) }.map { "\(what) \($0.words) is new" }
  }
}

extension ServerStatus {
  /// How many changes are kept.
  public static var keptHardwareChanges: Int { 32 }

  /// Adds what changed, unless it was noted just before (the machine registered, and what it said was not kept).
  /// - Returns: what is new.
  public mutating func note(_ changes: [String], now: Timestamp) -> [String] {
    let before = hardwareChanges ?? []
    guard !changes.isEmpty, before.suffix(changes.count).map(\.message) != changes else { return [] }
    hardwareChanges = Array(
      (before + changes.map { HardwareChange(time: now, message: $0) }).suffix(Self.keptHardwareChanges))
    return changes
  }
}

extension StorageDevice {
  fileprivate var identityKey: String { wwid ?? serialNumber ?? deviceName ?? name ?? "?" }

  /// `S4EVNX0M123456 (Samsung SSD 970, 500 GB)`
  fileprivate var words: String {
    let size = size.map { "\($0 / 1_000_000_000) GB" }
    let details = [productName, size].compactMap(\.self).joined(separator: ", ")
    return "\(serialNumber ?? wwid ?? deviceName ?? name ?? "?")\(details.isEmpty ? "" : " (\(details))")"
  }
}

extension MemoryModule {
  fileprivate var pair: (key: String, words: String)? {
    guard let serialNumber, !serialNumber.isEmpty else { return nil }
    return (serialNumber, "\(serialNumber) (\([manufacturer, productName].compactMap(\.self).joined(separator: " ")))")
  }
}

extension NetworkInterfaceInformation {
  fileprivate var pair: (key: String, words: String)? { mac.map { ($0, "\($0)\(name.map { " (\($0))" } ?? "")") } }
}

extension ComputeInformation {
  fileprivate var words: String {
    let models = (processors ?? []).map { $0.productName ?? $0.manufacturer ?? "?" }
    let counted = Set(models).sorted().map { model in "\(models.count { $0 == model }) × \(model)" }
    return "\(counted.joined(separator: ", ")), \(totalCoreCount ?? 0) cores"
  }
}
