import Yams

/// Reads a YAML tree value by value and collects every problem instead of stopping at the first.
struct ConfigurationReader {
  private(set) var problems: [ConfigurationProblem] = []

  /// A mapping of the tree and the way to it.
  struct Section {
    var path: String
    var mapping: Node.Mapping

    func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
  }

  mutating func report(_ path: String, _ node: Node?, _ message: String) {
    problems.append(ConfigurationProblem(path: path, line: node?.mark?.line, message: message))
  }

  /// The mapping under `key`, or an empty one.
  mutating func section(_ key: String, of parent: Section) -> Section {
    let path = parent.path(of: key)
    guard let node = parent.mapping[key], !Self.isNull(node) else { return Section(path: path, mapping: [:]) }
    guard case .mapping(let mapping) = node else {
      report(path, node, "expected a mapping of keys to values")
      return Section(path: path, mapping: [:])
    }
    return Section(path: path, mapping: mapping)
  }

  /// The mappings listed under `key`.
  mutating func sections(_ key: String, of parent: Section) -> [Section] {
    let path = parent.path(of: key)
    guard let node = parent.mapping[key], !Self.isNull(node) else { return [] }
    guard case .sequence(let sequence) = node else {
      report(path, node, "expected a list")
      return []
    }
    return sequence.enumerated().compactMap { index, entry in
      guard case .mapping(let mapping) = entry else {
        report("\(path)[\(index)]", entry, "expected a mapping of keys to values")
        return nil
      }
      return Section(path: "\(path)[\(index)]", mapping: mapping)
    }
  }

  /// The value under `key`, or `default` where it is absent or wrong.
  mutating func value<Value>(
    _ key: String, of section: Section, default fallback: Value, _ form: ConfigurationForm<Value>
  ) -> Value {
    optional(key, of: section, form) ?? fallback
  }

  /// The value under `key`, or `nil` where it is absent or wrong.
  mutating func optional<Value>(_ key: String, of section: Section, _ form: ConfigurationForm<Value>) -> Value? {
    guard let node = section.mapping[key], !Self.isNull(node) else { return nil }
    return read(node, at: section.path(of: key), form)
  }

  /// The value under `key`, whose absence is a problem.
  mutating func required<Value>(_ key: String, of section: Section, _ form: ConfigurationForm<Value>) -> Value? {
    guard let node = section.mapping[key], !Self.isNull(node) else {
      report(section.path(of: key), .mapping(section.mapping), "missing: expected \(form.expected)")
      return nil
    }
    return read(node, at: section.path(of: key), form)
  }

  /// The values listed under `key`.
  mutating func list<Value>(_ key: String, of section: Section, _ form: ConfigurationForm<Value>) -> [Value] {
    let path = section.path(of: key)
    guard let node = section.mapping[key], !Self.isNull(node) else { return [] }
    guard case .sequence(let sequence) = node else {
      report(path, node, "expected a list, each \(form.expected)")
      return []
    }
    return sequence.enumerated().compactMap { index, entry in read(entry, at: "\(path)[\(index)]", form) }
  }

  /// Reports keys that mean nothing: most are misspelt.
  mutating func refuseUnknownKeys(in section: Section, known: [String]) {
    for (key, _) in section.mapping {
      let name = key.string ?? "?"
      if !known.contains(name) {
        report(section.path(of: name), key, "unknown key; known are \(known.sorted().joined(separator: ", "))")
      }
    }
  }

  private mutating func read<Value>(_ node: Node, at path: String, _ form: ConfigurationForm<Value>) -> Value? {
    guard case .scalar(let scalar) = node else {
      report(path, node, "expected \(form.expected)")
      return nil
    }
    guard let value = form.read(scalar.string) else {
      report(path, node, "expected \(form.expected), found '\(scalar.string.prefix(80))'")
      return nil
    }
    return value
  }

  private static func isNull(_ node: Node) -> Bool {
    guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
    return ["", "~", "null"].contains(scalar.string)
  }
}
