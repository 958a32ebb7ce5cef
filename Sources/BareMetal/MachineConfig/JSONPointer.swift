/// A place in a document: RFC 6901, `/machine/network/interfaces/0/mtu`.
struct JSONPointer: Hashable, Sendable {
  var tokens: [String]

  init(tokens: [String]) { self.tokens = tokens }

  /// - Returns: `nil` for what is none: it does not begin with `/`, or `~` stands alone.
  init?(_ text: String) {
    guard !text.isEmpty else {
      tokens = []
      return
    }
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    tokens = []
    for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard let token = Self.decode(part) else { return nil }
      tokens.append(token)
    }
  }

  /// RFC 6901 §3: `~1` is `/`, `~0` is `~`, and `~` is nothing else.
  private static func decode(_ text: Substring) -> String? {
    guard text.utf8.contains(UInt8(ascii: "~")) else { return String(text) }
    var token = ""
    var rest = text
    while let character = rest.popFirst() {
      guard character == "~" else {
        token.append(character)
        continue
      }
      switch rest.popFirst() {
      case "0": token.append("~")
      case "1": token.append("/")
      default: return nil
      }
    }
    return token
  }

  /// RFC 6901 §4: digits without a leading zero.
  static func index(_ token: String) -> Int? {
    guard token == "0" || (!token.hasPrefix("0") && token.utf8.allSatisfy { (48...57).contains($0) }) else {
      return nil
    }
    return Int(token)
  }

  /// Whether `other` is this place or inside it.
  func contains(_ other: JSONPointer) -> Bool { other.tokens.starts(with: tokens) }
}

extension JSONPointer: CustomStringConvertible {
  var description: String { tokens.map { "/" + Self.encode($0) }.joined() }

  private static func encode(_ token: String) -> String {
    var text = ""
    for character in token {
      switch character {
      case "~": text += "~0"
      case "/": text += "~1"
      default: text.append(character)
      }
    }
    return text
  }
}
