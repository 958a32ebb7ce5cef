import Wire

/// The system event log. IPMI v2.0 §31.
extension BMCResponder {
  private static let getAllocationInfo: UInt8 = 0x41
  static let addLogEntry: UInt8 = 0x44
  private static let getLogTime: UInt8 = 0x48
  static let setLogTime: UInt8 = 0x49

  mutating func answerAboutLog(_ message: IPMIMessage, at now: ContinuousClock.Instant) throws -> Outcome? {
    let data = message.data.span
    var offset = 0
    switch message.command {
    case GetSELInfo.command:
      var bytes: [UInt8] = [0x51]
      bytes.append(littleEndian: UInt16(clamping: log.count))
      bytes.append(littleEndian: UInt16(clamping: log.freeBytes))
      bytes.append(littleEndian: log.lastAddition ?? .max)
      bytes.append(littleEndian: log.lastErase ?? .max)
      // Reserve and allocation information, and overflow.
      return (.success, bytes + [(log.hasOverflowed ? 0x80 : 0) | 0x03])
    case Self.getAllocationInfo:
      var bytes = [UInt8]()
      let free = UInt16(clamping: SimulatedEventLog.capacity - log.count)
      // Units in all, their size, free ones, the largest free block, the largest record in units.
      for value in [UInt16(SimulatedEventLog.capacity), UInt16(SimulatedEventLog.recordLength), free, free] {
        bytes.append(littleEndian: value)
      }
      return (.success, bytes + [1])
    case ReserveSEL.command: return (.success, word(log.reserve()))
    case GetSELEntry.command:
      let reservation = try data.word(at: &offset)
      let identifier = try data.word(at: &offset)
      let start = Int(try data.byte(at: &offset))
      let count = Int(try data.byte(at: &offset))
      // 0 is enough for the whole; for parts the log must not change meanwhile.
      guard reservation == 0 ? start == 0 : reservation == log.reservation else { return (.reservationCancelled, []) }
      guard let (next, bytes) = log.record(identifier) else { return (.notPresent, []) }
      guard start < bytes.count else { return (.parameterOutOfRange, []) }
      let end = count == 0xff ? bytes.count : min(bytes.count, start + count)
      return (.success, word(next) + bytes[start..<end])
    case Self.addLogEntry:
      var record = try data.bytes(SimulatedEventLog.recordLength, at: &offset)
      record.removeFirst(2)
      // Records with a time get the BMC's.
      if record[0] < 0xe0 {
        var time = [UInt8]()
        time.append(littleEndian: self.time(at: now))
        record.replaceSubrange(1..<5, with: time)
      }
      return log.add(record, at: time(at: now)).map { (.success, word($0)) } ?? (.outOfSpace, [])
    case ClearSEL.command:
      let reservation = try data.word(at: &offset)
      let mark = try data.bytes(3, at: &offset)
      let operation = try data.byte(at: &offset)
      guard mark == Array("CLR".utf8) else { return (.invalidField, []) }
      guard reservation != 0, reservation == log.reservation else { return (.reservationCancelled, []) }
      switch ClearSEL.Operation(rawValue: operation) {
      case .begin:
        log.clear(at: time(at: now))
        // That it was cleared is its first entry; the reservation still answers how far it is.
        log.keep(reservation)
        log.add(sensorType: 0x10, sensor: 0, data: [0x02], at: time(at: now))
      case .askProgress: break
      case nil: return (.invalidField, [])
      }
      return (.success, [0x01])
    case Self.getLogTime:
      var bytes = [UInt8]()
      bytes.append(littleEndian: time(at: now))
      return (.success, bytes)
    case Self.setLogTime:
      let wanted = try data.doubleWord(at: &offset)
      clockOffset = clockOffset &+ (wanted &- time(at: now))
      return (.success, [])
    default: return nil
    }
  }

  func word(_ value: UInt16) -> [UInt8] { [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)] }
}
