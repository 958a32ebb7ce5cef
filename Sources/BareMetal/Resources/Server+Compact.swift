extension ServerKind {
  public static func compact(_ spec: inout ServerSpec, sharing strings: SharedStrings) {
    spec.hardware?.compact(sharing: strings)
    spec.environmentRef = spec.environmentRef.map { reference in
      var reference = reference
      reference.apiVersion = strings.shared(reference.apiVersion)
      return reference
    }
  }

  public static func compact(_ status: inout ServerStatus, sharing strings: SharedStrings) {
    status.conditions = status.conditions.map { conditions in
      conditions.map { condition in
        var condition = condition
        condition.type = strings.shared(condition.type)
        condition.reason = strings.shared(condition.reason)
        condition.message = strings.shared(condition.message)
        return condition
      }
    }
    status.addresses = status.addresses.map { $0.map(\.self) }
  }
}

extension HardwareInformation {
  /// The same, with what machines of one model say alike held once, and with lists in no more room than they take: those
  /// of a decoder have grown by doubling.
  fileprivate mutating func compact(sharing strings: SharedStrings) {
    system = system.map { $0.compact(sharing: strings) }
    let processors = compute?.processors?.map { $0.compact(sharing: strings) }
    compute?.processors = processors
    let modules = memory?.modules?.map { $0.compact(sharing: strings) }
    memory?.modules = modules
    let devices = storage?.devices?.map { $0.compact(sharing: strings) }
    storage?.devices = devices
    let interfaces = network?.interfaces?.map { $0.compact(sharing: strings) }
    network?.interfaces = interfaces
    firmware = firmware.map { $0.compact(sharing: strings) }
    baseboard = baseboard.map { $0.compact(sharing: strings) }
    chassis = chassis.map { $0.compact(sharing: strings) }
  }
}

extension SystemInformation {
  fileprivate func compact(sharing strings: SharedStrings) -> SystemInformation {
    var result = self
    result.manufacturer = strings.shared(manufacturer)
    result.productName = strings.shared(productName)
    result.version = strings.shared(version)
    result.skuNumber = strings.shared(skuNumber)
    result.family = strings.shared(family)
    return result
  }
}

extension FirmwareInformation {
  fileprivate func compact(sharing strings: SharedStrings) -> FirmwareInformation {
    var result = self
    result.vendor = strings.shared(vendor)
    result.version = strings.shared(version)
    return result
  }
}

extension BaseboardInformation {
  fileprivate func compact(sharing strings: SharedStrings) -> BaseboardInformation {
    var result = self
    result.manufacturer = strings.shared(manufacturer)
    result.productName = strings.shared(productName)
    result.version = strings.shared(version)
    return result
  }
}

extension ChassisInformation {
  fileprivate func compact(sharing strings: SharedStrings) -> ChassisInformation {
    var result = self
    result.manufacturer = strings.shared(manufacturer)
    result.type = strings.shared(type)
    return result
  }
}

extension Processor {
  fileprivate func compact(sharing strings: SharedStrings) -> Processor {
    var result = self
    result.manufacturer = strings.shared(manufacturer)
    result.productName = strings.shared(productName)
    return result
  }
}

extension MemoryModule {
  fileprivate func compact(sharing strings: SharedStrings) -> MemoryModule {
    var result = self
    result.manufacturer = strings.shared(manufacturer)
    result.productName = strings.shared(productName)
    result.type = strings.shared(type)
    return result
  }
}

extension StorageDevice {
  fileprivate func compact(sharing strings: SharedStrings) -> StorageDevice {
    var result = self
    result.productName = strings.shared(productName)
    result.deviceName = strings.shared(deviceName)
    result.labels = strings.shared(labels)
    return result
  }
}

extension NetworkInterfaceInformation {
  fileprivate func compact(sharing strings: SharedStrings) -> NetworkInterfaceInformation {
    var result = self
    result.name = strings.shared(name)
    result.flags = strings.shared(flags)
    result.addresses = addresses.map { $0.map(\.self) }
    return result
  }
}
