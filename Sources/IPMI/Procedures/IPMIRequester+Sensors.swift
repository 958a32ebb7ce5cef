/// One sensor, now.
public struct SensorState: Hashable, Sendable {
  public enum Health: Hashable, Sendable, Comparable {
    case unknown
    case ok
    case warning
    case critical
  }

  public var record: SensorRecord

  /// In ``SensorRecord/unit``; `nil`: no reading now, or states instead of a number.
  public var value: Double?
  public var health: Health

  /// States that are asserted, of a sensor without thresholds.
  public var states: [String]
}

extension IPMIRequester {
  /// Records read at most: repositories hold some hundred, and `next` is not believed for ever.
  private var mostRecords: Int { 4096 }

  /// Every sensor that the BMC itself answers for, and what it shows now; asked one after the other.
  public func readSensors() async throws(IPMIFailure) -> [SensorState] {
    var states = [SensorState]()
    for record in try await readSensorRecords() {
      states.append(
        SensorState(record, try await askOptional(GetSensorReading(sensor: record.number, lun: record.lun))))
    }
    return states
  }

  /// The records of the sensors that can be asked without a bridge: those the BMC owns.
  public func readSensorRecords() async throws(IPMIFailure) -> [SensorRecord] {
    var sensors = [SensorRecord]()
    for bytes in try await readRecords() {
      // A record that makes no sense hides its sensor, not the others.
      guard let record = try? SensorRecord.parse(bytes.span), record.owner == IPMIMessage.bmcAddress,
        record.channel == 0
      else { continue }
      sensors += record.sensors
    }
    return sensors
  }

  /// All sensor data records: of the repository, or where there is none the BMC's own.
  func readRecords() async throws(IPMIFailure) -> [[UInt8]] {
    do throws(IPMIFailure) {
      return try await records(
        reserve: { () async throws(IPMIFailure) in try await ask(ReserveSDRRepository()) },
        read: { (part) async throws(IPMIFailure) in try await ask(part) })
    } catch {
      guard case .refused(_, let code) = error, code == .invalidCommand || code == .disabled else { throw error }
    }
    return try await records(
      reserve: { () async throws(IPMIFailure) in try await ask(ReserveDeviceSDRRepository()) },
      read: { (part) async throws(IPMIFailure) in try await ask(GetDeviceSDR(part)) })
  }

  private func records(
    reserve: () async throws(IPMIFailure) -> UInt16,
    read: (GetSDR) async throws(IPMIFailure) -> GetSDR.Response
  ) async throws(IPMIFailure) -> [[UInt8]] {
    var records = [[UInt8]]()
    var seen: Set<UInt16> = []
    var next = GetSDR.first
    while next != GetSDR.last {
      guard seen.insert(next).inserted, records.count < mostRecords else {
        throw .unusable("the BMC's sensor records lead in circles at record \(next)")
      }
      guard let (following, bytes) = try await record(next, reserve: reserve, read: read) else { break }
      records.append(bytes)
      next = following
    }
    return records
  }

  /// One record with its header: first the five bytes that say how long it is. `nil`: there are none.
  private func record(
    _ number: UInt16, reserve: () async throws(IPMIFailure) -> UInt16,
    read: (GetSDR) async throws(IPMIFailure) -> GetSDR.Response
  ) async throws(IPMIFailure) -> (next: UInt16, bytes: [UInt8])? {
    let header: GetSDR.Response
    do throws(IPMIFailure) {
      // From offset 0 no reservation is needed.
      header = try await read(GetSDR(record: number, count: 5))
    } catch {
      if case .refused(_, .notPresent) = error, number == GetSDR.first { return nil }
      throw error
    }
    guard header.data.count == 5 else {
      throw .unusable("the BMC's sensor record \(number) has a header of \(header.data.count) bytes")
    }
    let length = 5 + Int(header.data[4])
    let whole = try await parts(
      of: length, name: "sensor record \(number)", largest: 32, reserve: reserve,
      read: { (reservation, offset, count) async throws(IPMIFailure) in
        try await read(GetSDR(reservation: reservation, record: number, offset: offset, count: count))
      })
    return (header.next, whole.bytes)
  }
}

extension SensorState {
  init(_ record: SensorRecord, _ reading: GetSensorReading.Response?) {
    self.record = record
    value = reading.flatMap { record.value(of: $0) }
    states = []
    health = .unknown
    guard let reading, reading.raw != nil else { return }
    if record.readingType == 1 {
      health = max(Self.health(bits: reading.thresholds), Self.health(of: value, record.thresholds))
    } else {
      states = SensorText.states(reading.states, readingType: record.readingType, sensorType: record.type)
      health = SensorText.health(reading.states, readingType: record.readingType, sensorType: record.type)
    }
  }

  /// Bits 1, 2, 4 and 5: critical or worse; 0 and 3: not.
  private static func health(bits: UInt16) -> Health {
    bits & 0b110110 != 0 ? .critical : bits & 0b001001 != 0 ? .warning : .ok
  }

  /// By the limits themselves: some BMCs send no comparison bits.
  private static func health(of value: Double?, _ thresholds: SensorRecord.Thresholds?) -> Health {
    guard let value, let limits = thresholds else { return .ok }
    func isBelow(_ limit: Double?) -> Bool { limit.map { value <= $0 } ?? false }
    func isAbove(_ limit: Double?) -> Bool { limit.map { value >= $0 } ?? false }
    if isBelow(limits.lowerCritical) || isBelow(limits.lowerNonRecoverable) || isAbove(limits.upperCritical)
      || isAbove(limits.upperNonRecoverable)
    {
      return .critical
    }
    return isBelow(limits.lowerNonCritical) || isAbove(limits.upperNonCritical) ? .warning : .ok
  }
}
