/// What a kind of resource is called and made of.
public protocol ResourceKind: Sendable {
  /// What the user wants.
  associatedtype Spec: Codable & Hashable & Sendable
  /// What was observed.
  associatedtype Status: ResourceStatus

  /// The API group and version: `metal.sidero.dev/v1alpha2`.
  static var apiVersion: String { get }
  /// `Server`
  static var kind: String { get }
  /// The name in URLs and on the command line: `servers`.
  static var plural: String { get }
  /// Whether its objects live in namespaces, and are found by `namespace/name`. Sidero's own kinds do not; what belongs
  /// to a Cluster API cluster does.
  static var isNamespaced: Bool { get }
  /// Whether it is another program's, and we know a few of its fields: whoever wrote such an object back would lose the
  /// others. The store of a cluster refuses to (``ResourceName/checkWritable(_:named:)``).
  static var isReadOnly: Bool { get }

  /// Makes the spec take less memory, as ``Resource/compact(sharing:)`` says; of kinds of which there are few, nothing.
  static func compact(_ spec: inout Spec, sharing strings: SharedStrings)
  /// The same of the status.
  static func compact(_ status: inout Status, sharing strings: SharedStrings)
}

extension ResourceKind {
  public static var isNamespaced: Bool { false }
  public static var isReadOnly: Bool { false }
  public static func compact(_ spec: inout Spec, sharing strings: SharedStrings) {}
  public static func compact(_ status: inout Status, sharing strings: SharedStrings) {}
}

/// What was observed of a resource. A new object has an empty one.
public protocol ResourceStatus: Codable, Hashable, Sendable {
  init()

  /// Whether it certainly reads back from JSON as the very same: stores need not try. `false` where nobody knows.
  var isExactInJSON: Bool { get }
}

extension ResourceStatus {
  public var isExactInJSON: Bool { false }
}

/// One object: `Resource<ServerKind>` is a Server.
///
/// Written and read as Kubernetes does: `apiVersion`, `kind`, `metadata`, `spec`, `status`.
///
/// A value, of which copies share what they are made of until one of them is changed: a Server is more than a kilobyte
/// without what its arrays and strings hold, and thousands of them are at once in lists, tables, streams of events and
/// the hands of those who look at them.
public struct Resource<Kind: ResourceKind>: Sendable {
  private var contents: Contents

  public var metadata: ObjectMeta {
    _read { yield contents.metadata }
    _modify {
      makeOwn()
      yield &contents.metadata
    }
  }

  public var spec: Kind.Spec {
    _read { yield contents.spec }
    _modify {
      makeOwn()
      yield &contents.spec
    }
  }

  public var status: Kind.Status {
    _read { yield contents.status }
    _modify {
      makeOwn()
      yield &contents.status
    }
  }

  public init(metadata: ObjectMeta, spec: Kind.Spec, status: Kind.Status = Kind.Status()) {
    contents = Contents(metadata: metadata, spec: spec, status: status)
  }

  /// Before a change: others must not see it.
  private mutating func makeOwn() {
    if !isKnownUniquelyReferenced(&contents) {
      contents = Contents(metadata: contents.metadata, spec: contents.spec, status: contents.status)
    }
  }

  /// What the copies share. Changed only through the one reference that there is to it then (``makeOwn()``), hence
  /// Sendable.
  private final class Contents: @unchecked Sendable {
    var metadata: ObjectMeta
    var spec: Kind.Spec
    var status: Kind.Status

    init(metadata: ObjectMeta, spec: Kind.Spec, status: Kind.Status) {
      self.metadata = metadata
      self.spec = spec
      self.status = status
    }
  }
}

extension Resource: Hashable {
  public static func == (one: Resource<Kind>, other: Resource<Kind>) -> Bool {
    one.contents === other.contents
      || (one.metadata == other.metadata && one.spec == other.spec && one.status == other.status)
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(metadata)
    hasher.combine(spec)
    hasher.combine(status)
  }
}

extension Resource: Codable {
  private enum CodingKeys: String, CodingKey {
    case apiVersion, kind, metadata, spec, status
  }

  /// Refuses an object of another version or kind.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    for (key, expected) in [(CodingKeys.apiVersion, Kind.apiVersion), (.kind, Kind.kind)] {
      let found = try container.decode(String.self, forKey: key)
      guard found == expected else {
        throw DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "expected \(expected), found \(found)")
      }
    }
    self.init(
      metadata: try container.decode(ObjectMeta.self, forKey: .metadata),
      spec: try container.decode(Kind.Spec.self, forKey: .spec),
      status: try container.decodeIfPresent(Kind.Status.self, forKey: .status) ?? Kind.Status())
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(Kind.apiVersion, forKey: .apiVersion)
    try container.encode(Kind.kind, forKey: .kind)
    try container.encode(metadata, forKey: .metadata)
    try container.encode(spec, forKey: .spec)
    try container.encode(status, forKey: .status)
  }
}

/// All objects of a kind at one moment.
public struct ResourceList<Kind: ResourceKind>: Codable, Hashable, Sendable {
  /// Sorted by name.
  public var items: [Resource<Kind>]
  /// Where a watch that follows this list begins.
  public var resourceVersion: String
  /// The keys of those that are there but cannot be read, because somebody edited them into nonsense. They are not gone:
  /// what was known of them before still is the best there is.
  public var unreadable: [String] = []

  public init(items: [Resource<Kind>], resourceVersion: String) {
    self.items = items
    self.resourceVersion = resourceVersion
  }

  private enum CodingKeys: String, CodingKey {
    case items, resourceVersion
  }
}
