import Wire

/// Sensors and their records. IPMI v2.0 §33, §35.
extension BMCResponder {
  private static let getAllocationInfo: UInt8 = 0x21
  private static let getRepositoryTime: UInt8 = 0x28

  mutating func answerAboutRecords(_ message: IPMIMessage) throws -> Outcome? {
    let data = message.data.span
    var offset = 0
    switch message.command {
    case GetSDRRepositoryInfo.command:
      var bytes: [UInt8] = [0x51]
      bytes.append(littleEndian: UInt16(clamping: SDRTable.records.count))
      bytes.append(littleEndian: 0xffff as UInt16)  // free: does not tell
      // Never changed: so clients may keep what they read.
      bytes.append(littleEndian: configuration.startTime)
      bytes.append(littleEndian: 0 as UInt32)
      return (.success, bytes + [0x02])
    case Self.getAllocationInfo: return (.invalidCommand, [])
    case ReserveSDRRepository.command:
      sensorReservation = sensorReservation == .max ? 1 : sensorReservation + 1
      return (.success, word(sensorReservation))
    case GetSDR.command:
      let reservation = try data.word(at: &offset)
      let identifier = try data.word(at: &offset)
      let start = Int(try data.byte(at: &offset))
      let count = Int(try data.byte(at: &offset))
      guard reservation == 0 ? start == 0 : reservation == sensorReservation else {
        return (.reservationCancelled, [])
      }
      let index =
        switch identifier {
        case GetSDR.first: 0
        case GetSDR.last: SDRTable.records.count - 1
        default: Int(identifier) - 1
        }
      guard SDRTable.records.indices.contains(index) else { return (.notPresent, []) }
      let record = SDRTable.records[index]
      guard start <= record.count else { return (.parameterOutOfRange, []) }
      let end = count == 0xff ? record.count : min(record.count, start + count)
      guard end - start <= configuration.readLimit else { return (.cannotReturnBytes, []) }
      let next = index + 1 < SDRTable.records.count ? UInt16(index + 2) : GetSDR.last
      return (.success, word(next) + record[start..<end])
    case Self.getRepositoryTime:
      var bytes = [UInt8]()
      bytes.append(littleEndian: configuration.startTime)
      return (.success, bytes)
    default: return nil
    }
  }

  private static let getHysteresis: UInt8 = 0x25
  private static let getThresholds: UInt8 = 0x27
  private static let getEventEnable: UInt8 = 0x29
  private static let getEventStatus: UInt8 = 0x2b
  private static let getSensorType: UInt8 = 0x2f

  mutating func answerAboutSensors(_ message: IPMIMessage) throws -> Outcome? {
    let asked: Set<UInt8> = [
      GetSensorReading.command, Self.getHysteresis, Self.getThresholds, Self.getEventEnable, Self.getEventStatus,
      Self.getSensorType,
    ]
    guard asked.contains(message.command) else { return nil }
    var offset = 0
    let number = try message.data.span.byte(at: &offset)
    guard message.destinationLUN == 0, let sensor = SimulatedSensor.numbered(number) else { return (.notPresent, []) }
    // Events and scanning are on; bit 5: no reading now.
    let flags: UInt8 = sensor.needsPower && !machine.isOn ? 0xe0 : 0xc0
    switch message.command {
    case GetSensorReading.command:
      switch sensor.kind {
      case .analog(_, _, _, _, _, let limits):
        let reading = sensor.reading(of: configuration.identity)
        // Bits 6 and 7 are reserved and 1.
        return (.success, [flags & 0x20 == 0 ? reading : 0, flags, 0xc0 | limits.crossed(by: reading)])
      case .discrete(let states):
        // The power unit asserts that it is off.
        let asserted = sensor.number == SimulatedSensor.powerUnit && !machine.isOn ? 0x0001 : states
        return (.success, [0, flags] + word(asserted | 0x8000))
      }
    case Self.getHysteresis:
      return sensor.isAnalog
        ? (.success, [SimulatedSensor.hysteresis, SimulatedSensor.hysteresis]) : (.illegalForSensor, [])
    case Self.getThresholds:
      guard case .analog(_, _, _, _, _, let limits) = sensor.kind else { return (.illegalForSensor, []) }
      return (
        .success,
        [
          limits.readable, limits.lowerNonCritical ?? 0, limits.lowerCritical ?? 0, 0, limits.upperNonCritical ?? 0,
          limits.upperCritical ?? 0, 0,
        ]
      )
    case Self.getEventEnable: return (.success, [0xc0, 0, 0, 0, 0])
    case Self.getEventStatus: return (.success, [0xc0, 0, 0, 0, 0])
    default: return (.success, [sensor.type, sensor.isAnalog ? 0x01 : 0x6f])
    }
  }
}
