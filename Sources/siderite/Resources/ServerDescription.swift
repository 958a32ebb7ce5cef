import BareMetal
import Wire

/// A Server for people, as `kubectl describe` lays things out.
enum ServerDescription {
  static func text(_ server: Server, boots: [BootRecord]) -> String {
    var lines = Lines()
    lines.add("Name", server.metadata.name)
    lines.add("Hostname", server.spec.hostname)
    lines.add("Created", server.metadata.creationTimestamp?.description)
    lines.add("Accepted", "\(server.spec.accepted)")
    lines.add("Cordoned", "\(server.spec.cordoned ?? false)")
    lines.add("Allocated", "\(server.status.inUse)")
    lines.add("Clean", "\(server.status.isClean)")
    lines.add("Power", server.status.power?.rawValue ?? "not known")
    lines.add("Managed", ManagementText.line(of: server))
    lines.add("Addresses", server.status.addresses?.map { "\($0.address) (\($0.type))" }.joined(separator: ", "))
    if let conditions = server.status.conditions, !conditions.isEmpty {
      lines.section("Conditions")
      for condition in conditions {
        let reason = [condition.reason, condition.message].compactMap(\.self).joined(separator: ": ")
        let since = "since \(condition.lastTransitionTime)"
        lines.item(["\(condition.type) \(condition.status.rawValue)", since, PlainText.line(reason)])
      }
    }
    if let hardware = server.spec.hardware { add(hardware, to: &lines) }
    let boot = boots.last { $0.uuid?.description == server.metadata.name }
    if let boot {
      lines.section("Last boot, from \(boot.name)")
      for event in boot.events { lines.item("\(event.time)  \(event.message)") }
    }
    return lines.text
  }

  private static func add(_ hardware: HardwareInformation, to lines: inout Lines) {
    if let system = hardware.system {
      lines.section("System")
      lines.add("UUID", system.uuid)
      lines.add("Manufacturer", system.manufacturer)
      lines.add("Product", system.productName)
      lines.add("Version", system.version)
      lines.add("Serial", system.serialNumber)
      lines.add("SKU", system.skuNumber)
      lines.add("Family", system.family)
    }
    if let firmware = hardware.firmware {
      lines.section("Firmware")
      lines.add("Mode", firmware.mode)
      lines.add("Vendor", firmware.vendor)
      lines.add("Version", firmware.version)
      lines.add("Date", firmware.releaseDate)
    }
    if let board = hardware.baseboard {
      lines.section("Baseboard")
      lines.add("Manufacturer", board.manufacturer)
      lines.add("Product", board.productName)
      lines.add("Version", board.version)
      lines.add("Serial", board.serialNumber)
    }
    if let chassis = hardware.chassis {
      lines.section("Chassis")
      lines.add("Manufacturer", chassis.manufacturer)
      lines.add("Type", chassis.type)
      lines.add("Serial", chassis.serialNumber)
      lines.add("Asset tag", chassis.assetTag)
    }
    addParts(hardware, to: &lines)
  }

  private static func addParts(_ hardware: HardwareInformation, to lines: inout Lines) {
    if let compute = hardware.compute {
      lines.section("Processors: \(compute.totalCoreCount ?? 0) cores, \(compute.totalThreadCount ?? 0) threads")
      for processor in compute.processors ?? [] {
        lines.item(
          [
            processor.manufacturer, processor.productName, processor.speed.map { "\($0) MHz" },
            processor.coreCount.map { "\($0) cores" }, processor.threadCount.map { "\($0) threads" },
            processor.serialNumber.map { "serial \($0)" },
          ])
      }
    }
    if let memory = hardware.memory {
      lines.section("Memory: \(memory.totalSize ?? "?") in \(memory.moduleCount ?? 0) modules")
      for module in memory.modules ?? [] {
        lines.item(
          [
            module.size.map { "\($0) MB" }, module.type, module.speed.map { "\($0) MT/s" }, module.manufacturer,
            module.productName, module.serialNumber.map { "serial \($0)" },
          ])
      }
    }
    if let storage = hardware.storage {
      lines.section("Disks: \(storage.totalSize ?? "?") on \(storage.deviceCount ?? 0) devices")
      for device in storage.devices ?? [] {
        lines.item(
          [
            device.deviceName, device.type, device.size.map { "\($0) bytes" }, device.productName,
            device.serialNumber.map { "serial \($0)" }, device.wwid,
          ])
      }
    }
    if let network = hardware.network {
      lines.section("Network interfaces: \(network.interfaceCount ?? 0)")
      for interface in network.interfaces ?? [] {
        lines.item(
          [
            interface.name, interface.mac, interface.mtu.map { "MTU \($0)" }, interface.flags,
            interface.addresses?.joined(separator: ", "),
          ])
      }
    }
  }

  /// Lines with the values of a section in one column.
  private struct Lines {
    private var lines: [String] = []
    private var indent = ""

    mutating func section(_ title: String) {
      lines.append("\(title)")
      indent = "  "
    }

    mutating func add(_ name: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      let label = "\(indent)\(name):"
      lines.append(label + String(repeating: " ", count: max(1, 16 - label.count)) + value)
    }

    mutating func item(_ parts: [String?]) {
      item(parts.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ", "))
    }

    mutating func item(_ text: String) { lines.append("  - \(text)") }

    var text: String { lines.map { $0 + "\n" }.joined() }
  }
}
