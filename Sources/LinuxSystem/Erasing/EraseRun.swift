internal import Glibc

/// One disk being erased: buffers, places and witnesses that the methods share.
final class EraseRun {
  /// Bytes of one read or write.
  static let pieceBytes = 1 << 20

  let device: any EraseDevice
  let places: ErasePlaces
  /// What is worth knowing of a method that did.
  private(set) var notes = [String]()
  /// The fast mode on a disk that cannot discard.
  private(set) var ranWithoutDiscard = false

  private let progress: DiskEraser.Progress
  private let pause: @Sendable (Duration) -> Void
  private let zeros: AlignedBuffer
  private let buffer: AlignedBuffer
  private var method = EraseMethod.overwrite
  private var witnesses: Witnesses?

  init(_ eraser: DiskEraser) throws(EraseFailure) {
    device = eraser.device
    progress = eraser.progress
    pause = eraser.pause
    do {
      zeros = try AlignedBuffer(count: Self.pieceBytes)
      buffer = try AlignedBuffer(count: Self.pieceBytes)
    } catch {
      throw .broken("\(error)")
    }
    // A table that cannot be read (or is none) names no partitions; the ends are erased all the same.
    let (device, buffer) = (device, buffer)
    let table = PartitionTable(size: device.size, sectorSize: device.sectorSize) { offset, count in
      try? Self.read(device, buffer, at: offset, count: count)
    }
    places = ErasePlaces(size: device.size, partitions: table.partitions.map(\.range))
  }

  // MARK: One method

  /// Returns what was read back.
  func erase(by method: EraseMethod) throws(EraseFailure) -> String {
    self.method = method
    try tell(0)
    if method.proof != .none { try plantWitnesses() }
    switch method {
    case .sanitizeBlock: try sanitize(.blockErase)
    case .sanitizeCrypto: try sanitize(.cryptoErase)
    case .format: try format()
    case .secureDiscard: try discard(.secureDiscard)
    case .discardAndCheck: try discardAndCheck()
    case .zeroOut: try zeroOut()
    case .overwrite: try overwrite()
    case .discardAndEnds: try discardIfPossible()
    }
    try settle()
    try checkWitnesses(method.proof)
    try blankPlaces()
    let sum = places.ranges.reduce(0) { $0 + UInt64($1.count) }
    let what =
      sum >= device.size ? "every byte is zero" : "both ends and all known places (\(sum >> 20) MiB) are zero"
    guard let count = witnesses?.offsets.count, method.proof != .none else { return what }
    return "\(what); \(count) random blocks written before are \(method.proof == .zeros ? "zero" : "gone")"
  }

  /// How far the method is.
  func tell(_ bytes: UInt64) throws(EraseFailure) {
    guard progress(method.name, bytes) else { throw .stopped }
  }

  func note(_ text: String) { notes.append(text) }
  func noteNoDiscard() { ranWithoutDiscard = true }
  func wait(_ duration: Duration) { pause(duration) }

  // MARK: Reading and writing

