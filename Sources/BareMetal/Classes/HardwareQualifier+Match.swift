extension HardwareQualifier {
  /// Whether hardware is as asked for in everything that is set.
  public func matches(_ hardware: HardwareInformation) -> Bool {
    Self.matches(system, hardware.system)
      && (compute?.matches(hardware.compute) ?? true)
      && (memory?.matches(hardware.memory) ?? true)
      && (storage?.matches(hardware.storage) ?? true)
      && (network?.matches(hardware.network) ?? true)
      && Self.matches(firmware, hardware.firmware)
      && Self.matches(baseboard, hardware.baseboard)
      && Self.matches(chassis, hardware.chassis)
  }

  private static func matches(_ wanted: SystemInformation?, _ fact: SystemInformation?) -> Bool {
    guard let wanted else { return true }
    return isText(wanted.uuid, fact?.uuid) && isText(wanted.manufacturer, fact?.manufacturer)
      && isText(wanted.productName, fact?.productName) && isText(wanted.version, fact?.version)
      && isText(wanted.serialNumber, fact?.serialNumber) && isText(wanted.skuNumber, fact?.skuNumber)
      && isText(wanted.family, fact?.family)
  }

  private static func matches(_ wanted: FirmwareInformation?, _ fact: FirmwareInformation?) -> Bool {
    guard let wanted else { return true }
    return isText(wanted.vendor, fact?.vendor) && isText(wanted.version, fact?.version)
      && isText(wanted.releaseDate, fact?.releaseDate) && isText(wanted.mode, fact?.mode)
  }

  private static func matches(_ wanted: BaseboardInformation?, _ fact: BaseboardInformation?) -> Bool {
    guard let wanted else { return true }
    return isText(wanted.manufacturer, fact?.manufacturer) && isText(wanted.productName, fact?.productName)
      && isText(wanted.version, fact?.version) && isText(wanted.serialNumber, fact?.serialNumber)
  }

  private static func matches(_ wanted: ChassisInformation?, _ fact: ChassisInformation?) -> Bool {
    guard let wanted else { return true }
    return isText(wanted.manufacturer, fact?.manufacturer) && isText(wanted.type, fact?.type)
      && isText(wanted.serialNumber, fact?.serialNumber) && isText(wanted.assetTag, fact?.assetTag)
  }
}

extension ComputeQualifier {
  fileprivate func matches(_ fact: ComputeInformation?) -> Bool {
    isNumber(totalCoreCount, fact?.totalCoreCount, .count)
      && isNumber(totalThreadCount, fact?.totalThreadCount, .count)
      && isNumber(processorCount, fact?.processorCount, .count)
      && DistinctMatch.exists(processors, fact?.processors) { wanted, fact in
        isText(wanted.manufacturer, fact.manufacturer) && isText(wanted.productName, fact.productName)
          && isText(wanted.serialNumber, fact.serialNumber) && isNumber(wanted.speed, fact.speed, .megahertz)
          && isNumber(wanted.coreCount, fact.coreCount, .count)
          && isNumber(wanted.threadCount, fact.threadCount, .count)
      }
  }
}

extension MemoryQualifier {
  fileprivate func matches(_ fact: MemoryInformation?) -> Bool {
    isTotal(totalSize, fact?.totalSize, .memory(each: nil)) { fact?.bytes }
      && isNumber(moduleCount, fact?.moduleCount, .count)
      && DistinctMatch.exists(modules, fact?.modules) { wanted, fact in
        isText(wanted.manufacturer, fact.manufacturer) && isText(wanted.productName, fact.productName)
          && isText(wanted.serialNumber, fact.serialNumber) && isText(wanted.type, fact.type)
          && isNumber(wanted.size, fact.size, .memory(each: 0x1p20)) && isNumber(wanted.speed, fact.speed, .megahertz)
      }
  }
}

