extension Timestamp {
  /// Reads any time of RFC 3339 §5.6, as others write them: with fractions of a second (finer than a millisecond is cut
  /// off) and offsets from UTC: `2026-11-22T17:43:50.123456+01:00`.
  public init?(rfc3339 text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count >= 20, bytes.count <= 40 else { return nil }
    let head = String(decoding: bytes[..<19], as: UTF8.self).uppercased()
    guard let second = Timestamp(head + "Z") else { return nil }
    var rest = bytes[19...]
    var milliseconds: Int64 = 0
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
      guard !digits.isEmpty else { return nil }
      for place in 0..<3 {
        let digit = digits.dropFirst(place).first ?? 0x30
        milliseconds = milliseconds * 10 + Int64(digit - 0x30)
      }
      rest = rest.dropFirst(1 + digits.count)
    }
    guard let offset = Self.offsetSeconds(Array(rest)) else { return nil }
    self.init(milliseconds: (second.seconds - offset) * 1000 + milliseconds)
  }

  /// `Z`, `+01:00`
  private static func offsetSeconds(_ bytes: [UInt8]) -> Int64? {
    if bytes == [UInt8(ascii: "Z")] || bytes == [UInt8(ascii: "z")] { return 0 }
    guard bytes.count == 6, bytes[3] == UInt8(ascii: ":"),
      bytes[0] == UInt8(ascii: "+") || bytes[0] == UInt8(ascii: "-")
    else { return nil }
    let digits = [bytes[1], bytes[2], bytes[4], bytes[5]].map { Int64($0) - 0x30 }
    guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
    let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    guard hours < 24, minutes < 60 else { return nil }
    return (hours * 3600 + minutes * 60) * (bytes[0] == UInt8(ascii: "-") ? -1 : 1)
  }
}
