import Wire

/// The sensors of every simulated machine: one model, so all machines share one table of records.
struct SimulatedSensor: Hashable, Sendable {
  /// As in ``SensorRecord/type``.
  enum Kind: Hashable, Sendable {
    /// Thresholds; `unit` as in table 43-15, the reading is `multiplier · 10^exponent · raw`.
    case analog(unit: UInt8, multiplier: UInt8, exponent: Int, normal: UInt8, spread: UInt8, Limits)
    /// States; bit `n` of `states` is asserted while the machine is on.
    case discrete(states: UInt16)
  }

  /// Raw readings; `nil` where there is no such threshold.
  struct Limits: Hashable, Sendable {
    var lowerNonCritical: UInt8?
    var lowerCritical: UInt8?
    var upperNonCritical: UInt8?
    var upperCritical: UInt8?

    /// Bit 0 lower non-critical, 1 lower critical, 3 upper non-critical, 4 upper critical.
    var readable: UInt8 {
      (lowerNonCritical == nil ? 0 : 0x01) | (lowerCritical == nil ? 0 : 0x02) | (upperNonCritical == nil ? 0 : 0x08)
        | (upperCritical == nil ? 0 : 0x10)
    }
  }

  let number: UInt8
  let name: String
  let type: UInt8
  let entity: UInt8
  let instance: UInt8
  /// Shows nothing while the machine is off.
  let needsPower: Bool
  let kind: Kind

  static let powerUnit: UInt8 = 0x01
  static let watchdog: UInt8 = 0x02

  static let all: [SimulatedSensor] = {
    var sensors = [
      SimulatedSensor(
        number: powerUnit, name: "Power Unit", type: 0x09, entity: 19, instance: 1, needsPower: false,
        kind: .discrete(states: 0)),
      SimulatedSensor(
        number: watchdog, name: "Watchdog", type: 0x23, entity: 7, instance: 1, needsPower: false,
        kind: .discrete(states: 0)),
      SimulatedSensor(
        number: 0x10, name: "Inlet Temp", type: 0x01, entity: 55, instance: 1, needsPower: false,
        kind: .analog(
          unit: 1, multiplier: 1, exponent: 0, normal: 23, spread: 3,
          Limits(lowerNonCritical: 5, lowerCritical: 3, upperNonCritical: 42, upperCritical: 47))),
    ]
    for processor in 1...2 as ClosedRange<UInt8> {
      sensors.append(
        SimulatedSensor(
          number: 0x10 + processor, name: "CPU\(processor) Temp", type: 0x01, entity: 3, instance: processor,
          needsPower: true,
          kind: .analog(
            unit: 1, multiplier: 1, exponent: 0, normal: 48, spread: 8, Limits(upperNonCritical: 85, upperCritical: 95))
        ))
    }
    let voltages: [(String, UInt8, UInt8)] = [("12V", 60, 200), ("5V", 25, 200), ("3.3V", 17, 194)]
    for (index, voltage) in voltages.enumerated() {
      let margin = voltage.2 / 12
      sensors.append(
        SimulatedSensor(
          number: 0x20 + UInt8(index), name: voltage.0, type: 0x02, entity: 7, instance: 1, needsPower: true,
          kind: .analog(
            unit: 4, multiplier: voltage.1, exponent: -3, normal: voltage.2, spread: 2,
            Limits(lowerCritical: voltage.2 - margin, upperCritical: voltage.2 + margin))))
    }
    for fan in 1...6 as ClosedRange<UInt8> {
      sensors.append(
        SimulatedSensor(
          number: 0x30 + fan, name: "Fan\(fan)", type: 0x04, entity: 29, instance: fan, needsPower: true,
          kind: .analog(
            unit: 18, multiplier: 60, exponent: 0, normal: 110, spread: 12,
            Limits(lowerNonCritical: 14, lowerCritical: 10))))
    }
    sensors.append(
      SimulatedSensor(
        number: 0x40, name: "Pwr Consumption", type: 0x0b, entity: 19, instance: 1, needsPower: true,
        kind: .analog(unit: 6, multiplier: 4, exponent: 0, normal: 52, spread: 20, Limits(upperCritical: 230))))
    for supply in 1...2 as ClosedRange<UInt8> {
      sensors.append(
        SimulatedSensor(
          number: 0x50 + supply, name: "PSU\(supply) Status", type: 0x08, entity: 10, instance: supply,
          needsPower: false, kind: .discrete(states: 0x0001)))
    }
    return sensors
  }()

  static func numbered(_ number: UInt8) -> SimulatedSensor? { all.first { $0.number == number } }

  /// Whether it has thresholds.
  var isAnalog: Bool {
    if case .analog = kind { true } else { false }
  }

  /// What it shows on a machine: within its spread, always the same there.
  func reading(of identity: SimulatedIdentity) -> UInt8 {
    guard case .analog(_, _, _, let normal, let spread, _) = kind else { return 0 }
    return normal - spread + UInt8(identity.number(for: 0x100 | UInt64(number)) % (2 * UInt64(spread) + 1))
  }

  /// The record of the SDR repository, `identifier` included. Tables 43-1 and 43-2.
  func record(_ identifier: UInt16) -> [UInt8] {
    var body: [UInt8] = [IPMIMessage.bmcAddress, 0, number, entity, instance, 0x7f]
    let text: [UInt8] = [0xc0 | UInt8(name.utf8.count)] + name.utf8
    switch kind {
    case .analog(let unit, let multiplier, let exponent, let normal, _, let limits):
      // Rearms by itself, thresholds and hysteresis can be read, events for each threshold.
      body += [0x54, type, 0x01, 0, 0, 0, 0, limits.readable, 0, 0x00, unit, 0, 0, multiplier, 0, 0, 0, 0]
      body += [UInt8(truncatingIfNeeded: exponent << 4), 0x01, normal, 0, 0, 0xff, 0]
      body += [0, limits.upperCritical ?? 0, limits.upperNonCritical ?? 0]
      body += [0, limits.lowerCritical ?? 0, limits.lowerNonCritical ?? 0]
      body += [Self.hysteresis, Self.hysteresis, 0, 0, 0]
    case .discrete(let states):
      body += [0x40, type, 0x6f]
      for _ in 0..<3 { body.append(littleEndian: states | 0x0001) }
      body += [0xc0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    }
    return SDRTable.record(identifier, type: isAnalog ? 0x01 : 0x02, body + text)
  }

  static let hysteresis: UInt8 = 2
}

extension SimulatedSensor.Limits {
  /// Bits as in ``readable``.
  func crossed(by reading: UInt8) -> UInt8 {
    var bits: UInt8 = 0
    if let lowerNonCritical, reading <= lowerNonCritical { bits |= 0x01 }
    if let lowerCritical, reading <= lowerCritical { bits |= 0x02 }
    if let upperNonCritical, reading >= upperNonCritical { bits |= 0x08 }
    if let upperCritical, reading >= upperCritical { bits |= 0x10 }
    return bits
  }
}