  /// Zeros all over the range; `doing` is told after each piece.
  func writeZeros(_ range: Range<UInt64>, told: (UInt64) throws(EraseFailure) -> Void = { _ in }) throws(EraseFailure) {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = Int(min(UInt64(Self.pieceBytes), range.upperBound - offset))
      try write(UnsafeRawBufferPointer(rebasing: zeros.bytes[..<count]), at: offset)
      offset += UInt64(count)
      try told(offset)
    }
  }

  /// The first byte of a piece that is not all zeros; `nil` when there is none.
  func firstNonzero(
    _ range: Range<UInt64>, told: (UInt64) throws(EraseFailure) -> Void = { _ in }
  ) throws(EraseFailure) -> UInt64? {
    var offset = range.lowerBound
    while offset < range.upperBound {
      let count = Int(min(UInt64(Self.pieceBytes), range.upperBound - offset))
      try read(at: offset, count: count)
      guard buffer.isZero(count) else {
        let place = buffer.bytes[..<count].firstIndex { $0 != 0 } ?? 0
        return offset + UInt64(place)
      }
      offset += UInt64(count)
      try told(offset)
    }
    return nil
  }

  /// What was written is on the disk, and what is read comes from it.
  func settle() throws(EraseFailure) {
    do {
      try device.flush()
      try device.dropCaches()
    } catch {
      throw .broken("\(error)")
    }
  }

  /// Disks take less than they are given at times.
  private func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(EraseFailure) {
    var done = 0
    while done < bytes.count {
      let count: Int
      do {
        count = try device.write(UnsafeRawBufferPointer(rebasing: bytes[done...]), at: offset + UInt64(done))
      } catch {
        throw .broken("\(error), at byte \(offset + UInt64(done))")
      }
      guard count > 0 else { throw .broken("writes nothing at byte \(offset + UInt64(done))") }
      done += count
    }
  }

  private func read(at offset: UInt64, count: Int) throws(EraseFailure) {
    do {
      _ = try Self.fill(device, buffer, at: offset, count: count)
    } catch {
      throw .broken("\(error), at byte \(offset)")
    }
  }

  private static func fill(
    _ device: any EraseDevice, _ buffer: AlignedBuffer, at offset: UInt64, count: Int
  ) throws(SystemError) {
    var done = 0
    while done < count {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer.bytes[done..<count])
      let more = try device.read(into: piece, at: offset + UInt64(done))
      guard more > 0 else { throw SystemError(operation: "read", subject: "past the end", code: EIO) }
      done += more
    }
  }

  /// Any range, by whole sectors.
  private static func read(
    _ device: any EraseDevice, _ buffer: AlignedBuffer, at offset: UInt64, count: Int
  ) throws(SystemError) -> [UInt8] {
    let sector = UInt64(device.sectorSize)
    let start = offset / sector * sector
    let end = min(device.size, (offset + UInt64(count) + sector - 1) / sector * sector)
    guard offset < end, end - start <= UInt64(buffer.bytes.count) else {
      throw SystemError(operation: "read", subject: "outside", code: EINVAL)
    }
    try fill(device, buffer, at: start, count: Int(end - start))
    let first = Int(offset - start)
    return Array(buffer.bytes[first..<min(first + count, Int(end - start))])
  }

  // MARK: Proof

  private func plantWitnesses() throws(EraseFailure) {
    var random = SystemRandomNumberGenerator()
    let witnesses = Witnesses(size: device.size, using: &random)
    for offset in witnesses.offsets {
      witnesses.fill(buffer.bytes, at: offset)
      try write(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<Witnesses.bytes]), at: offset)
    }
    self.witnesses = witnesses
    try settle()
  }

  private func checkWitnesses(_ proof: EraseMethod.Proof) throws(EraseFailure) {
    guard let witnesses, proof != .none else { return }
    let expected: AlignedBuffer
    do {
      expected = try AlignedBuffer(count: Witnesses.bytes)
    } catch {
      throw .broken("\(error)")
    }
    for offset in witnesses.offsets {
      try read(at: offset, count: Witnesses.bytes)
      if buffer.isZero(Witnesses.bytes) { continue }
      guard proof == .change else { throw .impossible("byte \(offset) and others are not zero after it") }
      witnesses.fill(expected.bytes, at: offset)
      guard !buffer.isEqual(to: expected, Witnesses.bytes) else {
        throw .impossible("what was at byte \(offset) is still there after it")
      }
    }
  }

  /// Whatever the method left at the places that matter. No disk may fail at that: nothing else would help.
  private func blankPlaces() throws(EraseFailure) {
    for range in places.ranges { try writeZeros(range) }
    try settle()
    for range in places.ranges {
      if let place = try firstNonzero(range) {
        throw .broken(
          "byte \(place) is not zero after zeros were written there: the disk does not keep what it is given")
      }
    }
    // Old partitions that stay known until the machine restarts, which it does now, do no harm.
    try? device.rereadPartitions()
  }
}
