import ArgumentParser
import FoundationEssentials
import Yams

/// `-o`
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case table, wide, json, yaml, name

  /// The value as JSON or YAML text.
  static func render(_ value: some Encodable, as format: OutputFormat) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let json = String(decoding: try encoder.encode(value), as: UTF8.self)
    guard format == .yaml else { return json + "\n" }
    // JSON is YAML: read it back as a tree and write that in block style, so both forms name things alike.
    guard let tree = try compose(yaml: json) else { return "" }
    return try serialize(node: blockStyle(tree), allowUnicode: true)
  }

  /// The value in one line of JSON.
  static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func blockStyle(_ node: Node) -> Node {
    switch node {
    case .mapping(let mapping):
      return Node(mapping.map { ($0.key.string.map { Node($0) } ?? $0.key, blockStyle($0.value)) }, .implicit, .block)
    case .sequence(let sequence):
      return Node(sequence.map(blockStyle), .implicit, .block)
    case .scalar(let scalar):
      // Lines stay lines.
      if scalar.string.contains("\n") { return Node(scalar.string, .implicit, .literal) }
      // A text that reads as something else when it stands bare keeps its quotes.
      return scalar.style == .doubleQuoted && !Self.isPlain(scalar.string)
        ? Node(scalar.string, .implicit, .doubleQuoted) : Node(scalar.string)
    case .alias: return node
    }
  }

  private static func isPlain(_ text: String) -> Bool {
    guard let first = text.first, first.isLetter, first.isASCII else { return false }
    return !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased())
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || " ._/-+()".contains($0)) }
      && !text.hasSuffix(" ") && !text.contains(" #")
  }
}
