/// The label of a file system, by its superblock. Those that servers' data disks carry: ext2/3/4, XFS, btrfs, FAT, swap.
enum FileSystemLabel {
  /// Of the file system that begins there, if it is one of these and has one.
  static func read(at start: UInt64, _ read: (UInt64, Int) -> [UInt8]?) -> String? {
    guard let head = read(start, 4096), head.count == 4096 else { return nil }
    // ext: superblock at 1024; magic at 56, volume name at 120.
    if head.number(1024 + 56, 2) == 0xef53 { return text(head, 1024 + 120, 16) }
    // XFS: sb_fname at 108.
    if head.starts(with: "XFSB".utf8) { return text(head, 108, 12) }
    // swap: signature at the end of the page, sws_volume at 1024 + 28.
    if head[4086...].starts(with: "SWAPSPACE2".utf8) { return text(head, 1024 + 28, 16) }
    if head[510] == 0x55, head[511] == 0xaa {
      if head[82...].starts(with: "FAT32".utf8) { return fat(head, 71) }
      if head[54...].starts(with: "FAT1".utf8) { return fat(head, 43) }
    }
    // btrfs: superblock at 64 KiB; magic at 64, label at 299.
    if let block = read(start + 65_536, 1024), block.count == 1024, block[64...].starts(with: "_BHRfS_M".utf8) {
      return text(block, 299, 256)
    }
    return nil
  }

  /// Ended by zero, or full.
  private static func text(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> String? {
    DiskContents.label(String(decoding: bytes[offset..<(offset + count)].prefix { $0 != 0 }, as: UTF8.self))
  }

  private static func fat(_ bytes: [UInt8], _ offset: Int) -> String? {
    guard let label = text(bytes, offset, 11), label != "NO NAME" else { return nil }
    return label
  }
}