extension StorageQualifier {
  fileprivate func matches(_ fact: StorageInformation?) -> Bool {
    isTotal(totalSize, fact?.totalSize, .storage(each: nil)) { fact?.bytes }
      && isNumber(deviceCount, fact?.deviceCount, .count)
      && DistinctMatch.exists(devices, fact?.devices) { wanted, fact in
        isText(wanted.type, fact.type) && isNumber(wanted.size, fact.size, .storage(each: 1))
          && isText(wanted.productName, fact.productName) && isText(wanted.serialNumber, fact.serialNumber)
          && isText(wanted.name, fact.name) && isText(wanted.deviceName, fact.deviceName)
          && isText(wanted.uuid, fact.uuid) && isText(wanted.wwid, fact.wwid)
      }
  }
}

extension NetworkQualifier {
  fileprivate func matches(_ fact: NetworkInformation?) -> Bool {
    isNumber(interfaceCount, fact?.interfaceCount, .count)
      && DistinctMatch.exists(interfaces, fact?.interfaces) { wanted, fact in
        isNumber(wanted.index, fact.index, .count) && isText(wanted.name, fact.name)
          && isText(wanted.flags, fact.flags) && isNumber(wanted.mtu, fact.mtu, .storage(each: 1))
          && isText(wanted.mac, fact.mac)
          && DistinctMatch.exists(wanted.addresses, fact.addresses) { isText($0, $1) }
      }
  }
}

extension MemoryInformation {
  /// Of all modules, or what the text for people says; its `GB` is 2^30, as in Sidero.
  fileprivate var bytes: Double? {
    if let modules, modules.contains(where: { $0.size != nil }) {
      return modules.reduce(0) { $0 + Double($1.size ?? 0) } * 0x1p20
    }
    return totalSize.flatMap { sizeInBytes($0) }
  }
}

extension StorageInformation {
  /// Of all disks, or what the text for people says; its `GB` is 2^30, as in Sidero.
  fileprivate var bytes: Double? {
    if let devices, devices.contains(where: { $0.size != nil }) {
      return devices.reduce(0) { $0 + Double($1.size ?? 0) }
    }
    return totalSize.flatMap { sizeInBytes($0) }
  }
}

/// `64 GB` as Sidero writes it, where it is 64 × 2^30 bytes.
private func sizeInBytes(_ text: String) -> Double? {
  let words = text.split(separator: " ")
  guard words.count == 2, let number = Double(words[0]), let unit = QuantityUnit(rawValue: String(words[1])),
    let factor = QuantityDimension.memory(each: nil).factor(of: unit)
  else { return nil }
  return number * factor
}

private func isText(_ wanted: String?, _ fact: String?) -> Bool {
  guard let wanted, !wanted.isEmpty else { return true }
  return wanted == fact
}

private func isNumber(
  _ wanted: QuantityQualifier?, _ fact: (some FixedWidthInteger)?, _ dimension: QuantityDimension
) -> Bool {
  guard let wanted, !wanted.isUnset else { return true }
  guard let fact else { return false }
  switch wanted.source {
  case .number(let number): return UInt64(exactly: fact) == number
  case .text:
    guard let comparisons = wanted.comparisons else { return false }
    let base = Double(fact) * (dimension.factor(of: nil) ?? 1)
    return comparisons.allSatisfy { $0.holds(for: base, dimension) }
  }
}

/// A total that Sidero has as a text: compared as text, or as a quantity where that is asked for.
private func isTotal(
  _ wanted: QuantityQualifier?, _ text: String?, _ dimension: QuantityDimension, bytes: () -> Double?
) -> Bool {
  guard let wanted, !wanted.isUnset else { return true }
  guard case .text(let wantedText) = wanted.source else { return false }
  guard let comparisons = wanted.comparisons else { return wantedText == text }
  guard let bytes = bytes() else { return false }
  return comparisons.allSatisfy { $0.holds(for: bytes, dimension) }
}
