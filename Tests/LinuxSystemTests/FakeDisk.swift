import Glibc
import Synchronization

@testable import LinuxSystem

/// A disk in memory that lies and fails as told.
final class FakeDisk: EraseDevice {
  /// What a disk makes of an order.
  enum Obedience: Sendable {
    case unsupported
    /// Zeros afterwards.
    case zeros
    /// Something else, as flash that was given a new key.
    case garbage
    /// Says that it did, and did not.
    case lies
    case fails(Int32)
  }

  struct Behaviour: Sendable {
    var discard = Obedience.zeros
    var secureDiscard = Obedience.unsupported
    var zeroOut = Obedience.zeros
    /// Takes at most so many bytes of one write.
    var mostOfAWrite = Int.max
    /// Fails to write, or read, the block at that place.
    var unwritable: Range<UInt64>?
    var unreadable: Range<UInt64>?
    /// Takes writes there and keeps nothing.
    var forgets: Range<UInt64>?
    var flushFails = false
    /// Reads come from memory that BLKFLSBUF throws away, and the disk has nothing of it.
    var hasLyingCache = false
  }

  private struct State {
    var bytes: [UInt8]
    /// What is really on it, when the cache lies.
    var medium: [UInt8]?
    var orders: [String] = []
    var misaligned = 0
  }

  let size: UInt64
  let sectorSize: Int
  let nvme: (any NVMeAdministration)?
  private let behaviour: Behaviour
  private let state: Mutex<State>

  init(
    size: Int, sectorSize: Int = 512, nvme: (any NVMeAdministration)? = nil, _ behaviour: Behaviour = Behaviour(),
    filledWith byte: UInt8 = 0xa7
  ) {
    self.size = UInt64(size)
    self.sectorSize = sectorSize
    self.nvme = nvme
    self.behaviour = behaviour
    let bytes = [UInt8](repeating: byte, count: size)
    state = Mutex(State(bytes: bytes, medium: behaviour.hasLyingCache ? bytes : nil))
  }

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var isBlank: Bool { isBlank(0..<Int(size)) }
  /// The first and the last 4 MiB.
  var hasBlankEnds: Bool { isBlank(0..<(4 << 20)) && isBlank((Int(size) - (4 << 20))..<Int(size)) }
  /// What was ordered of it, each once.
  var orders: [String] { state.withLock { $0.orders } }
  /// Reads and writes that were no whole sectors.
  var misaligned: Int { state.withLock { $0.misaligned } }
  func fill(_ byte: UInt8) { state.withLock { $0.bytes = Array(repeating: byte, count: $0.bytes.count) } }

  func isBlank(_ range: Range<Int>) -> Bool {
    state.withLock { state in
      state.bytes.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress.map({ $0 + range.lowerBound }), !range.isEmpty else { return true }
        return bytes[range.lowerBound] == 0 && memcmp(start, start + 1, range.count - 1) == 0
      }
    }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
    let range = try checked(offset, buffer.count, "read")
    if let bad = behaviour.unreadable, bad.overlaps(offset..<UInt64(range.upperBound)) {
      throw SystemError(operation: "read", subject: "fake", code: EIO)
    }
    state.withLock { state in buffer.copyBytes(from: state.bytes[range]) }
    return buffer.count
  }

  func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
    let range = try checked(offset, buffer.count, "write")
    if let bad = behaviour.unwritable, bad.overlaps(offset..<UInt64(range.upperBound)) {
      throw SystemError(operation: "write", subject: "fake", code: EIO)
    }
    let count = min(buffer.count, behaviour.mostOfAWrite)
    state.withLock { state in
      let before = behaviour.forgets.map { state.bytes[Int($0.lowerBound)..<Int($0.upperBound)] }
      state.bytes.withUnsafeMutableBytes { bytes in
        UnsafeMutableRawBufferPointer(rebasing: bytes[range]).copyBytes(from: buffer.prefix(count))
      }
      if let before { state.bytes.replaceSubrange(before.startIndex..<before.endIndex, with: before) }
    }
    return count
  }

  func order(_ order: RangeOrder, _ range: Range<UInt64>) throws(SystemError) {
    state.withLock { if $0.orders.last != "\(order)" { $0.orders.append("\(order)") } }
    let obedience =
      switch order {
      case .discard: behaviour.discard
      case .secureDiscard: behaviour.secureDiscard
      case .zeroOut: behaviour.zeroOut
      }
    let places = Int(range.lowerBound)..<Int(range.upperBound)
    switch obedience {
    case .unsupported: throw SystemError(operation: "order", subject: "fake", code: EOPNOTSUPP)
    case .fails(let code): throw SystemError(operation: "order", subject: "fake", code: code)
    case .lies: break
    case .zeros: set(places, to: 0)
    case .garbage: set(places, to: 0x5a)
    }
  }

  private func set(_ range: Range<Int>, to byte: UInt8) {
    state.withLock { state in
      state.bytes.withUnsafeMutableBytes { bytes in
        if let start = bytes.baseAddress { memset(start + range.lowerBound, Int32(byte), range.count) }
      }
    }
  }

  func flush() throws(SystemError) {
    if behaviour.flushFails { throw SystemError(operation: "fsync", subject: "fake", code: EIO) }
  }

  func dropCaches() throws(SystemError) {
    state.withLock { state in if let medium = state.medium { state.bytes = medium } }
  }

  func rereadPartitions() throws(SystemError) {
    throw SystemError(operation: "BLKRRPART", subject: "fake", code: EINVAL)
  }

  private func checked(_ offset: UInt64, _ count: Int, _ operation: StaticString) throws(SystemError) -> Range<Int> {
    if offset % UInt64(sectorSize) != 0 || count % sectorSize != 0 { state.withLock { $0.misaligned += 1 } }
    guard offset + UInt64(count) <= size else { throw SystemError(operation: operation, subject: "end", code: EINVAL) }
    return Int(offset)..<(Int(offset) + count)
  }
}

