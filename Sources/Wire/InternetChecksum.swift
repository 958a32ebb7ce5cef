/// The ones' complement sum of IPv4 and UDP (RFC 1071), fed in pieces.
public struct InternetChecksum: Sendable {
  private var sum: UInt32 = 0

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
  public mutating func add(_ word: UInt16) {
    sum += UInt32(word)
    sum = (sum & 0xffff) + sum >> 16
  }

  /// The checksum to put into a header. Zero when the bytes added include a correct checksum.
  public var value: UInt16 { ~UInt16(truncatingIfNeeded: (sum & 0xffff) + sum >> 16) }
}
