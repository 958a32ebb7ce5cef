/// Where resources live: an embedded database, or a Kubernetes cluster.
///
/// The semantics are those of the Kubernetes API: every write gives the object a new `resourceVersion`; an update must
/// carry the version it was computed from; status is written apart from spec and metadata; an object with finalizers is
/// only marked on deletion and goes when the last finalizer does.
///
/// Objects are named by their ``ObjectMeta/key``: `name`, or `namespace/name` for kinds that live in namespaces.
public protocol ResourceStore: Sendable {
  /// The object, or `nil`.
  func get<Kind: ResourceKind>(_ kind: Kind.Type, named name: String) async throws(StoreError) -> Resource<Kind>?

  /// Every object of the kind, by key.
  func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind>

  /// Stores a new object (its status too) and returns it with uid, version, generation 1 and creation time.
  /// - Throws: ``StoreError/alreadyExists(kind:name:)``, ``StoreError/invalid(kind:name:message:)`` (a bad name, or
  ///   `resourceVersion` set).
  func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind>

  /// Replaces metadata (labels, annotations, finalizers) and spec; the status given is not looked at.
  /// An update that changes nothing returns the object as it is, version and all. The generation counts spec changes.
  /// - Throws: ``StoreError/conflict(kind:name:)`` when `resourceVersion` is not the stored one (or is absent).
  func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind>

  /// Replaces the status only. Same rules as ``update(_:)``.
  func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind>

  /// As ``update(_:)``, for who has the object that the new one was computed from: a store that is far away need not be
  /// asked for it.
  func update<Kind: ResourceKind>(
    _ resource: Resource<Kind>, from old: Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind>

  /// As ``updateStatus(_:)``, for who has the object that the new one was computed from.
  func updateStatus<Kind: ResourceKind>(
    _ resource: Resource<Kind>, from old: Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind>

  /// Deletes the object, or marks it where finalizers remain. With `version`, only that state of it.
  /// - Returns: the object as it was last.
  func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String?
  ) async throws(StoreError) -> Resource<Kind>

  /// What happens to the kind's objects after `version` (a list's), or, with `nil`, everything there is as `.added` and
  /// then what happens.
  ///
  /// Bounded: a reader too slow for the changes, or one that asks for changes the store no longer remembers, gets
  /// ``WatchEvent/reset`` as its last event, and lists again. The stream also ends when the store closes.
  func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>>
}

extension ResourceStore {
  public func update<Kind: ResourceKind>(
    _ resource: Resource<Kind>, from old: Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind> {
    try await update(resource)
  }

  public func updateStatus<Kind: ResourceKind>(
    _ resource: Resource<Kind>, from old: Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind> {
    try await updateStatus(resource)
  }
}

/// One change of an object.
public enum WatchEvent<Kind: ResourceKind>: Hashable, Sendable {
  case added(Resource<Kind>)
  case modified(Resource<Kind>)
  /// The object as it was last, with the version of its deletion.
  case deleted(Resource<Kind>)
  /// Events were lost: list again, watch from there.
  case reset
}
