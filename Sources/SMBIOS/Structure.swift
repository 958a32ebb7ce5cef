import Wire

/// One structure of the table as it stands (SMBIOS 3.7 §6.1): a formatted area, then its strings.
///
/// ```
/// | type | length | handle(2) | fields … | string 1 … 00 | string 2 … 00 | 00 |
///   `------------ length --------------'                             no strings: 00 00
/// ```
/// Offsets count from the type byte, as in the specification's tables. A field that lies behind `length` is absent:
/// every version of the specification appends fields, so older tables are shorter.
public struct Structure: Hashable, Sendable {
  /// Which structure it is (§7): 1 system, 4 processor, 17 memory device, …; 128 and up belong to the manufacturer.
  public let type: UInt8

  /// The number that other structures refer to it by.
  public let handle: UInt16

  /// The formatted area, header included.
  public let formatted: [UInt8]

  /// The strings behind the formatted area; the first is number 1.
  public let strings: [String]

  public init(type: UInt8, handle: UInt16, formatted: [UInt8], strings: [String]) {
    self.type = type
    self.handle = handle
    self.formatted = formatted
    self.strings = strings
  }

  /// The byte at `offset`.
  public func byte(at offset: Int) -> UInt8? { formatted.indices.contains(offset) ? formatted[offset] : nil }

  /// The 16-bit number at `offset`, little-endian.
  public func word(at offset: Int) -> UInt16? {
    var offset = offset
    return try? formatted.span.readLittleEndianUInt16(at: &offset)
  }

  /// The 32-bit number at `offset`, little-endian.
  public func doubleWord(at offset: Int) -> UInt32? {
    var offset = offset
    return try? formatted.span.readLittleEndianUInt32(at: &offset)
  }

  /// `count` bytes at `offset`.
  public func bytes(_ count: Int, at offset: Int) -> [UInt8]? {
    var offset = offset
    return try? formatted.span.readBytes(count, at: &offset)
  }

  /// The string whose number stands at `offset`; `nil` when the number is 0 (no string), points at none, or the string
  /// is blank.
  ///
  /// Firmware that has nothing to say fills in placeholders instead ("Not Specified", "To Be Filled By O.E.M.",
  /// "Default string", "System Serial Number", "0123456789"). They are kept as they are: what a machine claims is shown
  /// as claimed, and deciding that two of them are not the same machine is the reader's business.
  public func string(at offset: Int) -> String? {
    guard let number = byte(at: offset), number > 0, strings.count >= Int(number) else { return nil }
    let text = strings[Int(number) - 1]
    return text.isEmpty ? nil : text
  }
}
