import SimulationTesting
import Testing

@testable import LinuxSystem

@Suite("What is on a disk")
struct PartitionTableTests {
  /// A disk image in memory that can be written to.
  struct Image {
    var bytes: [UInt8]

    init(sectors: Int) { bytes = Array(repeating: 0, count: sectors * 512) }

    mutating func put(_ text: some Sequence<UInt8>, at offset: Int) {
      for (place, byte) in text.enumerated() { bytes[offset + place] = byte }
    }

    mutating func number(_ value: Int, _ count: Int, at offset: Int) {
      put((0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }, at: offset)
    }

    func read(_ offset: UInt64, _ count: Int) -> [UInt8]? {
      guard offset < bytes.count else { return nil }
      return Array(bytes[Int(offset)..<min(bytes.count, Int(offset) + count)])
    }

    func contents() -> DiskContents { DiskContents(size: UInt64(bytes.count), sectorSize: 512, read: read) }
    func table() -> PartitionTable { PartitionTable(size: UInt64(bytes.count), sectorSize: 512, read: read) }
  }

  private static let linux = [UInt8](repeating: 0x11, count: 16)
  private static let efi: [UInt8] = [
    0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b,
  ]

  /// Puts a header at a sector and its entries at another.
  static func gpt(
    _ image: inout Image, header: Int, table: Int, _ partitions: [(type: [UInt8], first: Int, last: Int, name: String)]
  ) {
    image.put("EFI PART".utf8, at: header * 512)
    image.number(table, 8, at: header * 512 + 72)
    image.number(128, 4, at: header * 512 + 80)
    image.number(128, 4, at: header * 512 + 84)
    for (place, partition) in partitions.enumerated() {
      let entry = table * 512 + place * 128
      image.put(partition.type, at: entry)
      image.number(partition.first, 8, at: entry + 32)
      image.number(partition.last, 8, at: entry + 40)
      for (unit, code) in partition.name.utf16.enumerated() { image.number(Int(code), 2, at: entry + 56 + 2 * unit) }
    }
  }

  @Test("GPT: places, names, and the partition that firmware boots from; its copy when the first is gone")
  func gpt() {
    for isFirst in [true, false] {
      var image = Image(sectors: 8192)
      let partitions: [(type: [UInt8], first: Int, last: Int, name: String)] = [
        (Self.efi, 2048, 4095, "EFI"), (Self.linux, 4096, 8000, "EPHÉMÈRE"),
        // Ends before it begins; ends behind the disk.
        (Self.linux, 5, 4, "bad"), (Self.linux, 5, 1 << 40, "bad"),
      ]
      Self.gpt(&image, header: isFirst ? 1 : 8191, table: isFirst ? 2 : 8159, partitions)
      let table = image.table()
      #expect(table.partitions.map { $0.range.lowerBound / 512 } == [2048, 4096])
      #expect(table.partitions.map { $0.range.upperBound / 512 } == [4096, 8001])
      #expect(table.partitions.map(\.name) == ["EFI", "EPHÉMÈRE"])
      #expect(table.partitions.map(\.isSystem) == [true, false])
      #expect(image.contents().labels == ["EFI", "EPHÉMÈRE"])
      #expect(image.contents().hasSystemPartition)
    }
  }

  private func entry(
    _ image: inout Image, sector: Int, _ place: Int, active: Bool = false, _ type: Int, _ start: Int, _ count: Int
  ) {
    let offset = sector * 512 + 446 + place * 16
    image.number(active ? 0x80 : 0, 1, at: offset)
    image.number(type, 1, at: offset + 4)
    image.number(start, 4, at: offset + 8)
    image.number(count, 4, at: offset + 12)
    image.put([0x55, 0xaa], at: sector * 512 + 510)
  }

  @Test("MBR: primary and logical partitions, and the active one")
  func mbr() {
    var image = Image(sectors: 8192)
    entry(&image, sector: 0, 0, active: true, 0x83, 2048, 1000)
    entry(&image, sector: 0, 1, 0x05, 4000, 4192)
    entry(&image, sector: 4000, 0, 0x83, 63, 500)
    entry(&image, sector: 4000, 1, 0x05, 1000, 1000)
    entry(&image, sector: 5000, 0, 0x83, 63, 900)
    let table = image.table()
    #expect(table.partitions.map { $0.range.lowerBound / 512 } == [2048, 4063, 5063])
    #expect(table.partitions.map(\.isSystem) == [true, false, false])
  }

