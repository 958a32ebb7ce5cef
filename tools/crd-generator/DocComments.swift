/// What the sources say of types and their fields: their `///` comments, so that `kubectl explain` has the same texts.
///
/// A reader of our own files, formatted by swift-format, not of Swift: it knows declarations that begin a line, and what
/// braces they stand in.
struct DocComments {
  /// By the type's name: `WipePolicy.Scope`.
  private var types: [String: String] = [:]
  /// By type and field, or case: `WipePolicy.keep`.
  private var members: [String: String] = [:]

  init(sources: [String] = []) {
    for source in sources { read(source) }
  }

  /// The type's documentation, else that of the one it only points to (`See ``Other``.`); `nil` where it has none.
  func text(ofType type: String) -> String? { Self.pointed(types[type]).map { types[$0] } ?? types[type] }

  /// The field's documentation, else what is said of it in the type that this one points to, or in today's type of that
  /// name.
  func text(of member: String, in type: String) -> String? {
    if let text = members["\(type).\(member)"] { return text }
    let others = [Self.pointed(types[type]), type.split(separator: ".").last.map { String($0) }].compactMap(\.self)
    return others.lazy.compactMap { members["\($0).\(member)"] }.first
  }

  /// `Other`
  private static func pointed(_ text: String?) -> String? {
    guard let text, text.hasPrefix("See "), text.hasSuffix("."), !text.dropFirst(4).contains(" ") else { return nil }
    return String(text.dropFirst(4).dropLast())
  }

  private mutating func read(_ source: String) {
    /// Types that are open, with the depth of braces they stand in.
    var open: [(name: String, depth: Int)] = []
    var depth = 0
    var comment: [String] = []
    for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
      let text = line.drop { $0 == " " }
      if text.hasPrefix("///") {
        comment.append(String(text.dropFirst(3)))
        continue
      }
      let words = Self.words(text)
      if let index = words.firstIndex(where: { Self.openers.contains($0) }), index + 1 < words.count,
        text.hasSuffix("{")
      {
        let name = String(words[index + 1].prefix { $0.isLetter || $0.isNumber || $0 == "." || $0 == "_" })
        let path = (open.map(\.name) + [name]).joined(separator: ".")
        if words[index] != "extension", !comment.isEmpty { types[path] = Self.plain(comment) }
        open.append((name, depth))
      } else if let index = words.firstIndex(of: "typealias"), open.isEmpty, index + 1 < words.count, !comment.isEmpty {
        types[String(words[index + 1])] = Self.plain(comment)
      } else if !open.isEmpty, depth == (open.last?.depth ?? 0) + 1 {
        let path = open.map(\.name).joined(separator: ".")
        for name in Self.declared(words) where !comment.isEmpty { members["\(path).\(name)"] = Self.plain(comment) }
      }
      comment = []
      for character in text.prefix(while: { $0 != "\"" }) {
        if character == "{" { depth += 1 }
        if character == "}" { depth -= 1 }
      }
      while let last = open.last, depth <= last.depth { open.removeLast() }
    }
  }

  private static let openers: Set<Substring> = ["struct", "enum", "class", "extension", "actor", "protocol"]

  private static func words(_ text: Substring) -> [Substring] { text.split(separator: " ") }

  /// The names a line declares: a `var`, or the cases of an enumeration.
  private static func declared(_ words: [Substring]) -> [String] {
    func name(_ word: Substring) -> String { String(word.filter { $0 != "`" }.prefix { $0 != ":" && $0 != "," }) }
    if let index = words.firstIndex(of: "var"), index + 1 < words.count { return [name(words[index + 1])] }
    if words.first == "case" { return words.dropFirst().prefix { $0 != "=" }.map { name($0) } }
    return []
  }

  /// Without the marks of code and links; paragraphs stay apart.
  private static func plain(_ lines: [String]) -> String {
    var paragraphs: [[String]] = [[]]
    for line in lines {
      let text = String(line.drop { $0 == " " })
      if text.isEmpty {
        paragraphs.append([])
      } else if text.hasPrefix("- ") {
        paragraphs.append([text])
      } else {
        paragraphs[paragraphs.count - 1].append(text)
      }
    }
    return paragraphs.filter { !$0.isEmpty }.map { $0.joined(separator: " ") }.joined(separator: "\n")
      .split(separator: "`", omittingEmptySubsequences: true).joined()
  }
}
