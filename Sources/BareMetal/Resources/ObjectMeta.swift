public import Wire

/// What every resource carries beside its spec and status (Kubernetes `ObjectMeta`, the fields we use).
public struct ObjectMeta: Codable, Hashable, Sendable {
  /// The name, unique among the resources of a kind (and namespace). A Server's is its UUID in lower case.
  public var name: String
  /// A key the store gives at creation: another object of the same name later has another one.
  public var uid: String?
  /// The state of the object, opaque; an update must carry the one it was computed from (compare and swap).
  public var resourceVersion: String?
  /// Counts changes of the spec, not of status or metadata.
  public var generation: Int64?
  public var creationTimestamp: Timestamp?
  /// Set when deletion was asked for while finalizers remain.
  public var deletionTimestamp: Timestamp?
  public var labels: [String: String]?
  public var annotations: [String: String]?
  /// Who must still clean up before the object may go.
  public var finalizers: [String]?
  /// Where a kind lives in namespaces (``ResourceKind/isNamespaced``); absent where it does not.
  public var namespace: String?
  public var ownerReferences: [OwnerReference]?

  public init(name: String, labels: [String: String]? = nil, annotations: [String: String]? = nil) {
    self.name = name
    self.labels = labels
    self.annotations = annotations
  }

  /// What stores, queues and people find the object by: `name`, or `namespace/name` where it lives in a namespace.
  public var key: String { namespace.map { "\($0)/\(name)" } ?? name }
}

/// Whom an object goes with when it is deleted (Kubernetes `OwnerReference`).
public struct OwnerReference: Codable, Hashable, Sendable {
  public var apiVersion: String
  public var kind: String
  public var name: String
  public var uid: String
  public var controller: Bool?
  public var blockOwnerDeletion: Bool?

  public init(apiVersion: String, kind: String, name: String, uid: String) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name
    self.uid = uid
  }
}