/// The controller of a fake NVMe disk.
final class FakeController: NVMeAdministration {
  struct Behaviour: Sendable {
    /// SANICAP, OACS, FNA.
    var sanitize: UInt32 = 0
    var commands: UInt16 = 0
    var format: UInt8 = 0
    var namespaces: [UInt32] = [1]
    var allocated: [UInt32] = [1]
    /// FLBAS and DPS.
    var size: UInt8 = 0
    var protection: UInt8 = 0
    /// The status that a format with that setting is answered with, and whether it does anything.
    var formatStatus: [UInt32: UInt16] = [:]
    var erases = true
    /// SSTAT and SPROG, one for each look.
    var log: [(UInt8, UInt16)] = []
  }

  let namespace: UInt32 = 1
  private let behaviour: Behaviour
  private let state = Mutex<(commands: [NVMeCommand], looks: Int, disk: FakeDisk?)>(([], 0, nil))

  init(_ behaviour: Behaviour) { self.behaviour = behaviour }

  func attach(_ disk: FakeDisk) { state.withLock { $0.disk = disk } }
  /// Everything but questions.
  var changes: [NVMeCommand] { state.withLock { $0.commands }.filter { $0.opcode >= 0x80 } }

  func perform(_ command: NVMeCommand) throws(SystemError) -> (status: UInt16, answer: [UInt8]) {
    state.withLock { $0.commands.append(command) }
    var answer = [UInt8](repeating: 0, count: command.answerBytes)
    func put(_ value: UInt32, _ offset: Int, _ count: Int) {
      for place in 0..<count { answer[offset + place] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(place))) }
    }
    switch (command.opcode, command.dword10) {
    case (0x06, 0x01):
      put(UInt32(behaviour.commands), 256, 2)
      put(behaviour.sanitize, 328, 4)
      answer[524] = behaviour.format
    case (0x06, 0x00):
      answer[26] = behaviour.size
      answer[29] = behaviour.protection
    case (0x06, 0x02): for (place, number) in behaviour.namespaces.enumerated() { put(number, 4 * place, 4) }
    case (0x06, 0x10): for (place, number) in behaviour.allocated.enumerated() { put(number, 4 * place, 4) }
    case (0x02, _):
      let look = state.withLock { state in
        defer { state.looks += 1 }
        return state.looks
      }
      let (status, done) = look < behaviour.log.count ? behaviour.log[look] : behaviour.log.last ?? (0, 0)
      put(UInt32(done), 0, 2)
      answer[2] = status
    case (0x80, let dword):
      let status = behaviour.formatStatus[dword >> 9 & 7] ?? 0
      if status != 0 { return (status, []) }
      if behaviour.erases { state.withLock { $0.disk }?.fill(0xff) }
    case (0x84, let dword):
      if dword & 7 != 1, behaviour.erases { state.withLock { $0.disk }?.fill(0x5a) }
    default: return (0x0001, [])
    }
    return (0, answer)
  }
}
