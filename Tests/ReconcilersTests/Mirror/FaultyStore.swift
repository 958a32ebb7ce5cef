import BareMetal
import Synchronization

/// A management cluster for tests: a store behind a network that fails when it is told to.
final class FaultyStore: ResourceStore, SecretStore {
  /// How a call fails.
  enum Fault: CaseIterable {
    /// It does not get there.
    case lost
    /// It is done, and the answer does not come back.
    case unanswered
  }

  private struct State {
    var isDown = false
    /// Calls that still get through before the network fails; `nil`: all do.
    var callsLeft: Int?
    var fault = Fault.lost
    var calls = 0
    var writes = 0
    var watchers: [@Sendable () -> Void] = []
    var secrets: [SecretName: [String: Secret]] = [:]
    /// Keys of Servers that somebody edited into nonsense.
    var unreadable: Set<String> = []
    /// Writes are refused, as an API server does that asks a webhook first.
    var webhookFails = false
  }

  private let state = Mutex(State())
  let inner: any ResourceStore

  init(_ inner: any ResourceStore) { self.inner = inner }

  /// Calls that came here, answered or not.
  var calls: Int { state.withLock(\.calls) }

  func goDown() {
    let watchers = state.withLock { state in
      state.isDown = true
      defer { state.watchers = [] }
      return state.watchers
    }
    for end in watchers { end() }
  }

  func comeUp() {
    state.withLock { state in
      state.isDown = false
      state.callsLeft = nil
    }
  }

  /// The network fails after so many calls, the first of those that do not get through by that fault.
  func fail(afterCalls calls: Int, by fault: Fault) {
    state.withLock { state in
      state.callsLeft = calls
      state.fault = fault
    }
  }

  /// Whoever the cluster asks before it writes does not answer it, or does again.
  func setWebhookFails(_ fails: Bool) { state.withLock { $0.webhookFails = fails } }

  private func write<Value: Sendable>(
    _ call: () async throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    try await pass { () async throws(StoreError) in
      guard !state.withLock(\.webhookFails) else {
        throw .unavailable(message: "create servers: \(StoreError.failedWebhook) (failed calling webhook \"x\")")
      }
      return try await call()
    }
  }

  /// Somebody edits a Server into something that cannot be read, or puts it right.
  func setUnreadable(_ name: String, _ isUnreadable: Bool) {
    state.withLock { state in
      if isUnreadable { state.unreadable.insert(name) } else { state.unreadable.remove(name) }
    }
  }

  private func isUnreadable<Kind: ResourceKind>(_ kind: Kind.Type, _ name: String) -> Bool {
    Kind.kind == ServerKind.kind && state.withLock { $0.unreadable.contains(name) }
  }

  private static let unreachable = StoreError.unavailable(message: "connection refused")

  private func pass<Value: Sendable>(
    _ call: () async throws(StoreError) -> Value
  ) async throws(StoreError) -> Value {
    let (isDown, fault) = state.withLock { state -> (Bool, Fault?) in
      state.calls += 1
      if state.isDown { return (true, nil) }
      guard let left = state.callsLeft else { return (false, nil) }
      guard left == 0 else {
        state.callsLeft = left - 1
        return (false, nil)
      }
      return (false, state.fault)
    }
    if isDown { throw Self.unreachable }
    guard let fault else { return try await call() }
    goDown()
    if fault == .unanswered { _ = try? await call() }
    throw Self.unreachable
  }

  func get<Kind: ResourceKind>(_ kind: Kind.Type, named name: String) async throws(StoreError) -> Resource<Kind>? {
    try await pass { () async throws(StoreError) in
      if isUnreadable(kind, name) { throw .invalid(kind: Kind.kind, name: name, message: "it cannot be read") }
      return try await inner.get(kind, named: name)
    }
  }

  func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind> {
    try await pass { () async throws(StoreError) in
      var list = try await inner.list(kind)
      list.unreadable = list.items.map(\.metadata.key).filter { isUnreadable(kind, $0) }
      list.items.removeAll { isUnreadable(kind, $0.metadata.key) }
      return list
    }
  }

  func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await write { () async throws(StoreError) in try await inner.create(resource) }
  }

  func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await write { () async throws(StoreError) in try await inner.update(resource) }
  }

  func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await write { () async throws(StoreError) in try await inner.updateStatus(resource) }
  }

  func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String?
  ) async throws(StoreError) -> Resource<Kind> {
    try await pass { () async throws(StoreError) in try await inner.delete(kind, named: name, version: version) }
  }

  func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    let events = try await pass { () async throws(StoreError) in try await inner.watch(kind, after: version) }
    let (stream, continuation) = AsyncStream<WatchEvent<Kind>>.makeStream()
    let pump = Task {
      for await event in events { continuation.yield(event) }
      continuation.finish()
    }
    continuation.onTermination = { _ in pump.cancel() }
    let isDown = state.withLock { state in
      state.watchers.append {
        continuation.yield(.reset)
        continuation.finish()
      }
      return state.isDown
    }
    if isDown { goDown() }
    return stream
  }

  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    try await pass { () async throws(StoreError) in state.withLock { $0.secrets[name] } }
  }

  func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    try await pass { () async throws(StoreError) in state.withLock { $0.secrets[name] = values } }
  }

  /// What the cluster has, network or not.
  func kept(_ name: SecretName) -> [String: Secret]? { state.withLock { $0.secrets[name] } }
}
