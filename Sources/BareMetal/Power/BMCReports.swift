public import Wire

/// What a management controller says of itself.
public struct BMCInformation: Codable, Hashable, Sendable {
  /// `IPMI 2.0`, `Redfish 1.11.0`
  public var version: String
  public var firmware: String?
  /// A name, or for IPMI the IANA enterprise number in decimal.
  public var manufacturer: String?
  public var product: String?
  public var uuid: String?
  /// What the session was protected with: `cipher suite 17`, `HTTPS`.
  public var protection: String?
  /// Why the machine last started, where the controller knows.
  public var restartCause: String?
  /// What it does when power returns: `always-on`, `previous`, `always-off`.
  public var powerRestorePolicy: String?
  /// Its addresses, as it has them: MAC, IP.
  public var macAddress: MACAddress?
  public var ipAddress: IPv4Address?

  public init(version: String) { self.version = version }
}

/// One sensor, now.
public struct SensorReading: Codable, Hashable, Sendable {
  public enum Health: String, Codable, Hashable, Sendable {
    case ok, warning, critical, unknown
  }

  public var name: String
  /// `temperature`, `voltage`, `fan`, `power`, …
  public var kind: String
  /// `nil`: no reading now, or states instead of a number.
  public var value: Double?
  /// `°C`, `V`, `RPM`, `W`, …
  public var unit: String
  public var health: Health
  /// States that are asserted, of a sensor without a number.
  public var states: [String]

  public init(name: String, kind: String, value: Double?, unit: String, health: Health, states: [String] = []) {
    self.name = name
    self.kind = kind
    self.value = value
    self.unit = unit
    self.health = health
    self.states = states
  }
}

/// One line of the controller's event log (IPMI: SEL).
public struct EventLogEntry: Codable, Hashable, Sendable {
  public var id: String
  /// `nil`: the controller did not know the time.
  public var time: Timestamp?
  /// `temperature 0x30`, `Power Unit`
  public var subject: String
  /// One line for people.
  public var message: String
  public var isDeassertion: Bool

  public init(id: String, time: Timestamp?, subject: String, message: String, isDeassertion: Bool = false) {
    self.id = id
    self.time = time
    self.subject = subject
    self.message = message
    self.isDeassertion = isDeassertion
  }
}

/// One part and its numbers (IPMI: a FRU area).
public struct InventoryItem: Codable, Hashable, Sendable {
  /// `chassis`, `board`, `product`, with the device's number where there are several: `board 1`
  public var part: String
  public var manufacturer: String?
  public var product: String?
  public var partNumber: String?
  public var serialNumber: String?
  public var assetTag: String?
  public var version: String?
  public var others: [String]

  public init(part: String) {
    self.part = part
    others = []
  }
}

/// One user of the controller.
public struct BMCUser: Codable, Hashable, Sendable {
  public var id: Int
  public var name: String
  public var isEnabled: Bool
  /// `administrator`, `operator`, `user`, `callback`, `none`, or a Redfish role.
  public var privilege: String

  public init(id: Int, name: String, isEnabled: Bool, privilege: String) {
    self.id = id
    self.name = name
    self.isEnabled = isEnabled
    self.privilege = privilege
  }
}
