import Wire

/// The SDR repository of every simulated machine.
enum SDRTable {
  /// Records by their number, which is their place from 1.
  static let records: [[UInt8]] = {
    var records = [controller(1)]
    for sensor in SimulatedSensor.all { records.append(sensor.record(UInt16(records.count + 1))) }
    return records
  }()

  static func record(_ identifier: UInt16, type: UInt8, _ body: [UInt8]) -> [UInt8] {
    var bytes = [UInt8]()
    bytes.append(littleEndian: identifier)
    return bytes + [0x51, type, UInt8(clamping: body.count)] + body
  }

  /// The management controller device locator. Table 43-13.
  private static func controller(_ identifier: UInt16) -> [UInt8] {
    let name = Array("BMC".utf8)
    return record(
      identifier, type: 0x12,
      [IPMIMessage.bmcAddress, 0, 0, 0x8f, 0, 0, 0, 7, 1, 0, 0xc0 | UInt8(name.count)] + name)
  }
}
