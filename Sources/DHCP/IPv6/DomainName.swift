/// Names in the form of DNS, without compression (RFC 8415 §10): each label behind its length, a zero at the end.
enum DomainName {
  /// The bytes of `lab.test`; `nil` for what is no domain name.
  static func bytes(of name: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    let name = name.hasSuffix(".") ? name.dropLast() : name[...]
    for label in name.split(separator: ".", omittingEmptySubsequences: false) {
      guard (1...63).contains(label.utf8.count) else { return nil }
      bytes.append(UInt8(label.utf8.count))
      bytes += label.utf8
    }
    return bytes.count < 255 ? bytes + [0] : nil
  }

  /// The name at the beginning; a partial one (RFC 4704 §4.2: without the zero) too. `nil` if it is not whole, empty, or
  /// of other characters than host names have.
  static func text(_ bytes: ArraySlice<UInt8>) -> String? {
    var labels: [String] = []
    var rest = bytes
    while let length = rest.popFirst(), length > 0 {
      let label = rest.prefix(Int(length))
      guard length <= 63, label.count == Int(length), labels.count < 32, label.allSatisfy(isHostCharacter) else {
        return nil
      }
      labels.append(String(decoding: label, as: UTF8.self))
      rest = rest.dropFirst(Int(length))
    }
    return labels.isEmpty ? nil : labels.joined(separator: ".")
  }

  private static func isHostCharacter(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

extension DHCPv6Packet {
  /// What the client calls itself: option 39, behind a byte of flags (RFC 4704 §4).
  public var hostName: String? { options[.fullyQualifiedDomainName].flatMap { DomainName.text($0.dropFirst()) } }
}
