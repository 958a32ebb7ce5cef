/// The ones' complement sum of IPv4 and UDP (RFC 1071), fed in pieces.
public struct InternetChecksum: Sendable {
  /// Folded at the end only: 2^48 words fit.
  private var sum: UInt64 = 0

  public init() {}

  /// Adds bytes as big-endian 16-bit words; an odd last byte counts as the high half of a word, so only the last piece
  /// may be odd.
  public mutating func add(_ bytes: Span<UInt8>) {
    var index = 0
    while index + 1 < bytes.count {
      add(UInt16(bytes[index]) << 8 | UInt16(bytes[index + 1]))
      index += 2
    }
    if index < bytes.count { add(UInt16(bytes[index]) << 8) }
  }

  /// Adds one word.
  public mutating func add(_ word: UInt16) { sum &+= UInt64(word) }

  /// Adds the two words of an address.
  public mutating func add(_ address: IPv4Address) {
    sum &+= UInt64(address.rawValue >> 16) &+ UInt64(address.rawValue & 0xffff)
  }

  /// The checksum to put into a header. Zero when the bytes added include a correct checksum.
  public var value: UInt16 {
    var folded = sum
    while folded > 0xffff { folded = (folded & 0xffff) + folded >> 16 }
    return ~UInt16(truncatingIfNeeded: folded)
  }
}
