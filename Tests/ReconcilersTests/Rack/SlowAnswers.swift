import BareMetal
import Synchronization

/// A store whose answer to the first write of a status comes late.
final class SlowAnswers: ResourceStore {
  private struct State {
    var action: (@Sendable () async -> Void)?
    var hasAnswered = false
  }

  private let store: RackStore
  private let state = Mutex(State())

  init(_ store: RackStore) { self.store = store }

  var hasAnswered: Bool { state.withLock(\.hasAnswered) }

  /// What happens between the write and its answer.
  func onStatus(_ action: @escaping @Sendable () async -> Void) { state.withLock { $0.action = action } }

  func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    let written = try await store.updateStatus(resource)
    let action = state.withLock { state in
      defer { state.action = nil }
      return state.action
    }
    if let action {
      await action()
      state.withLock { $0.hasAnswered = true }
    }
    return written
  }

  func get<Kind: ResourceKind>(_ kind: Kind.Type, named name: String) async throws(StoreError) -> Resource<Kind>? {
    try await store.get(kind, named: name)
  }

  func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind> {
    try await store.list(kind)
  }

  func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await store.create(resource)
  }

  func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await store.update(resource)
  }

  func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String?
  ) async throws(StoreError) -> Resource<Kind> {
    try await store.delete(kind, named: name, version: version)
  }

  func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    try await store.watch(kind, after: version)
  }
}
