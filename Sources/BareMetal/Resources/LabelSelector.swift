/// Which objects are meant, by their labels, in kubectl's words: `rack=3,role in (worker, storage),!broken`.
public struct LabelSelector: Hashable, Sendable {
  /// Every one of them holds.
  public var requirements: [Requirement]

  public struct Requirement: Hashable, Sendable {
    public enum Relation: Hashable, Sendable {
      /// `key=value`, `key==value`, `key in (one,other)`
      case isOneOf(Set<String>)
      /// `key!=value`, `key notin (one,other)`; holds where the label is absent, too.
      case isNoneOf(Set<String>)
      /// `key`
      case exists
      /// `!key`
      case isAbsent
    }

    public var key: String
    public var relation: Relation

    public init(key: String, relation: Relation) {
      self.key = key
      self.relation = relation
    }
  }

  /// Why a text is no selector.
  public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
  }

  public init(requirements: [Requirement] = []) { self.requirements = requirements }

  /// Reads kubectl's form. An empty text is refused: `--all` says that everything is meant.
  public init(_ text: some StringProtocol) throws(ParseError) {
    requirements = []
    for part in Self.parts(text) { requirements.append(try Self.requirement(part)) }
  }

  public func matches(_ labels: [String: String]?) -> Bool {
    requirements.allSatisfy { requirement in
      let value = labels?[requirement.key]
      return switch requirement.relation {
      case .isOneOf(let values): value.map { values.contains($0) } ?? false
      case .isNoneOf(let values): value.map { !values.contains($0) } ?? true
      case .exists: value != nil
      case .isAbsent: value == nil
      }
    }
  }

  /// Cut at commas that are not in parentheses.
  private static func parts(_ text: some StringProtocol) -> [String] {
    var parts = [""]
    var depth = 0
    for character in text {
      if character == "," && depth == 0 {
        parts.append("")
        continue
      }
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      parts[parts.count - 1].append(character)
    }
    return parts.map { trimmed($0) }
  }

  private static func requirement(_ part: String) throws(ParseError) -> Requirement {
    if part.hasPrefix("!") {
      return Requirement(key: try key(part.dropFirst(), in: part), relation: .isAbsent)
    }
    if let open = part.firstIndex(of: "("), part.hasSuffix(")") {
      let words = part[..<open].split(separator: " ")
      let list = part[part.index(after: open)...].dropLast()
      var values: Set<String> = []
      for entry in list.split(separator: ",", omittingEmptySubsequences: false) {
        values.insert(try value(entry, in: part))
      }
      guard words.count == 2 else { throw unreadable(part) }
      let name = try key(words[0], in: part)
      switch words[1] {
      case "in": return Requirement(key: name, relation: .isOneOf(values))
      case "notin": return Requirement(key: name, relation: .isNoneOf(values))
      default: throw unreadable(part)
      }
    }
    guard let sign = part.firstIndex(of: "=") else {
      return Requirement(key: try key(part, in: part), relation: .exists)
    }
    var left = part[..<sign]
    var right = part[part.index(after: sign)...]
    let isNegated = left.last == "!"
    if isNegated { left = left.dropLast() }
    if !isNegated, right.first == "=" { right = right.dropFirst() }
    let values: Set<String> = [try value(right, in: part)]
    return Requirement(key: try key(left, in: part), relation: isNegated ? .isNoneOf(values) : .isOneOf(values))
  }

  private static func key(_ text: some StringProtocol, in part: String) throws(ParseError) -> String {
    let key = trimmed(text)
    guard !key.isEmpty, key.allSatisfy({ isPlain($0) || $0 == "/" }) else { throw unreadable(part) }
    return key
  }

  private static func value(_ text: some StringProtocol, in part: String) throws(ParseError) -> String {
    let value = trimmed(text)
    guard value.allSatisfy(isPlain) else { throw unreadable(part) }
    return value
  }

  /// What Kubernetes has in labels: letters, digits, `-`, `_`, `.`.
  private static func isPlain(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || "-_.".contains(character))
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    String(String(text.drop { $0 == " " }).reversed().drop { $0 == " " }.reversed())
  }

  private static func unreadable(_ part: String) -> ParseError {
    ParseError(
      description: "'\(PlainText.line(part))' is no label selector: write key=value, key!=value, key in (one,other), "
        + "key notin (one,other), key or !key, with commas between several")
  }
}
