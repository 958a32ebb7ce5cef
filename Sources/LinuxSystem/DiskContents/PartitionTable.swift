/// The partitions of a disk: GPT (UEFI 2.10 §5.3), its copy at the end where the first is gone, or MBR with its chain of
/// logical ones. Read as far as it makes sense; what makes none is no partition.
struct PartitionTable: Hashable, Sendable {
  struct Partition: Hashable, Sendable {
    /// Bytes.
    var range: Range<UInt64>
    /// GPT only.
    var name: String?
    /// Firmware boots from it: EFI system, BIOS boot, or active.
    var isSystem: Bool
  }

  /// Of a table; real ones have at most 128.
  static let limit = 256

  var partitions = [Partition]()

  /// - Parameter read: bytes at an offset; `nil` when they cannot be had.
  init(size: UInt64, sectorSize: Int, read: (UInt64, Int) -> [UInt8]?) {
    let sector = UInt64(sectorSize)
    for header in [sector, size >= 2 * sector ? size - sector : sector] {
      if let found = Self.gpt(header, size: size, sector: sector, read: read) {
        partitions = found
        return
      }
    }
    partitions = Self.mbr(size: size, sector: sector, read: read)
  }

  private static let efiSystem: [UInt8] = [
    0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
  ]
  /// 21686148-6449-6E6F-744E-656564454649, `Hah!IdontNeedEFI`
  private static let biosBoot = Array("Hah!IdontNeedEFI".utf8)

  private static func gpt(
    _ offset: UInt64, size: UInt64, sector: UInt64, read: (UInt64, Int) -> [UInt8]?
  ) -> [Partition]? {
    guard let header = read(offset, 92), header.count == 92, header.starts(with: "EFI PART".utf8) else { return nil }
    let (table, count, entry) = (header.number(72, 8), header.number(80, 4), header.number(84, 4))
    guard (128...4096).contains(entry), count > 0, table < size / sector else { return nil }
    let wanted = Int(min(count, UInt64(limit)) * entry)
    guard let entries = read(table * sector, wanted), entries.count == wanted else { return nil }
    return stride(from: 0, to: wanted, by: Int(entry)).compactMap { start in
      let bytes = Array(entries[start..<(start + 128)])
      let (first, last) = (bytes.number(32, 8), bytes.number(40, 8))
      guard bytes[..<16].contains(where: { $0 != 0 }), first <= last, last < size / sector else { return nil }
      let units = stride(from: 56, to: 128, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
      let type = Array(bytes[..<16])
      return Partition(
        range: first * sector..<(last + 1) * sector,
        name: DiskContents.label(String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)),
        isSystem: type == efiSystem || type == biosBoot)
    }
  }

  private static func mbr(size: UInt64, sector: UInt64, read: (UInt64, Int) -> [UInt8]?) -> [Partition] {
    var found = [Partition]()
    var extended: UInt64?
    for entry in entries(at: 0, read) {
      guard let range = range(entry, from: 0, size: size, sector: sector) else { continue }
      if [0x05, 0x0f, 0x85].contains(entry.type) {
        extended = extended ?? entry.start
      } else {
        found.append(Partition(range: range, isSystem: entry.isActive || entry.type == 0xef))
      }
    }
    // Logical partitions: a chain of tables, each with one of them and the way to the next.
    guard let base = extended else { return found }
    var table = base
    for _ in 0..<limit {
      var next: UInt64?
      for entry in entries(at: table * sector, read) {
        if [0x05, 0x0f, 0x85].contains(entry.type) {
          next = base + entry.start
        } else if let range = range(entry, from: table, size: size, sector: sector) {
          found.append(Partition(range: range, isSystem: entry.isActive))
        }
      }
      guard let next, next > table, next < size / sector, found.count < limit else { break }
      table = next
    }
    return found
  }

  private struct Entry {
    var isActive: Bool
    var type: UInt8
    /// Sectors.
    var start: UInt64
    var count: UInt64
  }

  private static func entries(at offset: UInt64, _ read: (UInt64, Int) -> [UInt8]?) -> [Entry] {
    guard let bytes = read(offset, 512), bytes.count == 512, bytes[510] == 0x55, bytes[511] == 0xaa else { return [] }
    return stride(from: 446, to: 510, by: 16).compactMap { start in
      // Other flags than these two: no table but the code of a boot sector.
      guard bytes[start] & 0x7f == 0, bytes[start + 4] != 0 else { return nil }
      return Entry(
        isActive: bytes[start] == 0x80, type: bytes[start + 4], start: bytes.number(start + 8, 4),
        count: bytes.number(start + 12, 4))
    }
  }

  private static func range(_ entry: Entry, from base: UInt64, size: UInt64, sector: UInt64) -> Range<UInt64>? {
    let start = (base + entry.start) * sector
    guard entry.count > 0, start < size else { return nil }
    return start..<min(size, start + entry.count * sector)
  }
}

extension [UInt8] {
  /// A number of as many bytes, the lowest first. The range must be there.
  func number(_ offset: Int, _ count: Int) -> UInt64 {
    self[offset..<(offset + count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
}
