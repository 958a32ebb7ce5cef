import SMBIOS

/// Puts structures together byte by byte.
struct StructureBuilder {
  private(set) var bytes = [UInt8]()
  private var handle: UInt16 = 0

  /// Appends a structure whose formatted area is the header, then `fields` at their offsets, `length` bytes in all.
  mutating func add(type: UInt8, length: Int, _ fields: [Int: [UInt8]] = [:], strings: [String] = []) {
    var formatted = [UInt8](repeating: 0, count: length)
    formatted[0] = type
    formatted[1] = UInt8(length)
    formatted[2] = UInt8(handle & 0xff)
    formatted[3] = UInt8(handle >> 8)
    for (offset, field) in fields { formatted.replaceSubrange(offset..<(offset + field.count), with: field) }
    bytes += formatted
    for string in strings { bytes += Array(string.utf8) + [0] }
    bytes += strings.isEmpty ? [0, 0] : [0]
    handle += 1
  }

  /// Appends the end marker.
  mutating func end() { add(type: 127, length: 4) }

  func table(version: EntryPoint.Version = .init(3, 7)) -> StructureTable {
    StructureTable(version: version, parsing: bytes.span)
  }

  /// The table of one structure.
  static func structure(
    type: UInt8, length: Int, _ fields: [Int: [UInt8]] = [:], strings: [String] = []
  ) -> StructureTable {
    var builder = StructureBuilder()
    builder.add(type: type, length: length, fields, strings: strings)
    builder.end()
    return builder.table()
  }
}
