/// A YAML value as a tree: keys in their order, scalars as they were written, and who put them there.
public struct ConfigNode: Sendable {
  public enum Value: Sendable {
    case scalar(ConfigScalar)
    case sequence([ConfigNode])
    case mapping([ConfigEntry])
  }

  public var value: Value
  /// Whose patch set it; `nil`: it is of the configuration that was patched.
  public var origin: PatchOrigin?

  public init(_ value: Value, origin: PatchOrigin? = nil) {
    self.value = value
    self.origin = origin
  }
}

/// A key of a mapping and its value.
public struct ConfigEntry: Sendable {
  public var key: ConfigScalar
  public var value: ConfigNode

  public init(_ key: ConfigScalar, _ value: ConfigNode) {
    self.key = key
    self.value = value
  }
}

extension ConfigNode {
  public static func string(_ text: String) -> ConfigNode { ConfigNode(.scalar(ConfigScalar(text))) }
  public static let null = ConfigNode(.scalar(ConfigScalar(plain: "null")))

  /// A mapping of strings, for documents we write ourselves.
  public static func mapping(_ entries: KeyValuePairs<String, String>) -> ConfigNode {
    ConfigNode(.mapping(entries.map { ConfigEntry(ConfigScalar($0.key), .string($0.value)) }))
  }

  /// The value of a key; `nil` where there is none, or no mapping.
  public subscript(key: String) -> ConfigNode? {
    guard case .mapping(let entries) = value else { return nil }
    return entries.first { $0.key.text == key }?.value
  }

  /// The text of a scalar under a key.
  public func text(_ key: String) -> String? {
    guard case .scalar(let scalar)? = self[key]?.value, !scalar.isNull else { return nil }
    return scalar.text
  }

  public var isNull: Bool {
    guard case .scalar(let scalar) = value else { return false }
    return scalar.isNull
  }

  /// `a mapping`, `a list`, `a value`
  var kindName: String {
    switch value {
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .scalar: "a value"
    }
  }

  /// Puts a value under a key, where it stands or at the end.
  /// - Returns: whether this is a mapping.
  mutating func set(_ key: String, _ new: ConfigNode) -> Bool {
    guard case .mapping(var entries) = value else { return false }
    value = .sequence([])
    if let index = entries.firstIndex(where: { $0.key.text == key }) {
      entries[index].value = new
    } else {
      entries.append(ConfigEntry(ConfigScalar(key), new))
    }
    value = .mapping(entries)
    return true
  }

  /// The same, with that origin all the way down.
  func marked(_ origin: PatchOrigin) -> ConfigNode {
    switch value {
    case .scalar: ConfigNode(value, origin: origin)
    case .sequence(let items): ConfigNode(.sequence(items.map { $0.marked(origin) }), origin: origin)
    case .mapping(let entries):
      ConfigNode(.mapping(entries.map { ConfigEntry($0.key, $0.value.marked(origin)) }), origin: origin)
    }
  }

  /// How many nodes it is made of, and how deep it is.
  var extent: (nodes: Int, depth: Int) {
    let children: [ConfigNode] =
      switch value {
      case .scalar: []
      case .sequence(let items): items
      case .mapping(let entries): entries.map(\.value)
      }
    return children.reduce((1, 1)) { sum, child in
      let extent = child.extent
      return (sum.0 + extent.nodes, max(sum.1, extent.depth + 1))
    }
  }

  /// Equality of RFC 6902 §4.6: numbers by what they are, mappings whatever the order of their keys.
  func isEqual(to other: ConfigNode) -> Bool {
    switch (value, other.value) {
    case (.scalar(let one), .scalar(let two)): return one.meaning == two.meaning
    case (.sequence(let one), .sequence(let two)):
      return one.count == two.count && zip(one, two).allSatisfy { $0.isEqual(to: $1) }
    case (.mapping(let one), .mapping(let two)):
      return one.count == two.count
        && one.allSatisfy { entry in other[entry.key.text].map { entry.value.isEqual(to: $0) } ?? false }
    default: return false
    }
  }
}

extension ConfigNode {
  /// A JSON value; keys sorted, since JSON has them in no order.
  public init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let value): self.init(.scalar(ConfigScalar(plain: value ? "true" : "false")))
    case .integer(let value): self.init(.scalar(ConfigScalar(plain: "\(value)")))
    case .number(let value): self.init(.scalar(ConfigScalar(plain: "\(value)")))
    case .string(let text): self = .string(text)
    case .array(let items): self.init(.sequence(items.map { ConfigNode($0) }))
    case .object(let object):
      self.init(
        .mapping(object.sorted { $0.key < $1.key }.map { ConfigEntry(ConfigScalar($0.key), ConfigNode($0.value)) }))
    }
  }
}
