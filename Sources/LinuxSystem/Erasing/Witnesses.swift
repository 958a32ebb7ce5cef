/// Blocks with random contents, written all over the disk before a method is tried: what is still there afterwards shows
/// that it did nothing, whatever the disk says.
struct Witnesses: Sendable {
  static let count = 64
  static let bytes = 4096

  /// Where they are, in order.
  let offsets: [UInt64]
  private let seed: UInt64

  /// One in each of as many equal parts of the disk, each at random.
  init(size: UInt64, using random: inout some RandomNumberGenerator) {
    let (blocks, count) = (size / UInt64(Self.bytes), UInt64(Self.count))
    offsets = (0..<min(count, blocks)).map { part in
      let (start, end) = (Self.part(part, of: blocks), Self.part(part + 1, of: blocks))
      return UInt64.random(in: start..<max(start + 1, end), using: &random) * UInt64(Self.bytes)
    }
    seed = random.next() | 1
  }

  private static func part(_ number: UInt64, of blocks: UInt64) -> UInt64 {
    let parts = min(UInt64(count), blocks)
    return blocks / parts * number + min(number, blocks % parts)
  }

  /// What was written at that place.
  func fill(_ buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) {
    var generator = Stream(state: seed &+ offset)
    for start in stride(from: 0, to: Self.bytes, by: 8) {
      buffer.storeBytes(of: generator.next(), toByteOffset: start, as: UInt64.self)
    }
  }

  /// SplitMix64 (Steele, Lea, Flood 2014): only has to look like nothing that a disk makes by itself.
  private struct Stream {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var value = state
      value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
      return value ^ value >> 31
    }
  }
}
