import Wire

/// A simulated machine's system event log: records of 16 bytes, as they are sent. IPMI v2.0 §31, §32.
struct SimulatedEventLog: Sendable {
  /// As many as small BMCs keep; what happens when it is full is lost, as there.
  static let capacity = 512

  static let recordLength = 16

  /// All records, one behind the other.
  private var bytes: [UInt8] = []

  /// 0: none was given since the log was cleared.
  private(set) var reservation: UInt16 = 0
  private var lastReservation: UInt16 = 0
  private(set) var lastAddition: UInt32?
  private(set) var lastErase: UInt32?
  private(set) var hasOverflowed = false

  init() {}

  var count: Int { bytes.count / Self.recordLength }
  var freeBytes: Int { (Self.capacity - count) * Self.recordLength }

  /// Adds a system event: what the BMC itself saw on a sensor.
  mutating func add(
    sensorType: UInt8, sensor: UInt8, eventType: UInt8 = 0x6f, isDeassertion: Bool = false, data: [UInt8],
    at time: UInt32
  ) {
    var body: [UInt8] = [0x02]
    body.append(littleEndian: time)
    body += [IPMIMessage.bmcAddress, 0, 0x04, sensorType, sensor, (isDeassertion ? 0x80 : 0) | eventType]
    add(body + (data + [0xff, 0xff, 0xff]).prefix(3), at: time)
  }

  /// Adds a record without its number: 14 bytes. Its number, or `nil` when the log is full.
  @discardableResult
  mutating func add(_ body: [UInt8], at time: UInt32) -> UInt16? {
    guard count < Self.capacity, body.count == Self.recordLength - 2 else {
      hasOverflowed = true
      return nil
    }
    let identifier = UInt16(count + 1)
    bytes.append(littleEndian: identifier)
    bytes += body
    lastAddition = time
    return identifier
  }

  /// A record and the number of the one behind it. 0 is the first, 0xFFFF the last.
  func record(_ identifier: UInt16) -> (next: UInt16, bytes: [UInt8])? {
    let index =
      switch identifier {
      case GetSELEntry.first: 0
      case GetSELEntry.last: count - 1
      default: Int(identifier) - 1
      }
    guard index >= 0, index < count else { return nil }
    let next = index + 1 < count ? UInt16(index + 2) : GetSELEntry.last
    return (next, Array(bytes[index * Self.recordLength..<(index + 1) * Self.recordLength]))
  }

  mutating func reserve() -> UInt16 {
    lastReservation = lastReservation == .max ? 1 : lastReservation + 1
    reservation = lastReservation
    return reservation
  }

  /// Lets a reservation live on past ``clear(at:)``, for whoever asks whether it is done.
  mutating func keep(_ reservation: UInt16) { self.reservation = reservation }

  mutating func clear(at time: UInt32) {
    bytes = []
    hasOverflowed = false
    reservation = 0
    lastErase = time
  }
}
