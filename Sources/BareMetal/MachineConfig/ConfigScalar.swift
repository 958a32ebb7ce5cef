/// A YAML scalar.
///
/// Readers of YAML disagree about what a word without quotes is: `yes`, `0777`, `12:30` and `1_000` are text to one and
/// not to another. So what stood without quotes and may be taken for something else stays exactly as it was written, and
/// what is text is quoted whenever any of them could take it for something else.
public struct ConfigScalar: Hashable, Sendable {
  public var text: String
  /// Whether it is text, and nothing but text.
  public var isString: Bool

  /// Text.
  public init(_ text: String) {
    self.text = text
    isString = true
  }

  /// What stands without quotes: text, or whatever its reader takes it for.
  public init(plain text: String) {
    self.text = text
    isString = !Self.isAmbiguous(text)
  }

  var isNull: Bool { meaning == .null }

  /// What it means by YAML 1.2's core schema.
  enum Meaning: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
  }

  var meaning: Meaning {
    guard !isString else { return .string(text) }
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: break
    }
    if let value = Int64(text) { return .integer(value) }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] where text.hasPrefix(prefix) {
      if let value = Int64(text.dropFirst(2), radix: radix) { return .integer(value) }
    }
    if let value = Double(text), value.isFinite {
      return Int64(exactly: value).map { .integer($0) } ?? .number(value)
    }
    return .string(text)
  }

  /// Whether some reader of YAML takes it for a null, a boolean, a number, a date or a merge key.
  static func isAmbiguous(_ text: String) -> Bool {
    guard let first = text.utf8.first else { return true }
    if text.utf8.count <= 5 {
      switch text.lowercased() {
      case "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "<<", "=", ".inf", "-.inf", "+.inf",
        ".nan":
        return true
      default: break
      }
    }
    let sign = first == UInt8(ascii: "+") || first == UInt8(ascii: "-") || first == UInt8(ascii: ".")
    guard isDigit(first) || (sign && text.utf8.contains { isDigit($0) }) else { return false }
    // Numbers in every notation, sexagesimals, dates with times.
    return text.utf8.allSatisfy {
      isDigit($0) || "abcdefABCDEFxXoOTtZz_+.: -".utf8.contains($0)
    }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
