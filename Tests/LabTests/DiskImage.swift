import Foundation

/// A disk in a file, with everything on it that says what is on a disk: partition tables, RAID, LVM, ZFS, BlueStore.
struct DiskImage {
  let url: URL
  let size: Int

  var path: String { url.path() }

  /// What is written at either end and in between, for a file of that size (whole sectors of 512 bytes). The middle has
  /// data of its own.
  init(in directory: URL, named name: String, size: Int) throws {
    url = directory.appending(path: name)
    self.size = size
    let block = Data((0..<65_536).map { UInt8(truncatingIfNeeded: ($0 >> 9) &* 167 &+ $0 | 1) })
    var bytes = Data(capacity: size)
    while bytes.count < size { bytes += block.prefix(size - bytes.count) }
    Self.write(into: &bytes)
    try bytes.write(to: url)
  }

  var contents: Data { get throws { try Data(contentsOf: url) } }
  var isBlank: Bool { get throws { try contents == Data(count: size) } }
  /// Whether the first and the last 4 MiB are zero.
  var hasBlankEnds: Bool {
    get throws {
      let contents = try contents
      let zeros = Data(count: 4 << 20)
      return contents.prefix(zeros.count) == zeros && contents.suffix(zeros.count) == zeros
    }
  }

  /// What util-linux recognises: `gpt`, `LVM2_member`, …
  var signatures: Set<String> {
    get throws {
      let lines = try Command.run("wipefs", "--noheadings", "--parsable", "--output", "TYPE", path)
      return Set(lines.split(separator: "\n").map(String.init))
    }
  }

  // MARK: What is on it

  private static func write(into bytes: inout Data) {
    func put(_ text: some Sequence<UInt8>, _ offset: Int) {
      for (place, byte) in text.enumerated() { bytes[offset + place] = byte }
    }
    func number(_ value: UInt64, _ count: Int, _ offset: Int) {
      put((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }, offset)
    }
    func clear(_ range: Range<Int>) { put(repeatElement(0, count: range.count), range.lowerBound) }
    let size = bytes.count

    // MBR that protects, GPT and its copy in the last sectors.
    clear(0..<34 * 512)
    put([0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], 446)
    put([0x55, 0xaa], 510)
    let last = size / 512 - 1
    clear((last - 32) * 512..<size)
    for (header, other, table) in [(1, last, 2), (last, 1, last - 32)] {
      let entry = table * 512
      put(
        [0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4], entry)
      put(repeatElement(7, count: 16), entry + 16)
      number(2048, 8, entry + 32)
      number(UInt64(last - 100), 8, entry + 40)
      for (place, unit) in "scratch".utf16.enumerated() { number(UInt64(unit), 2, entry + 56 + 2 * place) }
      let start = header * 512
      put("EFI PART".utf8, start)
      number(0x10000, 4, start + 8)
      number(92, 4, start + 12)
      number(UInt64(header), 8, start + 24)
      number(UInt64(other), 8, start + 32)
      number(34, 8, start + 40)
      number(UInt64(last - 33), 8, start + 48)
      put(repeatElement(9, count: 16), start + 56)
      number(UInt64(table), 8, start + 72)
      number(128, 4, start + 80)
      number(128, 4, start + 84)
      number(UInt64(crc32(bytes[entry..<(entry + 128 * 128)])), 4, start + 88)
      number(UInt64(crc32(bytes[start..<(start + 92)])), 4, start + 16)
    }

    // ZFS: labels of 256 KiB, two at either end, with uberblocks in their second half.
    let end = size / (256 << 10) * (256 << 10)
    for label in [0, 256 << 10, end - (512 << 10), end - (256 << 10)] {
      for block in 0..<128 { number(0x00ba_b10c, 8, label + (128 << 10) + block << 10) }
    }
    // md 1.0 at 8 KiB before the end, 0.90 at the last whole 64 KiB but one; magic a92b4efc.
    for offset in [(size - 8192) / 4096 * 4096, size / 65_536 * 65_536 - 65_536] {
      clear(offset..<offset + 256)
      number(0xa92b_4efc, 4, offset)
    }
    // LVM in the partition at 1 MiB: label in its second sector, with a CRC of what follows.
    let label = (1 << 20) + 512
    clear(label..<label + 512)
    put("LABELONE".utf8, label)
    number(1, 8, label + 8)
    number(32, 4, label + 20)
    put("LVM2 001".utf8, label + 24)
    put("abcdefABCDEFghijklGHIJKLmnopqrMN".utf8, label + 32)
    number(UInt64(lvm(bytes[label + 20..<label + 512])), 4, label + 16)
    // btrfs, and BlueStore, in the same partition.
    put("_BHRfS_M".utf8, (1 << 20) + 65_600)
    put("bluestore block device\n".utf8, (1 << 20) + 8192)
  }

  /// CRC-32 (IEEE 802.3) as GPT has it.
  private static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 { ~crc(bytes, from: .max) }
  /// … and as LVM has it: another start, and not inverted.
  private static func lvm(_ bytes: some Sequence<UInt8>) -> UInt32 { crc(bytes, from: 0xf597_a6cf) }

  private static func crc(_ bytes: some Sequence<UInt8>, from start: UInt32) -> UInt32 {
    bytes.reduce(start) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
    }
  }
}
