import BareMetal
import Yams

/// Reads machine configurations and patches, whoever wrote them: what would be endless, or would be read differently by
/// Talos than by us, is refused.
struct YAMLConfigParser: ConfigParser {
  /// Bytes of a key: libyaml reads no longer ones on one line (YAML 1.2 §7.4.2 says 1024 characters).
  private static let keyBytes = 1000

  func documents(in text: String) throws(MachineConfigError) -> [ConfigNode] {
    guard text.utf8.count <= ConfigLimits.textBytes else {
      throw MachineConfigError(reason: "it is larger than \(ConfigLimits.textBytes) bytes")
    }
    guard !Self.hasAliasesInKeys(text) else {
      throw MachineConfigError(reason: "anchors and aliases cannot be keys, nor in keys")
    }
    var documents: [ConfigNode] = []
    var budget = ConfigLimits.nodes
    let parser: Parser
    do { parser = try Parser(yaml: text) } catch { throw Self.error(error) }
    while true {
      let root: Node?
      do { root = try parser.nextRoot() } catch { throw Self.error(error) }
      guard let root else { return documents }
      documents.append(try Self.node(root, depth: 1, &budget))
    }
  }

  /// The library compares keys to find those that stand twice, with all that their aliases stand for: a few lines of
  /// anchors inside anchors would keep it busy for years. Elsewhere an alias costs nothing until it is written out, which
  /// is counted. Nobody needs such keys, so where there are anchors at all, whatever looks like one is refused.
  private static func hasAliasesInKeys(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    func isOpening(_ index: Int) -> Bool {
      guard index > 0 else { return true }
      return [0x20, 0x09, 0x0a, 0x0d, UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ",")].contains(
        bytes[index - 1])
    }
    func isName(_ index: Int) -> Bool {
      guard index < bytes.count else { return false }
      return ![0x20, 0x09, 0x0a, 0x0d, 0x2c, UInt8(ascii: "]"), UInt8(ascii: "}")].contains(bytes[index])
    }
    func skipBlanks(_ index: Int) -> Int {
      var index = index
      while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
      return index
    }
    guard bytes.indices.contains(where: { bytes[$0] == UInt8(ascii: "&") && isOpening($0) && isName($0 + 1) }) else {
      return false
    }
    for index in bytes.indices {
      switch bytes[index] {
      case UInt8(ascii: "*") where isOpening(index) && isName(index + 1):
        var end = index + 1
        while isName(end) { end += 1 }
        let next = skipBlanks(end)
        // `*a :`; and `*a:` for readers to whom a colon is no part of a name.
        if next < bytes.count, bytes[next] == UInt8(ascii: ":") || bytes[end - 1] == UInt8(ascii: ":") { return true }
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        let next = skipBlanks(index + 1)
        if next < bytes.count, bytes[next] == UInt8(ascii: ":") { return true }
      case UInt8(ascii: "?") where isOpening(index) && !isName(index + 1): return true
      default: break
      }
    }
    return false
  }

  /// Without the text it is about, which may be a key.
  private static func error(_ error: any Error) -> MachineConfigError {
    switch error as? YamlError {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      MachineConfigError(reason: "it is not YAML: line \(mark.line): \(PlainText.line(problem))")
    case .duplicatedKeysInMapping(let duplicates, let context):
      MachineConfigError(
        reason:
          "line \(context.mark.line): the key \(PlainText.line(duplicates.first ?? "?")) stands twice in a mapping")
    case .reader(let problem, _, _, _): MachineConfigError(reason: "it is not YAML: \(PlainText.line(problem))")
    default: MachineConfigError(reason: "it is not YAML")
    }
  }

  private static func error(_ node: Node, _ reason: String) -> MachineConfigError {
    MachineConfigError(reason: node.mark.map { "line \($0.line): \(reason)" } ?? reason)
  }

  private static func node(_ node: Node, depth: Int, _ budget: inout Int) throws(MachineConfigError) -> ConfigNode {
    budget -= 1
    guard budget >= 0 else {
      throw error(node, "with its aliases written out it has more than \(ConfigLimits.nodes) values")
    }
    guard depth <= ConfigLimits.depth else {
      throw error(node, "it is deeper than \(ConfigLimits.depth) levels")
    }
    switch node {
    case .scalar(let scalar): return ConfigNode(.scalar(try self.scalar(scalar, node)))
    case .sequence(let sequence):
      try check(sequence.tag, is: "seq", node)
      var items: [ConfigNode] = []
      for item in sequence { items.append(try self.node(item, depth: depth + 1, &budget)) }
      return ConfigNode(.sequence(items))
    case .mapping(let mapping):
      try check(mapping.tag, is: "map", node)
      return ConfigNode(.mapping(try entries(mapping, depth: depth, &budget)))
    case .alias: throw error(node, "an alias stands for nothing")
    }
  }

  private static func entries(
    _ mapping: Node.Mapping, depth: Int, _ budget: inout Int
  ) throws(MachineConfigError) -> [ConfigEntry] {
    var entries: [ConfigEntry] = []
    var merged: [ConfigEntry] = []
    var keys: Set<String> = []
    for (key, value) in mapping {
      guard case .scalar(let scalar) = key else { throw error(key, "a key is a list or a mapping") }
      // By its style alone: the library has put its own guess into the tags of keys.
      let text = Self.isPlain(scalar) ? ConfigScalar(plain: scalar.string) : ConfigScalar(scalar.string)
      guard text.text.utf8.count <= keyBytes else { throw error(key, "a key is longer than \(keyBytes) bytes") }
      guard keys.insert(text.text).inserted else {
        throw error(key, "the key \(PlainText.line(text.text)) stands twice in a mapping")
      }
      let node = try self.node(value, depth: depth + 1, &budget)
      if text == ConfigScalar(plain: "<<") {
        // https://yaml.org/type/merge.html: a mapping's entries, or those of several, the first before the others.
        let sources: [ConfigNode] = if case .sequence(let items) = node.value { items } else { [node] }
        for source in sources {
          guard case .mapping(let more) = source.value else { throw error(value, "<< merges mappings only") }
          merged += more
        }
      } else {
        entries.append(ConfigEntry(text, node))
      }
    }
    for entry in merged where keys.insert(entry.key.text).inserted { entries.append(entry) }
    return entries
  }

  private static func isPlain(_ scalar: Node.Scalar) -> Bool { scalar.style == .plain || scalar.style == .any }

  private static func scalar(_ scalar: Node.Scalar, _ node: Node) throws(MachineConfigError) -> ConfigScalar {
    let core = "tag:yaml.org,2002:"
    switch scalar.tag.description {
    case "": return isPlain(scalar) ? ConfigScalar(plain: scalar.string) : ConfigScalar(scalar.string)
    case "!", core + "str": return ConfigScalar(scalar.string)
    case core + "null", core + "bool", core + "int", core + "float": return ConfigScalar(plain: scalar.string)
    default: throw error(node, "the tag \(PlainText.line(scalar.tag.description)) is not supported")
    }
  }

  private static func check(_ tag: Tag, is expected: String, _ node: Node) throws(MachineConfigError) {
    guard tag.description.isEmpty || tag.description == "tag:yaml.org,2002:\(expected)" else {
      throw error(node, "the tag \(PlainText.line(tag.description)) is not supported")
    }
  }
}
