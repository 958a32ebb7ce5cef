/// Who set a field of a machine configuration.
public enum PatchOrigin: Hashable, Sendable {
  /// A patch of a resource: `ServerClass` `worker`, `strategicPatches[0]`.
  case patch(kind: String, name: String, field: String)
  /// The label that tells which Server a node is.
  case nodeLabel
  case sideroLink
}

extension PatchOrigin: CustomStringConvertible {
  /// `ServerClass worker, configPatches[2]`
  public var description: String {
    switch self {
    case .patch(let kind, let name, let field): "\(kind) \(name), \(field)"
    case .nodeLabel: "the node label"
    case .sideroLink: "SideroLink"
    }
  }
}

/// A field of a configuration that is not as it was before the patches.
public struct PatchedField: Codable, Hashable, Sendable {
  public enum Change: String, Codable, Hashable, Sendable {
    case set, removed
  }

  /// Which document: `v1alpha1`, or its kind and name.
  public var document: String
  /// RFC 6901: `/machine/install/disk`.
  public var path: String
  public var change: Change
  /// Who: `ServerClass worker, strategicPatches[0]`.
  public var origin: String

  public init(document: String, path: String, change: Change, origin: String) {
    self.document = document
    self.path = path
    self.change = change
    self.origin = origin
  }
}

/// Why a configuration could not be read or patched: nothing of it is used then.
public struct MachineConfigError: Error, Hashable, Sendable {
  /// Whose patch; `nil`: the configuration itself.
  public var origin: PatchOrigin?
  /// What it does: `replace`; `nil` for a strategic merge.
  public var operation: String?
  /// Where, as far as it is about a place.
  public var path: String?
  /// One sentence that quotes no values: a configuration is full of keys.
  public var reason: String

  public init(origin: PatchOrigin? = nil, operation: String? = nil, path: String? = nil, reason: String) {
    self.origin = origin
    self.operation = operation
    self.path = path
    self.reason = reason
  }
}

extension MachineConfigError: CustomStringConvertible {
  /// `ServerClass worker, configPatches[2]: replace /machine/install/disk: there is nothing there`
  public var description: String {
    let place = [operation, path].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
    return [origin?.description ?? "the machine configuration", place.isEmpty ? nil : place, reason]
      .compactMap { $0 }.joined(separator: ": ")
  }
}

/// Reads YAML. What does it is a foreign library, so it is given in.
public protocol ConfigParser: Sendable {
  /// Every document of the text, empty ones too.
  /// - Throws: an error without origin: bad syntax with its line, a key that stands twice in a mapping, or one of
  ///   ``ConfigLimits`` passed.
  func documents(in text: String) throws(MachineConfigError) -> [ConfigNode]
}

/// How large configurations and patches can be. Talos's own are some tens of kilobytes.
public enum ConfigLimits {
  /// Bytes of a configuration or patch, as of a Kubernetes Secret.
  public static let textBytes = 1 << 20
  /// Nodes that it becomes when its aliases are written out, and that patches may make of it.
  public static let nodes = 200_000
  /// Mappings and lists inside each other.
  public static let depth = 100
}
