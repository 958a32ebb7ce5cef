import BareMetal
import NIOHTTP1
import Wire

extension RedfishController {
  func information() async throws(BMCFailure) -> BMCInformation {
    let root = try await service.root()
    let system = try await system().json
    let manager = try await manager(of: system)
    var information = BMCInformation(version: "Redfish \(root["RedfishVersion"]?.nonEmptyText ?? "1")")
    information.firmware = manager?["FirmwareVersion"]?.nonEmptyText
    information.manufacturer = (manager?["Manufacturer"] ?? root["Vendor"] ?? system["Manufacturer"])?.nonEmptyText
    information.product = (manager?["Model"] ?? root["Product"])?.nonEmptyText
    information.uuid = (manager?["UUID"] ?? root["UUID"])?.nonEmptyText
    information.protection =
      !service.origin.isEncrypted ? "none" : service.verifiesCertificate ? "HTTPS" : "HTTPS, certificate not verified"
    information.powerRestorePolicy =
      switch system["PowerRestorePolicy"]?.text {
      case "AlwaysOn": "always-on"
      case "AlwaysOff": "always-off"
      case "LastState": "previous"
      default: nil
      }
    if let port = try await service.members(of: manager?["EthernetInterfaces"]?.link, limit: 1).first?.json {
      information.macAddress = port["MACAddress"]?.text.flatMap { MACAddress($0) }
      information.ipAddress = port["IPv4Addresses"]?.elements.first?["Address"]?.text.flatMap { IPv4Address($0) }
    }
    return information
  }

  /// The controller of the system: the one it links to, or the only one.
  private func manager(of system: JSONValue) async throws(BMCFailure) -> JSONValue? {
    if let linked = try await service.getIfThere(system["Links"]?["ManagedBy"]?.elements.first?.link) {
      return linked.json
    }
    let managers = try await service.members(of: try await service.root()["Managers"]?.link, limit: 2)
    return managers.count == 1 ? managers.first?.json : nil
  }

  /// The chassis of the system: those it links to, or all.
  private func chassis(of system: JSONValue) async throws(BMCFailure) -> [RedfishService.Resource] {
    var chassis: [RedfishService.Resource] = []
    for link in system["Links"]?["Chassis"]?.elements.prefix(Self.maximumChassis) ?? [] {
      if let resource = try await service.getIfThere(link.link) { chassis.append(resource) }
    }
    guard chassis.isEmpty else { return chassis }
    return try await service.members(of: try await service.root()["Chassis"]?.link, limit: Self.maximumChassis)
  }
}

// MARK: Sensors

extension RedfishController {
  /// The sensors of the system's chassis: `Thermal` and `Power` (two requests, deprecated and everywhere), else `Sensors`.
  func sensors() async throws(BMCFailure) -> [SensorReading] {
    var readings: [SensorReading] = []
    for chassis in try await chassis(of: try await system().json) {
      let thermal = try await service.getIfThere(chassis.json["Thermal"]?.link)?.json
      let power = try await service.getIfThere(chassis.json["Power"]?.link)?.json
      if thermal != nil || power != nil {
        readings += Self.readings(thermal?["Temperatures"], "temperature", "ReadingCelsius", unit: "°C")
        readings += Self.readings(thermal?["Fans"], "fan", "Reading", unit: "RPM")
        readings += Self.readings(power?["Voltages"], "voltage", "ReadingVolts", unit: "V")
        readings += Self.readings(power?["PowerControl"], "power", "PowerConsumedWatts", unit: "W")
      } else {
        let sensors = try await service.members(of: chassis.json["Sensors"]?.link, limit: Self.maximumSensors)
        readings += sensors.compactMap { Self.reading($0.json) }
      }
    }
    guard !readings.isEmpty else { throw BMCFailure(.unsupported, "\(name) tells of no sensors") }
    return Array(readings.prefix(Self.maximumSensors))
  }

  private static func readings(_ list: JSONValue?, _ kind: String, _ key: String, unit: String) -> [SensorReading] {
    (list?.elements.prefix(maximumSensors) ?? []).compactMap { sensor in
      guard sensor["Status"]?["State"]?.text != "Absent" else { return nil }
      // Fans are called FanName before Redfish 1.1, and measured in percent by iLO.
      let name = (sensor["Name"] ?? sensor["FanName"] ?? sensor["MemberId"])?.nonEmptyText ?? kind
      let unit = sensor["ReadingUnits"]?.text == "Percent" ? "%" : unit
      return SensorReading(
        name: name, kind: kind, value: sensor[key]?.number, unit: unit, health: health(sensor["Status"]))
    }
  }

  /// One `Sensor` (DSP0268).
  private static func reading(_ sensor: JSONValue) -> SensorReading? {
    guard let name = (sensor["Name"] ?? sensor["Id"])?.nonEmptyText, sensor["Status"]?["State"]?.text != "Absent" else {
      return nil
    }
    let type = sensor["ReadingType"]?.nonEmptyText ?? "unknown"
    let kind = type == "Rotational" ? "fan" : type.lowercased()
    let unit =
      switch sensor["ReadingUnits"]?.nonEmptyText {
      case "Cel": "°C"
      case "{rev}/min": "RPM"
      case let unit: unit ?? ""
      }
    return SensorReading(
      name: name, kind: kind, value: sensor["Reading"]?.number, unit: unit, health: health(sensor["Status"]))
  }

