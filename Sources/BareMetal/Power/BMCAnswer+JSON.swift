/// An object with one key: `{"power":"on"}`, `{"sensors":[…]}`, `{"boot":null}`, `{"done":true}`. Programs read it.
extension BMCAnswer {
  private enum CodingKeys: String, CodingKey, CaseIterable {
    case power, boot, information, sensors, eventLog, inventory, users, done
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    guard let key = CodingKeys.allCases.first(where: { container.contains($0) }) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "an answer of a kind that is not known"))
    }
    self =
      switch key {
      case .power: .power(try container.decode(PowerState.self, forKey: key))
      case .boot: .boot(try container.decodeIfPresent(BootOverride.self, forKey: key))
      case .information: .information(try container.decode(BMCInformation.self, forKey: key))
      case .sensors: .sensors(try container.decode([SensorReading].self, forKey: key))
      case .eventLog: .eventLog(try container.decode([EventLogEntry].self, forKey: key))
      case .inventory: .inventory(try container.decode([InventoryItem].self, forKey: key))
      case .users: .users(try container.decode([BMCUser].self, forKey: key))
      case .done: .done
      }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .power(let state): try container.encode(state, forKey: .power)
    case .boot(let override?): try container.encode(override, forKey: .boot)
    case .boot(nil): try container.encodeNil(forKey: .boot)
    case .information(let information): try container.encode(information, forKey: .information)
    case .sensors(let sensors): try container.encode(sensors, forKey: .sensors)
    case .eventLog(let entries): try container.encode(entries, forKey: .eventLog)
    case .inventory(let items): try container.encode(items, forKey: .inventory)
    case .users(let users): try container.encode(users, forKey: .users)
    case .done: try container.encode(true, forKey: .done)
    }
  }
}
