import BareMetal
import Wire

/// A Server for people.
enum ServerDescription {
  static func text(_ server: Server, binding: ServerBinding?, boots: [BootRecord]) -> String {
    var lines = DescriptionText(server)
    lines.add("Hostname", server.spec.hostname)
    lines.add("Accepted", "\(server.spec.accepted)")
    lines.add("Cordoned", "\(server.spec.cordoned ?? false)")
    lines.add("Allocated", allocation(server, binding))
    lines.add("Clean", "\(server.status.isClean)")
    lines.add("Power", server.status.power?.rawValue ?? "not known")
    lines.add("Managed", ManagementText.line(of: server))
    lines.add("Environment", server.spec.environmentRef?.name)
    lines.add("Patches", ServerClassKind.patches(server.spec.configPatches, server.spec.strategicPatches))
    lines.add("Addresses", server.status.addresses?.map { "\($0.address) (\($0.type))" }.joined(separator: ", "))
    lines.conditions(server.status.conditions)
    if let wipe = server.status.wipe { add(wipe, to: &lines) }
    if let changes = server.status.hardwareChanges, !changes.isEmpty {
      lines.section("Hardware changes")
      for change in changes { lines.item("\(change.time)  \(PlainText.line(change.message))") }
    }
    if let hardware = server.spec.hardware { add(hardware, to: &lines) }
    let boot = boots.last { $0.uuid?.description == server.metadata.name }
    if let boot {
      lines.section("Last boot, from \(boot.name)")
      for event in boot.events { lines.item("\(event.time)  \(event.message)") }
    }
    return lines.text
  }

  /// `true, class workers, installed`
  private static func allocation(_ server: Server, _ binding: ServerBinding?) -> String {
    guard let binding else { return "\(server.status.inUse)" }
    let parts = [
      binding.spec.serverClassRef?.name.map { "class \($0)" }, binding.spec.metalMachineRef?.name.map { "for \($0)" },
      binding.metadata.deletionTimestamp != nil ? "being released" : binding.isInstalled ? "installed" : nil,
    ]
    return (["true"] + parts.compactMap(\.self)).joined(separator: ", ")
  }

  /// The intent, and for each disk how it is erased.
  private static func add(_ wipe: WipeStatus, to lines: inout DescriptionText) {
    lines.section("Wipe \(wipe.generation): \(wipe.phase.rawValue)")
    lines.add("Reason", wipe.reason.rawValue + (wipe.by.map { ", by \($0)" } ?? ""))
    lines.add("Requested", wipe.requestedAt.description)
    lines.add("Started", wipe.startedAt?.description)
    lines.add("Heartbeat", wipe.isOpen ? wipe.heartbeat?.description : nil)
    lines.add("Finished", wipe.finishedAt?.description)
    lines.add("Message", wipe.message.map { PlainText.line($0) })
    for order in wipe.disks {
      let record = wipe.records?.first { $0.disk == order.disk }
      lines.item([
        DiskText.name(of: order.disk), record?.result.rawValue ?? order.action.rawValue,
        record?.result == .running ? record?.bytes.map { DiskText.percent($0, of: order.disk.size) } : nil,
        order.reason, record?.method, record?.verification.map { PlainText.line($0) },
        record?.message.map { PlainText.line($0) },
        record?.finishedAt.map { "at \($0)" },
      ])
    }
  }

  private static func add(_ hardware: HardwareInformation, to lines: inout DescriptionText) {
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

  private static func addParts(_ hardware: HardwareInformation, to lines: inout DescriptionText) {
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
}

/// Disks for people.
enum DiskText {
  /// `/dev/nvme0n1 Samsung SSD 970, serial S4EV…, 500 GB`
  static func name(of disk: DiskIdentity) -> String {
    let name = [disk.deviceName, disk.productName].compactMap(\.self).joined(separator: " ")
    let parts = [name, disk.serialNumber.map { "serial \($0)" } ?? disk.wwid, size(disk.size)]
    return parts.compactMap(\.self).filter { !$0.isEmpty }.map { PlainText.line($0) }.joined(separator: ", ")
  }

  /// As it stands on the box: `500 GB`.
  static func size(_ bytes: UInt64) -> String {
    for (unit, name) in [(UInt64(1_000_000_000_000), "TB"), (1_000_000_000, "GB"), (1_000_000, "MB")]
    where bytes >= unit {
      return "\(AnswerText.number((Double(bytes) / Double(unit) * 10).rounded() / 10)) \(name)"
    }
    return "\(bytes) bytes"
  }

  static func percent(_ bytes: UInt64, of size: UInt64) -> String {
    size == 0 ? "100 %" : "\(Int(Double(bytes) / Double(size) * 100)) %"
  }
}
