/// Where things on a disk say what is on it, so where nothing may stay whatever method erased the rest: both ends of the
/// disk, both ends of each partition that was (or a new partition at the same place shows what was in the old one), and
/// the few places in between that are known.
///
/// The ends hold: MBR; GPT and its copy in the last sectors; superblocks of md (0.90: 64 KiB aligned before the end; 1.0:
/// 8 KiB before the end; 1.1, 1.2: the first 4 KiB), LVM labels (sectors 0 to 3), ZFS labels (two of 256 KiB at either
/// end), file systems, BlueStore, firmware RAID (DDF, IMSM and others: the last sectors).
struct ErasePlaces: Hashable, Sendable {
  static let diskEnd: UInt64 = 4 << 20
  static let partitionEnd: UInt64 = 1 << 20
  /// Copies further in, from the start of disk or partition: btrfs at 64 MiB and 256 GiB; BlueStore at 1, 10, 100 and
  /// 1000 GiB.
  static let copies: [UInt64] = [64 << 20, 1 << 30, 10 << 30, 100 << 30, 256 << 30, 1000 << 30]
  static let copyBytes: UInt64 = 64 << 10
  /// Whole blocks: disks with sectors of 512 bytes are often made of blocks of 4 KiB.
  static let alignment: UInt64 = 4096

  /// In order, apart from each other.
  let ranges: [Range<UInt64>]

  init(size: UInt64, partitions: [Range<UInt64>]) {
    var wanted = [Range<UInt64>]()
    func add(_ space: Range<UInt64>, end: UInt64) {
      let (start, limit) = (space.lowerBound, min(space.upperBound, size))
      guard start < limit else { return }
      wanted.append(start..<min(limit, start + end))
      wanted.append((limit - start > end ? limit - end : start)..<limit)
      for copy in Self.copies where limit - start > copy {
        wanted.append((start + copy)..<min(limit, start + copy + Self.copyBytes))
      }
    }
    add(0..<size, end: Self.diskEnd)
    for partition in partitions { add(partition, end: Self.partitionEnd) }
    var ranges = [Range<UInt64>]()
    for range in wanted.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let start = range.lowerBound / Self.alignment * Self.alignment
      let end = min(size, (range.upperBound + Self.alignment - 1) / Self.alignment * Self.alignment)
      if let last = ranges.last, start <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, end)
      } else {
        ranges.append(start..<end)
      }
    }
    self.ranges = ranges
  }
}
