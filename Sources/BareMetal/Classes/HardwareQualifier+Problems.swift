extension HardwareQualifier {
  /// Entries of one list that may be asked for: of no machine there are more of one kind.
  static let maximumEntries = 128

  /// Quantities that say nothing, and lists that are too long.
  func problems(at path: String) -> [FieldProblem] {
    var problems: [FieldProblem] = []
    func check(_ quantity: QuantityQualifier?, _ field: String, _ dimension: QuantityDimension, isText: Bool = false) {
      guard let message = quantity?.problem(dimension, isText: isText) else { return }
      problems.append(FieldProblem(path: "\(path).\(field)", message: message))
    }
    func count(_ list: [some Any]?, _ field: String) {
      guard let count = list?.count, count > Self.maximumEntries else { return }
      problems.append(
        FieldProblem(path: "\(path).\(field)", message: "has \(count) entries, \(Self.maximumEntries) are allowed"))
    }
    check(compute?.totalCoreCount, "compute.totalCoreCount", .count)
    check(compute?.totalThreadCount, "compute.totalThreadCount", .count)
    check(compute?.processorCount, "compute.processorCount", .count)
    count(compute?.processors, "compute.processors")
    for (index, processor) in (compute?.processors ?? []).enumerated() {
      check(processor.speed, "compute.processors[\(index)].speed", .megahertz)
      check(processor.coreCount, "compute.processors[\(index)].coreCount", .count)
      check(processor.threadCount, "compute.processors[\(index)].threadCount", .count)
    }
    check(memory?.totalSize, "memory.totalSize", .memory(each: nil), isText: true)
    check(memory?.moduleCount, "memory.moduleCount", .count)
    count(memory?.modules, "memory.modules")
    for (index, module) in (memory?.modules ?? []).enumerated() {
      check(module.size, "memory.modules[\(index)].size", .memory(each: 0x1p20))
      check(module.speed, "memory.modules[\(index)].speed", .megahertz)
    }
    check(storage?.totalSize, "storage.totalSize", .storage(each: nil), isText: true)
    check(storage?.deviceCount, "storage.deviceCount", .count)
    count(storage?.devices, "storage.devices")
    for (index, device) in (storage?.devices ?? []).enumerated() {
      check(device.size, "storage.devices[\(index)].size", .storage(each: 1))
    }
    check(network?.interfaceCount, "network.interfaceCount", .count)
    count(network?.interfaces, "network.interfaces")
    for (index, interface) in (network?.interfaces ?? []).enumerated() {
      check(interface.index, "network.interfaces[\(index)].index", .count)
      check(interface.mtu, "network.interfaces[\(index)].mtu", .storage(each: 1))
      count(interface.addresses, "network.interfaces[\(index)].addresses")
    }
    return problems
  }
}

extension QuantityQualifier {
  /// Why it can match nothing. `isText`: the field is a text in Sidero, and may be asked for as it is.
  fileprivate func problem(_ dimension: QuantityDimension, isText: Bool) -> String? {
    switch source {
    case .number where isText: return "a text is expected here, '32 GB', or a comparison with a unit, '>= 32 GiB'"
    case .number: return nil
    case .text(let text):
      let found = "'\(PlainText.line(text))'"
      guard let comparisons else {
        if text.isEmpty || (isText && !QuantityComparison.isMeant(by: text)) { return nil }
        return
          "\(found) is no comparison: write >=, <=, >, <, == or != before a number\(dimension == .count ? "" : " and " + dimension.unitsInWords)"
      }
      for comparison in comparisons where dimension.factor(of: comparison.unit) == nil {
        if dimension == .count { return "\(found) has a unit, where things are counted" }
        return "\(found) needs \(comparison.unit == nil ? "a unit" : "another unit"): \(dimension.unitsInWords)"
      }
      return nil
    }
  }
}
