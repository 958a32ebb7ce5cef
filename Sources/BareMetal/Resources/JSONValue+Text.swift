import Wire

/// Why a text is not JSON.
public struct JSONParseError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Bytes before the fault.
  public var offset: Int
  public var message: String
  public var description: String { "\(message) at byte \(offset)" }
}

extension JSONValue {
  /// Objects and lists inside of each other that are read; what people write has a dozen.
  public static let maximumDepth = 128

  /// Reads a JSON text (RFC 8259). Of members of one name the last counts.
  public init(parsing text: String) throws(JSONParseError) {
    let bytes = Array(text.utf8)
    var parser = JSONParser(bytes)
    self = try parser.document()
  }

  /// The value as JSON, without spaces, members by name.
  public var jsonText: String {
    var text: [UInt8] = []
    write(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  private func write(to text: inout [UInt8]) {
    switch self {
    case .null: text += "null".utf8
    case .bool(let value): text += (value ? "true" : "false").utf8
    case .integer(let value): text += String(value).utf8
    case .number(let value): text += (value.isFinite ? String(value) : "null").utf8
    case .string(let value): Self.write(value, to: &text)
    case .array(let elements):
      text.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        element.write(to: &text)
      }
      text.append(UInt8(ascii: "]"))
    case .object(let fields):
      text.append(UInt8(ascii: "{"))
      for (index, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
        if index > 0 { text.append(UInt8(ascii: ",")) }
        Self.write(field.key, to: &text)
        text.append(UInt8(ascii: ":"))
        field.value.write(to: &text)
      }
      text.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ string: String, to text: inout [UInt8]) {
    text.append(UInt8(ascii: "\""))
    defer { text.append(UInt8(ascii: "\"")) }
    guard hasEscapes(string.utf8.span) else {
      text += string.utf8
      return
    }
    for byte in string.utf8 {
      switch byte {
      case UInt8(ascii: "\""): text += "\\\"".utf8
      case UInt8(ascii: "\\"): text += "\\\\".utf8
      case UInt8(ascii: "\n"): text += "\\n".utf8
      case UInt8(ascii: "\r"): text += "\\r".utf8
      case UInt8(ascii: "\t"): text += "\\t".utf8
      case 0..<0x20: text += "\\u00".utf8 + [Hexadecimal.digit(byte >> 4), Hexadecimal.digit(byte)]
      default: text.append(byte)
      }
    }
  }

  /// Nearly no text has any: names, numbers and words.
  private static func hasEscapes(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices {
      let byte = bytes[index]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return true }
    }
    return false
  }
}

/// A recursive descent over the bytes, bounded by ``JSONValue/maximumDepth``.
private struct JSONParser {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(JSONParseError) -> JSONValue {
    let value = try value(depth: 0)
    skipSpace()
    guard offset == bytes.count else { throw error("something follows the value") }
    return value
  }

  private mutating func value(depth: Int) throws(JSONParseError) -> JSONValue {
    guard depth < JSONValue.maximumDepth else { throw error("more than \(JSONValue.maximumDepth) levels") }
    skipSpace()
    switch peek() {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case .some(UInt8(ascii: "-")), .some(0x30...0x39): return try number()
    default: throw error("a value is expected")
    }
  }

  private mutating func object(depth: Int) throws(JSONParseError) -> JSONValue {
    offset += 1
    var fields: [String: JSONValue] = [:]
    if take("}") { return .object(fields) }
    repeat {
      skipSpace()
      guard peek() == UInt8(ascii: "\"") else { throw error("a name in quotes is expected") }
      let name = try string()
      guard take(":") else { throw error("':' is expected") }
      fields[name] = try value(depth: depth + 1)
    } while take(",")
    guard take("}") else { throw error("',' or '}' is expected") }
    return .object(fields)
  }

  private mutating func array(depth: Int) throws(JSONParseError) -> JSONValue {
    offset += 1
    var elements: [JSONValue] = []
    if take("]") { return .array(elements) }
    repeat {
      elements.append(try value(depth: depth + 1))
    } while take(",")
    guard take("]") else { throw error("',' or ']' is expected") }
    return .array(elements)
  }

  private mutating func string() throws(JSONParseError) -> String {
    offset += 1
    var text: [UInt8] = []
    while let byte = peek() {
      offset += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw error("the text is not UTF-8") }
        return string
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw error("a control character in a text")
      default: text.append(byte)
      }
    }
    throw error("the text does not end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(JSONParseError) {
    let byte = peek()
    offset += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte ?? 0)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xd800..<0xdc00).contains(code) {
        guard peek() == UInt8(ascii: "\\") else { throw error("half of a surrogate pair") }
        offset += 1
        guard peek() == UInt8(ascii: "u") else { throw error("half of a surrogate pair") }
        offset += 1
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else { throw error("half of a surrogate pair") }
        code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw error("half of a surrogate pair") }
      text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw error("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSONParseError) -> UInt32 {
    guard bytes.count - offset >= 4,
      let code = UInt32(String(decoding: bytes[offset..<offset + 4], as: UTF8.self), radix: 16),
      bytes[offset] != UInt8(ascii: "+"), bytes[offset] != UInt8(ascii: "-")
    else { throw error("four hexadecimal digits are expected") }
    offset += 4
    return code
  }

  private mutating func number() throws(JSONParseError) -> JSONValue {
    let start = offset
    var isInteger = true
    func isPart(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte) }
    while let byte = peek(), isPart(byte) {
      if ".eE".utf8.contains(byte) { isInteger = false }
      offset += 1
    }
    let digits = bytes[start..<offset].drop { $0 == UInt8(ascii: "-") }
    let text = String(decoding: bytes[start..<offset], as: UTF8.self)
    let hasLeadingZero = digits.first == 0x30 && (digits.dropFirst().first.map { (0x30...0x39).contains($0) } ?? false)
    guard !hasLeadingZero, digits.first != UInt8(ascii: "."), digits.last.map({ (0x30...0x39).contains($0) }) ?? false
    else { throw error("a number is expected") }
    if isInteger, let integer = Int64(text) { return .integer(integer) }
    guard let number = Double(text), number.isFinite else { throw error("a number is expected") }
    // 1e2 is a whole number, as it is to Foundation.
    return Int64(exactly: number).map { .integer($0) } ?? .number(number)
  }

  private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONParseError) -> JSONValue {
    let expected = "\(word)".utf8
    guard bytes[offset...].starts(with: expected) else { throw error("a value is expected") }
    offset += expected.count
    return value
  }

  private mutating func take(_ character: Character) -> Bool {
    skipSpace()
    guard let byte = peek(), byte == character.asciiValue else { return false }
    offset += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek(), byte == 0x20 || (0x09...0x0d).contains(byte) && byte != 0x0b && byte != 0x0c {
      offset += 1
    }
  }

  private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

  private func error(_ message: String) -> JSONParseError { JSONParseError(offset: offset, message: message) }
}
