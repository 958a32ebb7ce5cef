import BareMetal
import Yams

/// A document of a YAML stream as JSON, and where its parts stand.
struct YAMLDocument: Hashable, Sendable {
  var value: JSONValue
  /// Lines by path, `spec.kernel.args[2]`; counted from 1, in the whole stream.
  var lines: [String: Int] = [:]

  /// The line of what a path names, or of the nearest that is there.
  func line(of path: String) -> Int? {
    var path = Substring(path)
    while !path.isEmpty {
      if let line = lines[String(path)] { return line }
      guard let cut = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { break }
      path = path[..<cut]
    }
    return lines[""]
  }
}

/// Why a stream cannot be read, in words for people.
struct YAMLProblem: Error, Hashable {
  var line: Int?
  var path = ""
  var message: String
}

/// Reads YAML as JSON by the core schema of YAML 1.2 §10.3.2: `true` is a truth value and `yes` a text, `0x1f` and `0o17`
/// are numbers, and what else looks like something (`52:54:00:12:34:56`, `2026-01-01`, `1_000`) is a text.
struct YAMLReader {
  /// Values of one stream beyond those that its text can hold. Aliases are expanded: a page of text can stand for more than
  /// any memory holds.
  static let repeatedValuesAtMost = 100_000
  /// How deep values may be nested; what we know is ten deep.
  static let depthAtMost = 100

  /// A value takes a byte of text at least, but where an alias stands for it.
  private let valuesAtMost: Int
  private var values = 0
  private var lines: [String: Int] = [:]

  private init(valuesAtMost: Int) { self.valuesAtMost = valuesAtMost }

  /// The documents of a stream; those that are empty are left out.
  static func documents(_ text: String) throws(YAMLProblem) -> [YAMLDocument] {
    let nodes: [Node]
    do {
      var sequence = try compose_all(yaml: text)
      var all: [Node] = []
      while let node = sequence.next() { all.append(node) }
      if let error = sequence.error { throw error }
      nodes = all
    } catch {
      throw YAMLProblem(error)
    }
    var reader = YAMLReader(valuesAtMost: text.utf8.count + repeatedValuesAtMost)
    var documents: [YAMLDocument] = []
    for node in nodes {
      reader.lines = [:]
      let value = try reader.value(node, "", depth: 0)
      guard value != .null else { continue }
      documents.append(YAMLDocument(value: value, lines: reader.lines))
    }
    return documents
  }

  private mutating func value(_ node: Node, _ path: String, depth: Int) throws(YAMLProblem) -> JSONValue {
    let line = node.mark?.line
    values += 1
    guard values <= valuesAtMost else { throw YAMLProblem(line: line, message: "too many values: aliases?") }
    guard depth <= Self.depthAtMost else {
      throw YAMLProblem(line: line, message: "nested deeper than \(Self.depthAtMost) levels")
    }
    if let line { lines[path] = line }
    switch node {
    case .scalar(let scalar): return Self.value(scalar)
    case .sequence(let sequence):
      var elements: [JSONValue] = []
      for (index, element) in sequence.enumerated() {
        elements.append(try value(element, "\(path)[\(index)]", depth: depth + 1))
      }
      return .array(elements)
    case .mapping(let mapping):
      var fields: [String: JSONValue] = [:]
      for (key, entry) in mapping {
        guard case .scalar(let scalar) = key else {
          throw YAMLProblem(line: key.mark?.line, path: path, message: "a key is a text, not a list or a mapping")
        }
        let name = scalar.string
        if name == "<<", scalar.style == .plain {
          throw YAMLProblem(line: key.mark?.line, path: path, message: "merge keys (<<) are not understood")
        }
        let place = Self.path(name, under: path)
        guard fields.updateValue(try value(entry, place, depth: depth + 1), forKey: name) == nil else {
          throw YAMLProblem(line: key.mark?.line, path: place, message: "is there twice")
        }
      }
      return .object(fields)
    case .alias: throw YAMLProblem(line: line, path: path, message: "an alias of nothing")
    }
  }

  /// `spec.bmc`, `metadata.labels[metal.sidero.dev/rack]`: as the daemon names fields.
  private static func path(_ key: String, under path: String) -> String {
    let isPlain = key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
    guard isPlain else { return "\(path)[\(PlainText.line(key))]" }
    return path.isEmpty ? key : "\(path).\(key)"
  }

  private static func value(_ scalar: Node.Scalar) -> JSONValue {
    let text = scalar.string
    // An explicit !!str makes a text of what would be something else.
    guard scalar.style == .plain, scalar.tag.description != "tag:yaml.org,2002:str" else { return .string(text) }
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: return number(text) ?? .string(text)
    }
  }

  private static func number(_ text: String) -> JSONValue? {
    if text.hasPrefix("0x"), let value = Int64(text.dropFirst(2), radix: 16), text.dropFirst(2).first != "-" {
      return .integer(value)
    }
    if text.hasPrefix("0o"), let value = Int64(text.dropFirst(2), radix: 8), text.dropFirst(2).first != "-" {
      return .integer(value)
    }
    let unsigned = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
    guard let first = unsigned.first, first.isASCII, first.isNumber || first == "." else { return nil }
    let isDecimal = unsigned.allSatisfy { $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) }
    guard isDecimal, unsigned.contains(where: { $0.isNumber }) else { return nil }
    if unsigned.allSatisfy(\.isNumber), let value = Int64(text.first == "+" ? unsigned : text[...]) {
      return .integer(value)
    }
    return Double(text).map { .number($0) }
  }
}

extension YAMLProblem {
  fileprivate init(_ error: any Error) {
    switch error {
    case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
      YamlError.composer(_, let problem, let mark, _):
      self.init(line: mark.line, message: "not YAML: \(problem)")
    case YamlError.duplicatedKeysInMapping(let duplicates, let context):
      self.init(line: context.mark.line, message: "is there twice: \(duplicates.joined(separator: ", "))")
    case YamlError.reader(let problem, _, _, _): self.init(message: "not YAML: \(problem)")
    default: self.init(message: "not YAML: \(error)")
    }
  }
}
