/// Where a boot host keeps, on its own disk, what it knows of the management cluster and what it has yet to tell it, so
/// that it goes on when the cluster cannot be reached, also after a restart.
public protocol SnapshotStore: Sendable {
  /// Which cluster it is of; `nil` before the first.
  func origin() async throws(StoreError) -> String?

  /// Makes it an empty one of that cluster. On disk when it returns.
  func begin(origin: String) async throws(StoreError)

  /// What is kept of the kind.
  func snapshot<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> KindSnapshot<Kind>

  /// Writes all of it or nothing, in one commit. On disk when it returns.
  func write<Kind: ResourceKind>(_ changes: SnapshotChanges<Kind>) async throws(StoreError)

  /// Secrets that are yet to be written to the cluster; their values are in the local store of Secrets.
  func pendingSecrets() async throws(StoreError) -> [SecretName]

  func setPendingSecret(_ name: SecretName, _ isPending: Bool) async throws(StoreError)
}

/// What is kept of one kind.
public struct KindSnapshot<Kind: ResourceKind>: Sendable {
  /// As the cluster had them, versions and all.
  public var objects: [Resource<Kind>] = []
  public var pending: [PendingWrite<Kind>] = []
  /// By the object's key: what is true on this boot host only.
  public var ownStatus: [String: Kind.Status] = [:]
  /// Whether all objects were once there: before, what is not there may well be.
  public var isComplete = false

  public init() {}
}

/// What was written while the cluster could not be reached.
///
/// One for each object, whatever was written how often: what counts is the difference between what the cluster had and
/// what the object is now. So they need not be bounded by time, and are as many as there are objects at most.
public struct PendingWrite<Kind: ResourceKind>: Hashable, Sendable {
  /// They are told to the cluster in this order.
  public var number: Int64
  /// What the cluster had; `nil`: the object is new.
  public var base: Resource<Kind>?
  /// What it is here.
  public var ours: Resource<Kind>

  public init(number: Int64, base: Resource<Kind>?, ours: Resource<Kind>) {
    self.number = number
    self.base = base
    self.ours = ours
  }

  public var key: String { ours.metadata.key }
}

/// What changed of one kind.
public struct SnapshotChanges<Kind: ResourceKind>: Sendable {
  public var stored: [Resource<Kind>] = []
  public var removed: [String] = []
  public var pending: [PendingWrite<Kind>] = []
  /// Keys of pending writes that are none any more.
  public var settled: [String] = []
  public var ownStatus: [String: Kind.Status] = [:]
  public var isComplete = false

  public init() {}

  public var isEmpty: Bool {
    stored.isEmpty && removed.isEmpty && pending.isEmpty && settled.isEmpty && ownStatus.isEmpty && !isComplete
  }
}
