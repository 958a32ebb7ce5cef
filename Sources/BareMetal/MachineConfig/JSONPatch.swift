/// RFC 6902, on one document: all operations, or none.
struct JSONPatch: Sendable {
  /// One operation, read.
  enum Operation: Sendable {
    case add(JSONPointer, ConfigNode)
    case remove(JSONPointer)
    case replace(JSONPointer, ConfigNode)
    case move(from: JSONPointer, to: JSONPointer)
    case copy(from: JSONPointer, to: JSONPointer)
    case test(JSONPointer, ConfigNode)
  }

  /// What the operation may be, as manifests have it.
  static let operations = ["add", "remove", "replace", "copy", "move", "test"]

  /// What went wrong, for ``MachineConfigError``.
  struct Failure: Error {
    var path: String
    var reason: String
  }

  /// Reads an operation.
  static func operation(_ patch: ConfigPatch) throws(Failure) -> Operation {
    guard operations.contains(patch.op) else {
      throw Failure(path: patch.path, reason: "op is none of \(operations.joined(separator: ", "))")
    }
    let path = try pointer(patch.path)
    switch patch.op {
    case "remove": return .remove(path)
    case "move", "copy":
      guard let text = patch.from else { throw Failure(path: patch.path, reason: "from is missing") }
      let from = try pointer(text)
      guard patch.op == "move" else { return .copy(from: from, to: path) }
      guard from == path || !from.contains(path) else {
        throw Failure(path: patch.path, reason: "\(from) cannot be moved into itself")
      }
      return .move(from: from, to: path)
    default:
      guard let json = patch.value else { throw Failure(path: patch.path, reason: "value is missing") }
      let value = ConfigNode(json)
      return patch.op == "add" ? .add(path, value) : patch.op == "replace" ? .replace(path, value) : .test(path, value)
    }
  }

  private static func pointer(_ text: String) throws(Failure) -> JSONPointer {
    guard let pointer = JSONPointer(text) else {
      throw Failure(path: text, reason: "this is no JSON pointer: it begins with /, and ~ is written ~0")
    }
    return pointer
  }

  /// Applies one operation.
  /// - Returns: what was removed from where it stood.
  static func apply(
    _ operation: Operation, to document: inout ConfigNode, origin: PatchOrigin
  ) throws(Failure) -> JSONPointer? {
    switch operation {
    case .add(let path, let value): try document.add(value.marked(origin), at: path)
    case .replace(let path, let value): try document.replace(at: path, with: value.marked(origin))
    case .test(let path, let value):
      guard try document.node(at: path).isEqual(to: value) else {
        throw Failure(path: "\(path)", reason: "what is there is not what the patch tests for")
      }
    case .remove(let path):
      _ = try document.remove(at: path)
      return path
    case .move(let from, let path):
      guard from != path else {
        _ = try document.node(at: from)
        return nil
      }
      let value = try document.remove(at: from)
      try document.add(value.marked(origin), at: path)
      return from
    case .copy(let from, let path):
      try document.add(try document.node(at: from).marked(origin), at: path)
    }
    return nil
  }
}

extension ConfigNode {
  /// What is at a place.
  fileprivate func node(at path: JSONPointer) throws(JSONPatch.Failure) -> ConfigNode {
    var node = self
    for (depth, token) in path.tokens.enumerated() {
      guard let next = node.child(token) else { throw path.nothing(depth) }
      node = next
    }
    return node
  }

  fileprivate mutating func add(_ new: ConfigNode, at path: JSONPointer) throws(JSONPatch.Failure) {
    guard let last = path.tokens.last else {
      self = new
      return
    }
    try change(path.prefix(path.tokens.count - 1), for: path) { parent throws(JSONPatch.Failure) in
      switch parent.value {
      case .mapping: _ = parent.set(last, new)
      case .sequence(var items):
        parent.value = .sequence([])
        if last == "-" {
          items.append(new)
        } else {
          guard let index = JSONPointer.index(last), index <= items.count else {
            throw JSONPatch.Failure(path: "\(path)", reason: "the list has \(items.count) items")
          }
          items.insert(new, at: index)
        }
        parent.value = .sequence(items)
      case .scalar: throw JSONPatch.Failure(path: "\(path)", reason: "its parent is a value, and no mapping or list")
      }
    }
  }

  fileprivate mutating func replace(at path: JSONPointer, with new: ConfigNode) throws(JSONPatch.Failure) {
    try change(path, for: path) { node in node = new }
  }

  fileprivate mutating func remove(at path: JSONPointer) throws(JSONPatch.Failure) -> ConfigNode {
    guard let last = path.tokens.last else {
      throw JSONPatch.Failure(path: "\(path)", reason: "the whole document cannot be removed")
    }
    let removed = try node(at: path)
    try change(path.prefix(path.tokens.count - 1), for: path) { parent throws(JSONPatch.Failure) in
      switch parent.value {
      case .mapping(let entries): parent.value = .mapping(entries.filter { $0.key.text != last })
      case .sequence(var items):
        guard let index = JSONPointer.index(last) else { return }
        parent.value = .sequence([])
        items.remove(at: index)
        parent.value = .sequence(items)
      case .scalar: break
      }
    }
    return removed
  }

  /// Changes what is at a place, which must be there.
  private mutating func change(
    _ path: JSONPointer, for target: JSONPointer, depth: Int = 0,
    _ body: (inout ConfigNode) throws(JSONPatch.Failure) -> Void
  ) throws(JSONPatch.Failure) {
    guard depth < path.tokens.count else { return try body(&self) }
    let token = path.tokens[depth]
    switch value {
    case .mapping(var entries):
      guard let index = entries.firstIndex(where: { $0.key.text == token }) else { throw target.nothing(depth) }
      value = .mapping([])
      try entries[index].value.change(path, for: target, depth: depth + 1, body)
      value = .mapping(entries)
    case .sequence(var items):
      guard let index = JSONPointer.index(token), index < items.count else { throw target.nothing(depth) }
      value = .sequence([])
      try items[index].change(path, for: target, depth: depth + 1, body)
      value = .sequence(items)
    case .scalar: throw target.nothing(depth)
    }
  }

  private func child(_ token: String) -> ConfigNode? {
    switch value {
    case .mapping: return self[token]
    case .sequence(let items):
      guard let index = JSONPointer.index(token), index < items.count else { return nil }
      return items[index]
    case .scalar: return nil
    }
  }
}

extension JSONPointer {
  fileprivate func prefix(_ count: Int) -> JSONPointer { JSONPointer(tokens: Array(tokens.prefix(count))) }

  /// There is nothing at the token of that depth.
  fileprivate func nothing(_ depth: Int) -> JSONPatch.Failure {
    let missing = prefix(depth + 1)
    return JSONPatch.Failure(
      path: "\(self)", reason: missing == self ? "there is nothing there" : "there is nothing at \(missing)")
  }
}
