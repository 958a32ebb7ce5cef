import BareMetal
import IPMI
import Wire

// What IPMI says, in the words that all ways of management share.

extension PowerOperation {
  init(_ action: PowerAction) {
    self =
      switch action {
      case .on: .on
      case .off: .off
      case .cycle: .cycle
      case .reset: .reset
      case .soft: .soft
      }
  }
}

extension BootFlags.Device {
  init(_ device: BootOverride.Device) {
    self =
      switch device {
      case .none: .noOverride
      case .pxe: .pxe
      case .disk: .disk
      case .cd: .cd
      case .setup: .setup
      }
  }
}

extension BootOverride {
  /// Devices without a name of their own are told as what is nearest: remote ones as local ones, safe mode as the disk.
  init(_ flags: BootFlags) {
    let device: Device =
      switch flags.device {
      case .pxe: .pxe
      case .disk, .diskSafeMode, .remoteDisk, .remotePrimaryMedia: .disk
      case .cd, .remoteCD: .cd
      case .setup, .diagnostics: .setup
      default: .none
      }
    self.init(device, isPersistent: flags.isPersistent, mode: flags.isUEFI ? .uefi : .bios)
  }
}

extension BMCInformation {
  init(_ description: BMCDescription, cipherSuite: CipherSuite?) {
    self.init(version: "IPMI \(description.device.ipmiVersionText)")
    firmware = description.device.firmwareVersionText
    manufacturer = "\(description.device.manufacturer)"
    product = "\(description.device.product)"
    // SMBIOS's order is what most BMCs send, whatever the specification says.
    uuid = description.guid.flatMap { SystemUUID(mixedEndian: $0) }?.description
    protection = cipherSuite?.description ?? "IPMI 1.5, no encryption"
    restartCause = description.restartCause?.words
    powerRestorePolicy =
      switch description.restorePolicy {
      case .turnOn: "always-on"
      case .previousState: "previous"
      case .stayOff: "always-off"
      case nil: nil
      }
    macAddress = description.lan?.macAddress
    ipAddress = description.lan?.address
  }
}

extension GetSystemRestartCause.Cause {
  /// IPMI v2.0 table 28-11; `nil`: the BMC does not know.
  fileprivate var words: String? {
    switch self {
    case .unknown: nil
    case .chassisControl: "chassis control command"
    case .resetButton: "reset button"
    case .powerButton: "power button"
    case .watchdog: "watchdog"
    case .powerRestored, .powerRestoredPreviousState: "power restored"
    case .eventFilterReset, .eventFilterPowerCycle: "event filter"
    case .softReset: "soft reset"
    case .realTimeClock: "real-time clock"
    default: "cause \(rawValue)"
    }
  }
}

extension SensorReading {
  init(_ sensor: SensorState) {
    self.init(
      name: sensor.record.name, kind: SensorText.type(sensor.record.type), value: sensor.value,
      unit: SensorText.unit(sensor.record.unit, isPercentage: sensor.record.isPercentage),
      health: Health(sensor.health), states: sensor.states)
  }
}

extension SensorReading.Health {
  fileprivate init(_ health: SensorState.Health) {
    self =
      switch health {
      case .ok: .ok
      case .warning: .warning
      case .critical: .critical
      case .unknown: .unknown
      }
  }
}

extension EventLogEntry {
  /// Below this a time counts from the BMC's start (IPMI v2.0 §37).
  private static let firstCalendarTime: UInt32 = 0x2000_0000

  init(_ record: SELRecord) {
    let isEvent = record.type < 0xc0
    let time = record.timestamp.flatMap { $0 >= Self.firstCalendarTime ? Timestamp(seconds: Int64($0)) : nil }
    self.init(
      id: "\(record.identifier)", time: time,
      subject: isEvent
        ? "\(SensorText.type(record.sensorType)) \(Self.hexadecimal([record.sensorNumber]))"
        : "record type \(Self.hexadecimal([record.type]))",
      message: isEvent ? Self.message(record) : Self.hexadecimal(record.vendorData),
      isDeassertion: record.isDeassertion)
  }

  /// Event type 1 is a threshold, 6Fh the sensor type's own; the low half of the first byte says what (§29.7).
  private static func message(_ record: SELRecord) -> String {
    guard let first = record.eventData.first else { return "" }
    return SensorText.state(Int(first & 0x0f), readingType: record.eventType, sensorType: record.sensorType)
      ?? "event type \(hexadecimal([record.eventType])), data \(hexadecimal(record.eventData))"
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

extension InventoryItem {
  static func items(of device: FRUDevice) -> [InventoryItem] {
    let suffix = device.number == 0 ? "" : " \(device.number)"
    var items: [InventoryItem] = []
    if let chassis = device.inventory.chassis {
      var item = InventoryItem(part: "chassis" + suffix)
      item.partNumber = chassis.partNumber.nonEmpty
      item.serialNumber = chassis.serialNumber.nonEmpty
      item.others = chassis.custom.filter { !$0.isEmpty }
      items.append(item)
    }
    if let board = device.inventory.board {
      var item = InventoryItem(part: "board" + suffix)
      item.manufacturer = board.manufacturer.nonEmpty
      item.product = board.product.nonEmpty
      item.partNumber = board.partNumber.nonEmpty
      item.serialNumber = board.serialNumber.nonEmpty
      item.others = board.custom.filter { !$0.isEmpty }
      items.append(item)
    }
    if let product = device.inventory.product {
      var item = InventoryItem(part: "product" + suffix)
      item.manufacturer = product.manufacturer.nonEmpty
      item.product = product.name.nonEmpty
      item.partNumber = product.partNumber.nonEmpty
      item.serialNumber = product.serialNumber.nonEmpty
      item.assetTag = product.assetTag.nonEmpty
      item.version = product.version.nonEmpty
      item.others = product.custom.filter { !$0.isEmpty }
      items.append(item)
    }
    return items
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}

extension BMCUser {
  init(_ user: IPMIUser) {
    let privilege =
      switch user.access.privilege {
      case .callback: "callback"
      case .user: "user"
      case .operator: "operator"
      case .administrator: "administrator"
      case .noAccess: "none"
      default: "privilege \(user.access.privilege.rawValue)"
      }
    self.init(
      id: Int(user.identifier), name: user.name,
      // Where the BMC does not tell, being let in is what there is to go by.
      isEnabled: user.access.isEnabled ?? user.access.allowsMessaging, privilege: privilege)
  }
}
