/// A machine's UUID: what SMBIOS type 1 holds, PXE option 97 sends and a `Server` is named by.
///
/// Kept in RFC 4122 order (as text reads). SMBIOS 2.6 and later, and so PXE clients, put the first three fields on the
/// wire least significant byte first: use ``init(mixedEndian:)`` for bytes from SMBIOS tables and option 97.
/// Some old boards send RFC order in option 97; the text of such a UUID differs from what `dmidecode` shows.
public struct SystemUUID: Hashable, Sendable, Comparable {
  /// The 16 bytes in the order of the text form, as two numbers.
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// From 16 bytes in the order of the text form; `nil` for another number of bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var numbers: (UInt64, UInt64) = (0, 0)
    for byte in bytes { numbers = (numbers.0 << 8 | numbers.1 >> 56, numbers.1 << 8 | UInt64(byte)) }
    self.init(high: numbers.0, low: numbers.1)
  }

  /// From 16 bytes as SMBIOS (§7.2.1) and PXE (RFC 4578 §2.3) lay them out: the first three fields little-endian.
  public init?(mixedEndian bytes: some Collection<UInt8>) { self.init(mixedEndian: Array(bytes)[...]) }

  /// The same of one type, which is what every message of a machine that boots has.
  public init?(mixedEndian bytes: ArraySlice<UInt8>) {
    guard bytes.count == 16 else { return nil }
    var (high, low) = (UInt64(0), UInt64(0))
    for byte in bytes { (high, low) = (high << 8 | low >> 56, low << 8 | UInt64(byte)) }
    let first = UInt32(truncatingIfNeeded: high >> 32).byteSwapped
    let second = UInt16(truncatingIfNeeded: high >> 16).byteSwapped
    let third = UInt16(truncatingIfNeeded: high).byteSwapped
    self.init(high: UInt64(first) << 32 | UInt64(second) << 16 | UInt64(third), low: low)
  }

  /// Reads `8-4-4-4-12` hexadecimal digits, any case; `nil` for anything else.
  public init?(_ text: some StringProtocol) {
    // Of one type, and one pass: every request of a machine that boots has one.
    let text = String(text)
    guard text.utf8.count == 36 else { return nil }
    var (high, low, place) = (UInt64(0), UInt64(0), 0)
    for character in text.utf8 {
      if place == 8 || place == 13 || place == 18 || place == 23 {
        guard character == UInt8(ascii: "-") else { return nil }
      } else {
        guard let digit = Hexadecimal.value(of: character) else { return nil }
        (high, low) = (high << 4 | low >> 60, low << 4 | UInt64(digit))
      }
      place += 1
    }
    self.init(high: high, low: low)
  }

  /// The 16 bytes in the order of the text form.
  public var bytes: [UInt8] {
    [high, low].flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) } }
  }

  /// The 16 bytes as SMBIOS and PXE put them on the wire.
  public var mixedEndianBytes: [UInt8] {
    let text = bytes
    return [text[3], text[2], text[1], text[0], text[5], text[4], text[7], text[6]] + text[8...]
  }

  /// All zeros (not set) or all ones (not settable): SMBIOS §7.2.1 says neither names a machine.
  public var isUnset: Bool { (high, low) == (0, 0) || (high, low) == (.max, .max) }

  public static func < (one: SystemUUID, other: SystemUUID) -> Bool { (one.high, one.low) < (other.high, other.low) }
}

extension SystemUUID: CustomStringConvertible {
  /// Lower case, as Kubernetes object names must be.
  public var description: String {
    var text: [UInt8] = []
    text.reserveCapacity(36)
    for place in 0..<32 {
      if place == 8 || place == 12 || place == 16 || place == 20 { text.append(UInt8(ascii: "-")) }
      let digits = place < 16 ? high >> UInt64(60 - 4 * place) : low >> UInt64(124 - 4 * place)
      text.append(Hexadecimal.digit(UInt8(truncatingIfNeeded: digits & 0xf)))
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension SystemUUID: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let uuid = SystemUUID(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not a UUID")
    }
    self = uuid
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
