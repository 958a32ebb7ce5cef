internal import CLinux
internal import Glibc

/// A whole disk, for this program alone: while anything else has it (a mounted file system on it or on one of its
/// partitions, a RAID, a volume group), it cannot be opened, and while this has it, nothing else can use it.
///
/// Reads and writes go past the page cache where the driver allows that.
final class RawDisk: EraseDevice {
  let size: UInt64
  let sectorSize: Int
  let nvme: (any NVMeAdministration)?

  private let descriptor: FileDescriptor
  private let path: String

  /// - Throws: EBUSY when it is in use, EROFS or EACCES when it cannot be written to.
  init(path: String) throws(SystemError) {
    descriptor = try Self.open(path)
    self.path = path
    var size: UInt64 = 0
    var sectorSize: Int32 = 0
    var isReadOnly: Int32 = 0
    try Self.control("BLKROGET", descriptor.rawValue, path, clinux_block_read_only(), &isReadOnly)
    guard isReadOnly == 0 else { throw SystemError(operation: "open", subject: path, code: EROFS) }
    try Self.control("BLKGETSIZE64", descriptor.rawValue, path, clinux_block_size(), &size)
    try Self.control("BLKSSZGET", descriptor.rawValue, path, clinux_block_sector_size(), &sectorSize)
    // The kernel knows no others; what is counted with below must be none.
    guard (512...65_536).contains(sectorSize), size >= UInt64(sectorSize) else {
      throw SystemError(operation: "BLKSSZGET", subject: path, code: EINVAL)
    }
    self.size = size - size % UInt64(sectorSize)
    self.sectorSize = Int(sectorSize)
    nvme = NVMeNamespace(descriptor: descriptor.rawValue, path: path)
  }

  private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
    let flags = O_RDWR | O_EXCL | O_NOCTTY
    do {
      return try FileDescriptor.open(path, flags: flags | clinux_direct())
    } catch {
      guard error.code == EINVAL else { throw error }
      return try FileDescriptor.open(path, flags: flags)
    }
  }

  private static func control<Value>(
    _ name: StaticString, _ descriptor: Int32, _ path: String, _ request: UInt, _ value: inout Value
  ) throws(SystemError) {
    try systemCall(name, path) {
      withUnsafeMutablePointer(to: &value) { clinux_ioctl(descriptor, request, UnsafeMutableRawPointer($0)) }
    }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
    try systemCall("read", path) { pread(descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(offset)) }
  }

  func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int {
    try systemCall("write", path) { pwrite(descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(offset)) }
  }

  func order(_ order: RangeOrder, _ range: Range<UInt64>) throws(SystemError) {
    // A pair of numbers as memory holds it: uint64_t[2].
    var pair = (range.lowerBound, UInt64(range.count))
    let (name, request): (StaticString, UInt) =
      switch order {
      case .discard: ("BLKDISCARD", clinux_block_discard())
      case .secureDiscard: ("BLKSECDISCARD", clinux_block_secure_discard())
      case .zeroOut: ("BLKZEROOUT", clinux_block_zero_out())
      }
    try Self.control(name, descriptor.rawValue, path, request, &pair)
  }

  func flush() throws(SystemError) { try systemCall("fsync", path) { fsync(descriptor.rawValue) } }

  func dropCaches() throws(SystemError) {
    try systemCall("BLKFLSBUF", path) { clinux_ioctl(descriptor.rawValue, clinux_block_flush_buffers(), nil) }
  }

  func rereadPartitions() throws(SystemError) {
    try systemCall("BLKRRPART", path) { clinux_ioctl(descriptor.rawValue, clinux_block_reread_partitions(), nil) }
  }
}
