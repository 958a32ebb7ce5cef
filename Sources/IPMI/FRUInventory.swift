import Wire

/// Who made a machine, and its numbers. IPMI Platform Management FRU Information Storage Definition v1.3.
///
/// ```
/// | 01 | internal | chassis | board | product | multi-record | pad | sum |   offsets in units of 8 bytes, 0: not there
/// area: | 01 | length/8 | … fields: type:2 length:6, bytes … | C1 | zeros | sum |
/// ```
public struct FRUInventory: Hashable, Sendable {
  public struct Chassis: Hashable, Sendable {
    /// As in SMBIOS type 3.
    public var type: UInt8
    public var partNumber: String
    public var serialNumber: String
    public var custom: [String]
  }

  public struct Board: Hashable, Sendable {
    /// Minutes since 1996-01-01T00:00Z; `nil`: unspecified.
    public var manufacturedMinutes: UInt32?
    public var manufacturer: String
    public var product: String
    public var serialNumber: String
    public var partNumber: String
    public var custom: [String]
  }

  public struct Product: Hashable, Sendable {
    public var manufacturer: String
    public var name: String
    public var partNumber: String
    public var version: String
    public var serialNumber: String
    public var assetTag: String
    public var custom: [String]
  }

  public var chassis: Chassis?
  public var board: Board?
  public var product: Product?

  /// Fields of one area; more are a mistake of the device.
  private static let mostFields = 64

  /// Reads a whole inventory. Checksums must be right; a missing field is empty.
  public init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let header = try bytes.bytes(8, at: &offset)
    guard header[0] & 0x0f == 1 else { throw .value(field: "FRU format", Int(header[0])) }
    guard header.span.sum == 0 else { throw .checksum }
    if header[2] != 0 { chassis = try Self.chassis(Self.area(bytes, at: Int(header[2]) * 8)) }
    if header[3] != 0 { board = try Self.board(Self.area(bytes, at: Int(header[3]) * 8)) }
    if header[4] != 0 { product = try Self.product(Self.area(bytes, at: Int(header[4]) * 8)) }
  }

  private static func area(_ bytes: Span<UInt8>, at start: Int) throws(IPMIParseError) -> [UInt8] {
    var offset = start
    let version = try bytes.byte(at: &offset)
    guard version & 0x0f == 1 else { throw .value(field: "FRU area format", Int(version)) }
    let length = Int(try bytes.byte(at: &offset)) * 8
    guard length >= 8 else { throw .length(field: "FRU area", value: length) }
    offset = start
    let area = try bytes.bytes(length, at: &offset)
    guard area.span.sum == 0 else { throw .checksum }
    return area
  }

  private static func chassis(_ area: [UInt8]) throws(IPMIParseError) -> Chassis {
    var fields = try strings(area, from: 3)
    return Chassis(
      type: area[2], partNumber: take(&fields), serialNumber: take(&fields), custom: fields)
  }

  private static func board(_ area: [UInt8]) throws(IPMIParseError) -> Board {
    var fields = try strings(area, from: 6)
    let minutes = UInt32(area[3]) | UInt32(area[4]) << 8 | UInt32(area[5]) << 16
    let (manufacturer, product) = (take(&fields), take(&fields))
    let (serial, part) = (take(&fields), take(&fields))
    _ = take(&fields)  // the FRU file's name
    return Board(
      manufacturedMinutes: minutes == 0 ? nil : minutes, manufacturer: manufacturer, product: product,
      serialNumber: serial, partNumber: part, custom: fields)
  }

  private static func product(_ area: [UInt8]) throws(IPMIParseError) -> Product {
    var fields = try strings(area, from: 3)
    let (manufacturer, name, part) = (take(&fields), take(&fields), take(&fields))
    let (version, serial, tag) = (take(&fields), take(&fields), take(&fields))
    _ = take(&fields)
    return Product(
      manufacturer: manufacturer, name: name, partNumber: part, version: version, serialNumber: serial,
      assetTag: tag, custom: fields)
  }

  private static func take(_ fields: inout [String]) -> String { fields.isEmpty ? "" : fields.removeFirst() }

  /// The fields up to 0xC1. Several vendors leave it out: then the area's last byte, its checksum, ends them.
  private static func strings(_ area: [UInt8], from start: Int) throws(IPMIParseError) -> [String] {
    let bytes = area.span
    var offset = start
    var fields = [String]()
    while offset < bytes.count - 1, fields.count < mostFields {
      let type = try bytes.byte(at: &offset)
      guard type != 0xc1 else { break }
      fields.append(TypedText.decode(type, try bytes.bytes(Int(type & 0x3f), at: &offset)))
    }
    return fields
  }
}

/// A string with its encoding, as FRU areas and sensor records have it. IPMI v2.0 §43.15.
enum TypedText {
  /// The name that a sensor data record ends with.
  ///
  /// Its length counts characters, where a FRU area's counts bytes; some BMCs count bytes here too. OpenIPMI's `sdrcomp`
  /// counts characters: "PSU 1" in six bits each is 5, in 4 bytes (Tests/CaptureTests/Fixtures/IPMI/suite-3.pcap).
  static func name(in record: Span<UInt8>, at offset: inout Int) throws(IPMIParseError) -> String {
    let type = try record.byte(at: &offset)
    let length = Int(type & 0x1f)
    let packed =
      switch type >> 6 {
      case 1: (length + 1) / 2
      case 2: (length * 6 + 7) / 8
      default: length
      }
    return decode(type, try record.bytes(length <= record.count - offset ? length : packed, at: &offset))
  }

  /// `type`: 0 binary (shown as hexadecimal digits), 1 BCD plus, 2 six-bit ASCII, 3 Latin 1.
  static func decode(_ type: UInt8, _ bytes: [UInt8]) -> String {
    let text: String
    switch type >> 6 {
    case 0: text = Hexadecimal.text(bytes)
    case 1:
      let digits = Array("0123456789 -.???")
      text = String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xf)]] })
    case 2:
      // Four characters in three bytes, the first in the low six bits.
      var bits: UInt32 = 0
      var held = 0
      var characters = [Character]()
      for byte in bytes {
        bits |= UInt32(byte) << UInt32(held)
        held += 8
        while held >= 6 {
          characters.append(Character(Unicode.Scalar(UInt8(bits & 0x3f) + 0x20)))
          bits >>= 6
          held -= 6
        }
      }
      text = String(characters)
    default: text = String(String.UnicodeScalarView(bytes.filter { $0 != 0 }.map { Unicode.Scalar($0) }))
    }
    var trimmed = Substring(text)
    while trimmed.last == " " { trimmed.removeLast() }
    return String(trimmed)
  }
}
