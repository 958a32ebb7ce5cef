import BareMetal
import Synchronization

/// A store whose watches are over as soon as they begin.
final class EndingWatches: ResourceStore {
  private let store: RackStore
  private let listed = Mutex(0)

  init(_ store: RackStore) { self.store = store }

  var lists: Int { listed.withLock { $0 } }

  func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind> {
    listed.withLock { $0 += 1 }
    return try await store.list(kind)
  }

  func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    AsyncStream { continuation in
      continuation.yield(.reset)
      continuation.finish()
    }
  }

  func get<Kind: ResourceKind>(_ kind: Kind.Type, named name: String) async throws(StoreError) -> Resource<Kind>? {
    try await store.get(kind, named: name)
  }

  func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await store.create(resource)
  }

  func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await store.update(resource)
  }

  func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await store.updateStatus(resource)
  }

  func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String?
  ) async throws(StoreError) -> Resource<Kind> {
    try await store.delete(kind, named: name, version: version)
  }
}
