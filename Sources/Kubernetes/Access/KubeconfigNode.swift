import Yams

/// A place in a kubeconfig, with its path for what is wrong there.
struct KubeconfigNode: Sendable {
  /// What YAML is made of, as far as a kubeconfig uses it.
  private indirect enum Content: Sendable {
    case null
    case text(String)
    case list([Content])
    case map([String: Content])
  }

  /// Values in a kubeconfig: aliases can make billions of a few lines.
  private static let maximumValues = 100_000

  private let content: Content
  let path: String

  /// - Throws: for what is no YAML, or more than one document.
  init(parsing text: String) throws(KubeconfigError) {
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw KubeconfigError(path: "", message: "it is not YAML: \(Self.line(error))")
    } catch {
      throw KubeconfigError(path: "", message: "it is not YAML")
    }
    guard let node else { throw KubeconfigError(path: "", message: "it is empty") }
    var room = Self.maximumValues
    self.init(content: try Self.content(node, &room), path: "")
    guard case .map = content else { throw KubeconfigError(path: "", message: "it is not a kubeconfig") }
  }

  private init(content: Content, path: String) {
    self.content = content
    self.path = path
  }

  private static func content(_ node: Node, _ room: inout Int) throws(KubeconfigError) -> Content {
    room -= 1
    guard room > 0 else { throw KubeconfigError(path: "", message: "it has more than \(maximumValues) values") }
    switch node {
    case .scalar(let scalar):
      let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
      return isNull ? .null : .text(scalar.string)
    case .sequence(let sequence):
      var list: [Content] = []
      for element in sequence { list.append(try content(element, &room)) }
      return .list(list)
    case .mapping(let mapping):
      var map: [String: Content] = [:]
      for (key, value) in mapping {
        guard case .scalar(let key) = key else { continue }
        map[key.string] = try content(value, &room)
      }
      return .map(map)
    case .alias: return .null
    }
  }

  /// Where the parser stopped, without the text that it quotes: that may be a credential.
  private static func line(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      "\(problem) at line \(mark.line), column \(mark.column)"
    default: "it cannot be parsed"
    }
  }

  /// What is there under a key; nothing where it is `null`.
  subscript(_ key: String) -> KubeconfigNode? {
    guard case .map(let map) = content, let value = map[key] else { return nil }
    if case .null = value { return nil }
    return KubeconfigNode(content: value, path: path.isEmpty ? key : "\(path).\(key)")
  }

  func required(_ key: String) throws(KubeconfigError) -> KubeconfigNode {
    guard let value = self[key] else {
      throw KubeconfigError(path: path.isEmpty ? key : "\(path).\(key)", message: "is missing")
    }
    return value
  }

  /// The text of a value, `nil` where there is none or it is empty.
  func text(_ key: String) throws(KubeconfigError) -> String? {
    guard let value = self[key] else { return nil }
    let text = try value.text()
    return text.isEmpty ? nil : text
  }

  func text() throws(KubeconfigError) -> String {
    guard case .text(let text) = content else { throw KubeconfigError(path: path, message: "is not text") }
    return text
  }

  func flag(_ key: String) throws(KubeconfigError) -> Bool {
    guard let value = self[key] else { return false }
    switch try value.text().lowercased() {
    case "true": return true
    case "false": return false
    default: throw KubeconfigError(path: value.path, message: "is neither true nor false")
    }
  }

  /// The elements of a list; none where there is no list.
  func elements(_ key: String) throws(KubeconfigError) -> [KubeconfigNode] {
    guard let value = self[key] else { return [] }
    guard case .list(let list) = value.content else {
      throw KubeconfigError(path: value.path, message: "is not a list")
    }
    return list.enumerated().map { KubeconfigNode(content: $0.element, path: "\(value.path)[\($0.offset)]") }
  }
}