  @Test("A chain that goes in a circle ends")
  func circle() {
    var image = Image(sectors: 8192)
    entry(&image, sector: 0, 0, 0x05, 4000, 100)
    entry(&image, sector: 4000, 0, 0x83, 1, 10)
    entry(&image, sector: 4000, 1, 0x05, 0, 100)
    #expect(image.table().partitions.count == 1)
  }

  @Test("Labels of file systems, on the whole disk and in partitions")
  func labels() {
    let systems: [(String, (inout Image, Int) -> Void)] = [
      (
        "ext",
        { image, start in
          image.number(0xef53, 2, at: start + 1080)
          image.put("data-1".utf8, at: start + 1144)
        }
      ),
      (
        "xfs",
        { image, start in
          image.put("XFSB".utf8, at: start)
          image.put("data-1".utf8, at: start + 108)
        }
      ),
      (
        "btrfs",
        { image, start in
          image.put("_BHRfS_M".utf8, at: start + 65_600)
          image.put("data-1".utf8, at: start + 65_536 + 299)
        }
      ),
      (
        "FAT32",
        { image, start in
          image.put([0x55, 0xaa], at: start + 510)
          image.put("FAT32".utf8, at: start + 82)
          image.put("data-1     ".utf8, at: start + 71)
        }
      ),
      (
        "swap",
        { image, start in
          image.put("SWAPSPACE2".utf8, at: start + 4086)
          image.put("data-1".utf8, at: start + 1052)
        }
      ),
    ]
    for (name, write) in systems {
      var whole = Image(sectors: 8192)
      write(&whole, 0)
      #expect(whole.contents().labels == ["data-1"], "\(name)")
      var parted = Image(sectors: 8192)
      Self.gpt(&parted, header: 1, table: 2, [(Self.linux, 2048, 4095, "home")])
      write(&parted, 2048 * 512)
      #expect(parted.contents().labels == ["home", "data-1"], "\(name)")
    }
  }

  @Test("Random bytes are no partitions, or few, and never a crash; terminal escapes are no label")
  func rubbish() {
    for seed in 0..<200 as Range<UInt64> {
      var random = SeededGenerator(seed: seed)
      var image = Image(sectors: 300)
      for offset in stride(from: 0, to: 300 * 512, by: 8) {
        image.number(Int(truncatingIfNeeded: random.next()), 8, at: offset)
      }
      image.put([0x55, 0xaa], at: 510)
      if seed.isMultiple(of: 2) { image.put("EFI PART".utf8, at: 512) }
      #expect(image.contents().labels.count <= DiskContents.labelLimit, "seed \(seed)")
    }
    var image = Image(sectors: 8192)
    image.number(0xef53, 2, at: 1080)
    image.put("\u{1b}[2J".utf8, at: 1144)
    #expect(image.contents().labels.isEmpty)
    #expect(Image(sectors: 1).contents() == DiskContents())
  }

  // MARK: Where nothing may stay

  @Test("Both ends of the disk and of every partition, and the copies further in, each within the disk")
  func places() {
    let (mib, gib): (UInt64, UInt64) = (1 << 20, 1 << 30)
    let size = 2000 * gib
    let partition = gib..<(3 * gib)
    let places = ErasePlaces(size: size, partitions: [partition, (size - 4096)..<(size + 4096)])
    let ofDisk: [UInt64] = [0, size - 1, 64 * mib, 256 * gib, gib, 10 * gib, 1000 * gib]
    let ofPartition: [UInt64] = [gib + mib - 1, 3 * gib - 1, gib + 64 * mib, 2 * gib]
    for place in ofDisk + ofPartition {
      #expect(places.ranges.contains { $0.contains(place) }, "\(place)")
    }
    #expect(!places.ranges.contains { $0.contains(gib + mib) })
    #expect(places.ranges.allSatisfy { $0.upperBound <= size && $0.lowerBound % 4096 == 0 })
    #expect(zip(places.ranges, places.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
    #expect(ErasePlaces(size: 1536, partitions: []).ranges == [0..<1536])
  }

  @Test("Witnesses are spread over the whole disk")
  func witnesses() {
    var random = SystemRandomNumberGenerator()
    let witnesses = Witnesses(size: 64 << 20, using: &random)
    #expect(witnesses.offsets.count == 64)
    for (part, offset) in witnesses.offsets.enumerated() {
      #expect(offset >> 20 == UInt64(part))
      #expect(offset % 4096 == 0)
    }
    #expect(Witnesses(size: 8192 + 512, using: &random).offsets == [0, 4096])
    #expect(Witnesses(size: 512, using: &random).offsets.isEmpty)
  }
}
