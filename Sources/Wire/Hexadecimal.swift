/// Hexadecimal digits, lower case.
public enum Hexadecimal {
  /// The value of an ASCII digit, or `nil`.
  public static func value(of digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// The ASCII digit of a value; only its low four bits count.
  public static func digit(_ value: UInt8) -> UInt8 {
    let value = value & 0xf
    return value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// Two digits a byte, `separator` between bytes.
  public static func text(_ bytes: some Sequence<UInt8>, separator: String = "") -> String {
    bytes.map { byte in
      let text = String(byte, radix: 16)
      return byte < 16 ? "0" + text : text
    }.joined(separator: separator)
  }

  /// The bytes of an even number of digits, or `nil`. Spaces and line breaks are passed over.
  public static func bytes(_ text: some StringProtocol) -> [UInt8]? {
    var bytes = [UInt8]()
    var high: UInt8?
    for digit in text.utf8 where digit != UInt8(ascii: " ") && digit != UInt8(ascii: "\n") {
      guard let nibble = value(of: digit) else { return nil }
      if let first = high {
        bytes.append(first << 4 | nibble)
        high = nil
      } else {
        high = nibble
      }
    }
    return high == nil ? bytes : nil
  }
}
