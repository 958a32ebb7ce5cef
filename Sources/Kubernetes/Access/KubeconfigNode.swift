import Yams

/// A place in a kubeconfig, with its path for what is wrong there.
struct KubeconfigNode: Sendable {
  /// The file that it is of.
  struct File: Sendable {
    /// Its name, where there are several, so that it is known which is meant.
    var name: String?
    /// What relative paths in it are relative to; `nil` where it may name no files.
    var directory: String?
  }

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
  private let place: String
  let file: File

  /// Where it is: `users[0].user.token`.
  var path: String {
    guard let name = file.name else { return place }
    return place.isEmpty ? name : "\(name): \(place)"
  }

  /// - Throws: for what is no YAML, or more than one document.
  init(parsing text: String, of file: File) throws(KubeconfigError) {
    let path = file.name ?? ""
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw KubeconfigError(path: path, message: "it is not YAML: \(Self.line(error))")
    } catch {
      throw KubeconfigError(path: path, message: "it is not YAML")
    }
    guard let node else { throw KubeconfigError(path: path, message: "it is empty") }
    var room = Self.maximumValues
    self.init(content: try Self.content(node, &room, path), place: "", file: file)
    guard case .map = content else { throw KubeconfigError(path: path, message: "it is not a kubeconfig") }
  }

  private init(content: Content, place: String, file: File) {
    self.content = content
    self.place = place
    self.file = file
  }

  private static func content(_ node: Node, _ room: inout Int, _ path: String) throws(KubeconfigError) -> Content {
    room -= 1
    guard room > 0 else { throw KubeconfigError(path: path, message: "it has more than \(maximumValues) values") }
    switch node {
    case .scalar(let scalar):
      let isNull = scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
      return isNull ? .null : .text(scalar.string)
    case .sequence(let sequence):
      var list: [Content] = []
      for element in sequence { list.append(try content(element, &room, path)) }
      return .list(list)
    case .mapping(let mapping):
      var map: [String: Content] = [:]
      for (key, value) in mapping {
        guard case .scalar(let key) = key else { continue }
        map[key.string] = try content(value, &room, path)
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
    return node(key, value)
  }

  func required(_ key: String) throws(KubeconfigError) -> KubeconfigNode {
    guard let value = self[key] else { throw KubeconfigError(path: node(key, .null).path, message: "is missing") }
    return value
  }

  private func node(_ key: String, _ content: Content) -> KubeconfigNode {
    KubeconfigNode(content: content, place: place.isEmpty ? key : "\(place).\(key)", file: file)
  }

  /// The file that it names, from the root on.
  func filePath() throws(KubeconfigError) -> String {
    guard let directory = file.directory else {
      throw KubeconfigError(path: path, message: "names a file, and none is read for it: it must be in here")
    }
    let path = try text()
    return path.hasPrefix("/") ? path : "\(directory)/\(path)"
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
    return list.enumerated().map {
      KubeconfigNode(content: $0.element, place: "\(value.place)[\($0.offset)]", file: file)
    }
  }
}
