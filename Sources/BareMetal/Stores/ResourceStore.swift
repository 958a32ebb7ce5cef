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

  /// The same, as it was at `version` or later, for who then watches: a store that is far away may have that at hand.
  func list<Kind: ResourceKind>(
    _ kind: Kind.Type, notOlderThan version: String
  ) async throws(StoreError) -> ResourceList<Kind>

  /// The keys of every object of the kind, and where a watch that follows them begins: what ``list(_:)`` would say of
  /// them, for those who read no more. A store that need not read the objects for it does not.
  func keys<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> (keys: [String], resourceVersion: String)

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

  /// As ``updateStatus(_:)`` for each of them, in any order: what becomes of one says nothing of another, unless the store
  /// itself fails. A store that can do so writes all at once.
  /// - Returns: what became of each, in the order given.
  func updateStatuses<Kind: ResourceKind>(
    _ resources: [Resource<Kind>]
  ) async -> [Result<Resource<Kind>, StoreError>]

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
  public func list<Kind: ResourceKind>(
    _ kind: Kind.Type, notOlderThan version: String
  ) async throws(StoreError) -> ResourceList<Kind> {
    try await list(kind)
  }

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

  public func keys<Kind: ResourceKind>(
    _ kind: Kind.Type
  ) async throws(StoreError) -> (keys: [String], resourceVersion: String) {
    let list = try await list(kind)
    // What cannot be read is there all the same.
    return ((list.items.map(\.metadata.key) + list.unreadable).sorted(), list.resourceVersion)
  }

  /// Several at a time: most of it is waiting for the store.
  public func updateStatuses<Kind: ResourceKind>(
    _ resources: [Resource<Kind>]
  ) async -> [Result<Resource<Kind>, StoreError>] {
    await withTaskGroup(of: (Int, Result<Resource<Kind>, StoreError>).self) { group in
      var results: [Int: Result<Resource<Kind>, StoreError>] = [:]
      for (index, resource) in resources.enumerated() {
        if index >= statusesAtOnce, let (index, result) = await group.next() { results[index] = result }
        group.addTask {
          do throws(StoreError) {
            return (index, .success(try await updateStatus(resource)))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      for await (index, result) in group { results[index] = result }
      return resources.indices.compactMap { results[$0] }
    }
  }
}

/// Writes that ``ResourceStore/updateStatuses(_:)`` has under way where a store takes one at a time.
private let statusesAtOnce = 4

/// One change of an object.
public enum WatchEvent<Kind: ResourceKind>: Hashable, Sendable {
  case added(Resource<Kind>)
  case modified(Resource<Kind>)
  /// The object as it was last, with the version of its deletion.
  case deleted(Resource<Kind>)
  /// Events were lost: list again, watch from there.
  case reset
}
