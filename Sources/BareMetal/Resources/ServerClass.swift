/// Servers that are alike enough to be allocated for each other. `metal.sidero.dev/v1alpha2`.
public typealias ServerClass = Resource<ServerClassKind>

/// The kind `ServerClass`.
public enum ServerClassKind: ResourceKind {
  public typealias Spec = ServerClassSpec
  public typealias Status = ServerClassStatus
  public static let apiVersion = "metal.sidero.dev/v1alpha2"
  public static let kind = "ServerClass"
  public static let plural = "serverclasses"
}

/// Which Servers, and what they get when they are allocated from it.
public struct ServerClassSpec: Codable, Hashable, Sendable {
  /// What its Servers boot when they are allocated from it, unless they say themselves.
  public var environmentRef: ObjectReference?
  /// What hardware and labels its Servers have.
  public var qualifiers: Qualifiers?
  /// Labels the Server must have.
  public var selector: LabelSelectorSpec?
  /// RFC 6902 operations on the machine configuration, before the Server's.
  public var configPatches: [ConfigPatch]?
  /// Talos' strategic merge patches of the machine configuration, YAML, before the Server's.
  public var strategicPatches: [String]?
  /// How its Servers leave iPXE to boot from their disk, unless they say themselves.
  public var bootFromDiskMethod: BootFromDiskMethod?
  /// Allocation spreads over the values of this label (`topology.kubernetes.io/rack`): an addition of Siderite's.
  public var spreadBy: String?

  public init(qualifiers: Qualifiers? = nil, selector: LabelSelectorSpec? = nil) {
    self.qualifiers = qualifiers
    self.selector = selector
  }
}

/// What hardware and labels qualify a Server: alternatives are OR, what stands inside one is AND.
public struct Qualifiers: Codable, Hashable, Sendable {
  /// Same shape as a Server's hardware; only what is set is compared. Any of them.
  public var hardware: [HardwareQualifier]?
  /// Any of them, each as a whole.
  public var labelSelectors: [[String: String]]?

  public init(hardware: [HardwareQualifier]? = nil, labelSelectors: [[String: String]]? = nil) {
    self.hardware = hardware
    self.labelSelectors = labelSelectors
  }
}

/// A Kubernetes `LabelSelector`: all of both.
public struct LabelSelectorSpec: Codable, Hashable, Sendable {
  /// Labels with the values they must have.
  public var matchLabels: [String: String]?
  public var matchExpressions: [LabelSelectorRequirement]?

  public init(matchLabels: [String: String]? = nil, matchExpressions: [LabelSelectorRequirement]? = nil) {
    self.matchLabels = matchLabels
    self.matchExpressions = matchExpressions
  }
}

/// One requirement: `In`, `NotIn`, `Exists`, `DoesNotExist`.
public struct LabelSelectorRequirement: Codable, Hashable, Sendable {
  /// The label.
  public var key: String
  /// How the label relates to the values.
  public var `operator`: String
  /// For `In` and `NotIn`: one or more. For `Exists` and `DoesNotExist`: none.
  public var values: [String]?

  public init(key: String, operator: String, values: [String]? = nil) {
    self.key = key
    self.operator = `operator`
    self.values = values
  }
}

/// Which Servers those are now. Names, sorted.
public struct ServerClassStatus: ResourceStatus {
  /// Those that can be allocated: accepted, not cordoned, qualified, not in use.
  public var serversAvailable: [String]
  /// Those that are allocated.
  public var serversInUse: [String]
  /// What is to be said of the class.
  public var conditions: [Condition]?

  public init() {
    serversAvailable = []
    serversInUse = []
  }
}

extension ServerClassStatus {
  /// Names are; conditions have times, which are cut to seconds.
  public var isExactInJSON: Bool { conditions == nil }

  private enum CodingKeys: String, CodingKey {
    case serversAvailable, serversInUse, conditions
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    serversAvailable = try container.decodeIfPresent([String].self, forKey: .serversAvailable) ?? []
    serversInUse = try container.decodeIfPresent([String].self, forKey: .serversInUse) ?? []
    conditions = try container.decodeIfPresent([Condition].self, forKey: .conditions)
  }
}