  private static func health(_ status: JSONValue?) -> SensorReading.Health {
    switch status?["Health"]?.text {
    case "OK": .ok
    case "Warning": .warning
    case "Critical": .critical
    default: .unknown
    }
  }
}

// MARK: Event log

extension RedfishController {
  func eventLog() async throws(BMCFailure) -> [EventLogEntry] {
    let log = try await log()
    let entries = try await service.members(of: log["Entries"]?.link, limit: Self.maximumLogEntries)
    return entries.map { entry in
      let json = entry.json
      let sensor = [json["SensorType"], json["SensorNumber"]].compactMap { value in
        value?.nonEmptyText ?? value?.number.map { "\(Int(exactly: $0) ?? 0)" }
      }
      return EventLogEntry(
        id: json["Id"]?.nonEmptyText ?? "",
        time: RedfishQuirks.time((json["EventTimestamp"] ?? json["Created"])?.text),
        subject: sensor.isEmpty ? (json["Severity"]?.nonEmptyText ?? "") : sensor.joined(separator: " "),
        message: (json["Message"] ?? json["MessageId"] ?? json["Name"])?.nonEmptyText ?? "",
        isDeassertion: json["EntryCode"]?.text?.hasPrefix("Deassert") == true)
    }
  }

  func clearEventLog() async throws(BMCFailure) {
    guard let target = try await log()["Actions"]?["#LogService.ClearLog"]?["target"]?.text else {
      throw BMCFailure(.unsupported, "\(name) does not let its event log be cleared")
    }
    try done(try await service.change(.POST, target, .object([:])), "the event log is cleared")
  }

  /// The machine's own log, of those that the system and its controller have.
  private func log() async throws(BMCFailure) -> JSONValue {
    let system = try await system().json
    var logs = try await service.members(of: system["LogServices"]?.link, limit: 32)
    logs += try await service.members(of: try await manager(of: system)?["LogServices"]?.link, limit: 32)
    let best = logs.map(\.json).min { RedfishQuirks.rank(ofLog: $0) < RedfishQuirks.rank(ofLog: $1) }
    guard let best else { throw BMCFailure(.unsupported, "\(name) keeps no event log") }
    return best
  }
}

// MARK: Inventory and users

extension RedfishController {
  func inventory() async throws(BMCFailure) -> [InventoryItem] {
    let system = try await system().json
    var items = [Self.item("system", system)]
    for (index, chassis) in try await chassis(of: system).enumerated() {
      items.append(Self.item(index == 0 ? "chassis" : "chassis \(index)", chassis.json))
    }
    for (part, key) in [("processor", "Processors"), ("memory", "Memory")] {
      let members = try await service.members(of: system[key]?.link, limit: Self.maximumParts)
      for member in members where member.json["Status"]?["State"]?.text != "Absent" {
        items.append(
          Self.item("\(part) \((member.json["Id"] ?? member.json["Name"])?.nonEmptyText ?? "")", member.json))
      }
    }
    return items
  }

  private static func item(_ part: String, _ json: JSONValue) -> InventoryItem {
    var item = InventoryItem(part: part)
    item.manufacturer = json["Manufacturer"]?.nonEmptyText
    item.product = json["Model"]?.nonEmptyText
    item.partNumber = (json["PartNumber"] ?? json["SKU"])?.nonEmptyText
    item.serialNumber = json["SerialNumber"]?.nonEmptyText
    item.assetTag = json["AssetTag"]?.nonEmptyText
    item.version = (json["BiosVersion"] ?? json["Version"])?.nonEmptyText
    func note(_ key: String, _ path: JSONValue?, _ unit: String = "") {
      if let number = path?.number {
        item.others.append("\(key): \(Int64(exactly: number).map(String.init) ?? "\(number)")\(unit)")
      }
    }
    note("cores", json["TotalCores"])
    note("threads", json["TotalThreads"])
    note("capacity", json["CapacityMiB"], " MiB")
    note("processors", json["ProcessorSummary"]?["Count"])
    note("memory", json["MemorySummary"]?["TotalSystemMemoryGiB"], " GiB")
    if let uuid = json["UUID"]?.nonEmptyText { item.others.append("UUID: \(uuid)") }
    return item
  }

  func users() async throws(BMCFailure) -> [BMCUser] {
    guard
      let accounts = try await service.getIfThere(try await service.root()["AccountService"]?.link)?.json["Accounts"]
    else { throw BMCFailure(.unsupported, "\(name) does not tell of its users") }
    let members = try await service.members(of: accounts.link, limit: Self.maximumUsers)
    // iDRAC lists its empty slots.
    return members.enumerated().compactMap { index, member in
      guard let user = member.json["UserName"]?.nonEmptyText else { return nil }
      return BMCUser(
        id: member.json["Id"]?.text.flatMap { Int($0) } ?? index + 1, name: user,
        isEnabled: member.json["Enabled"]?.bool ?? true, privilege: member.json["RoleId"]?.nonEmptyText ?? "none")
    }
  }
}
