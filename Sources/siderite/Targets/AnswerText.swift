import BareMetal
import Wire

/// Answers of management controllers for people.
enum AnswerText {
  /// - Parameters:
  ///   - isOne: one machine was asked: it is not named in every line.
  static func text(_ outcomes: [BMCOutcome], request: BMCRequest, isOne: Bool) -> String {
    if isOne, case .success(.information(let information))? = outcomes.first?.result { return block(information) }
    let columns = columns(of: request)
    // What is one word a machine shows the machines that failed, too; lists show what there is.
    let showsFailures = columns.count == 1 && !isOne
    var table = Table(columns: ["TARGET"] + columns)
    for outcome in outcomes {
      switch outcome.result {
      case .success(let answer): table.rows += rows(of: answer, to: request).map { [outcome.target] + $0 }
      case .failure(let failure):
        if showsFailures { table.rows.append([outcome.target, "failed (\(failure.kind.rawValue))"]) }
      }
    }
    if isOne, columns.count > 1 {
      table.columns.removeFirst()
      table.rows = table.rows.map { Array($0.dropFirst()) }
    }
    return table.rows.isEmpty ? "" : table.text
  }

  private static func columns(of request: BMCRequest) -> [String] {
    switch request {
    case .powerStatus, .power: ["POWER"]
    case .boot: ["BOOT"]
    case .setBoot, .identify, .clearEventLog: ["RESULT"]
    case .information: ["VERSION", "MANUFACTURER", "PRODUCT", "FIRMWARE", "PROTECTION", "ADDRESS", "MAC"]
    case .sensors: ["SENSOR", "KIND", "READING", "UNIT", "HEALTH"]
    case .eventLog: ["ID", "TIME", "SUBJECT", "EVENT"]
    case .inventory: ["PART", "MANUFACTURER", "PRODUCT", "PART NUMBER", "SERIAL", "ASSET TAG", "VERSION"]
    case .users: ["ID", "NAME", "ENABLED", "PRIVILEGE"]
    }
  }

  /// The state; where the controller has confirmed and nobody looked, what it did.
  private static func text(of state: PowerState, after request: BMCRequest) -> String {
    switch request {
    case .power(.cycle, _) where state == .unknown: "cycled"
    case .power(.reset, _) where state == .unknown: "reset"
    default: state.rawValue
    }
  }

  private static func rows(of answer: BMCAnswer, to request: BMCRequest) -> [[String]] {
    switch answer {
    case .power(let state): [[text(of: state, after: request)]]
    case .boot(let override): [[override?.description ?? "as the firmware is set up"]]
    case .done: [["done"]]
    case .information(let information):
      [
        [
          information.version, information.manufacturer ?? "", information.product ?? "", information.firmware ?? "",
          information.protection ?? "", information.ipAddress?.description ?? "",
          information.macAddress?.description ?? "",
        ].map(PlainText.line)
      ]
    case .sensors(let sensors):
      sensors.map { sensor in
        let reading = sensor.value.map { number($0) } ?? sensor.states.joined(separator: ", ")
        return [sensor.name, sensor.kind, reading, sensor.unit, sensor.health.rawValue].map(PlainText.line)
      }
    case .eventLog(let entries):
      entries.map { entry in
        [
          entry.id, entry.time?.description ?? "", entry.subject,
          entry.isDeassertion ? "\(entry.message) (no longer)" : entry.message,
        ].map(PlainText.line)
      }
    case .inventory(let items):
      items.map { item in
        [
          item.part, item.manufacturer ?? "", item.product ?? "", item.partNumber ?? "", item.serialNumber ?? "",
          item.assetTag ?? "", item.version ?? "",
        ].map(PlainText.line)
      }
    case .users(let users):
      users.map { user in
        ["\(user.id)", PlainText.line(user.name), user.isEnabled ? "yes" : "no", PlainText.line(user.privilege)]
      }
    }
  }

  private static func block(_ information: BMCInformation) -> String {
    let lines: [(String, String?)] = [
      ("Version", information.version), ("Manufacturer", information.manufacturer), ("Product", information.product),
      ("Firmware", information.firmware), ("UUID", information.uuid), ("Protection", information.protection),
      ("Address", information.ipAddress?.description), ("MAC", information.macAddress?.description),
      ("Last start", information.restartCause), ("Power restore", information.powerRestorePolicy),
    ]
    return lines.compactMap { name, value in
      guard let value, !value.isEmpty else { return nil }
      return "\(name):\(String(repeating: " ", count: max(1, 16 - name.count)))\(PlainText.line(value))\n"
    }.joined()
  }

  /// With three decimals at most.
  static func number(_ value: Double) -> String {
    guard abs(value) < 1e15 else { return "\(value)" }
    let rounded = (value * 1000).rounded() / 1000
    return rounded == rounded.rounded() ? "\(Int64(rounded))" : "\(rounded)"
  }
}
