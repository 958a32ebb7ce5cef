/// What an eraser does to a disk. The kernel's block layer does it (``RawDisk``), or a test that lies and fails as told.
///
/// Offsets and lengths are bytes, whole sectors.
protocol EraseDevice: Sendable {
  /// Bytes.
  var size: UInt64 { get }
  /// Logical: what reads and writes are counted in.
  var sectorSize: Int { get }
  /// `nil` for everything that is no NVMe namespace.
  var nvme: (any NVMeAdministration)? { get }

  /// How many bytes came, at most the buffer's.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int

  /// How many bytes were taken, at most the buffer's.
  func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) -> Int

  /// Has the disk itself do something to a range.
  func order(_ order: RangeOrder, _ range: Range<UInt64>) throws(SystemError)

  /// What was written is on the medium when it returns.
  func flush() throws(SystemError)

  /// What is read from now on comes from the disk.
  func dropCaches() throws(SystemError)

  /// The kernel forgets the partitions that were.
  func rereadPartitions() throws(SystemError)
}

/// What a disk can be told to do to a range.
enum RangeOrder: Sendable, Hashable {
  /// BLKDISCARD: the contents are not needed. What is read afterwards is the disk's choice.
  case discard
  /// BLKSECDISCARD: and no copy of them stays.
  case secureDiscard
  /// BLKZEROOUT: zeros, by whatever the disk does fastest; the kernel writes them when it can do nothing.
  case zeroOut
}
