import BareMetal
import Synchronization
import Wire

/// A store in memory with the semantics of ``ResourceStore``: versions, finalizers, watches.
final class RackStore: ResourceStore, SecretStore {
  fileprivate struct State {
    var objects: [String: any Sendable] = [:]
    var secrets: [SecretName: [String: Secret]] = [:]
    var version = 0
    var watchers: [any Sendable] = []
    var history: [(version: Int, event: any Sendable)] = []
    var faults = SeededGenerator(seed: 0)
    var conflictProbability = 0.0
    var secretsFail = false
  }

  private let state = Mutex(State())
  private let clock: RackClock

  init(clock: RackClock = RackClock()) { self.clock = clock }

  var version: Int { state.withLock(\.version) }
  var secretNames: [String] { state.withLock { $0.secrets.keys.map(\.name).sorted() } }

  /// That part of the updates loses against somebody else's.
  func loseRaces(_ probability: Double, seed: UInt64) {
    state.withLock {
      $0.conflictProbability = probability
      $0.faults = SeededGenerator(seed: seed)
    }
  }

  func failSecrets(_ fail: Bool) { state.withLock { $0.secretsFail = fail } }

  func get<Kind: ResourceKind>(_ kind: Kind.Type, named name: String) async throws(StoreError) -> Resource<Kind>? {
    state.withLock { $0.objects["\(Kind.kind)/\(name)"] as? Resource<Kind> }
  }

  func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind> {
    state.withLock { state in
      ResourceList(
        items: state.objects.sorted { $0.key < $1.key }.compactMap { $0.value as? Resource<Kind> },
        resourceVersion: "\(state.version)")
    }
  }

  func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try state.withLock { state throws(StoreError) in
      guard state.objects[Self.key(resource)] == nil else {
        throw .alreadyExists(kind: Kind.kind, name: resource.metadata.key)
      }
      var new = resource
      new.metadata.uid = "uid-\(state.version + 1)"
      new.metadata.creationTimestamp = clock.now
      return state.record(new) { .added($0) }
    }
  }

  func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try change(resource) { stored in
      stored.metadata.labels = resource.metadata.labels
      stored.metadata.annotations = resource.metadata.annotations
      stored.metadata.finalizers = resource.metadata.finalizers?.isEmpty == true ? nil : resource.metadata.finalizers
      stored.spec = resource.spec
    }
  }

  func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try change(resource) { $0.status = resource.status }
  }

  private func change<Kind: ResourceKind>(
    _ resource: Resource<Kind>, _ edit: (inout Resource<Kind>) -> Void
  ) throws(StoreError) -> Resource<Kind> {
    let name = resource.metadata.key
    return try state.withLock { state throws(StoreError) in
      guard let stored = state.objects[Self.key(resource)] as? Resource<Kind> else {
        throw .notFound(kind: Kind.kind, name: name)
      }
      let isLost = Double.random(in: 0..<1, using: &state.faults) < state.conflictProbability
      guard stored.metadata.resourceVersion == resource.metadata.resourceVersion, !isLost else {
        throw .conflict(kind: Kind.kind, name: name)
      }
      var new = stored
      edit(&new)
      guard new != stored else { return stored }
      if new.metadata.deletionTimestamp != nil, new.metadata.finalizers == nil { return state.remove(new) }
      return state.record(new) { .modified($0) }
    }
  }

  @discardableResult
  func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String? = nil
  ) async throws(StoreError) -> Resource<Kind> {
    try state.withLock { state throws(StoreError) in
      guard var stored = state.objects["\(Kind.kind)/\(name)"] as? Resource<Kind> else {
        throw .notFound(kind: Kind.kind, name: name)
      }
      guard version == nil || version == stored.metadata.resourceVersion else {
        throw .conflict(kind: Kind.kind, name: name)
      }
      guard stored.metadata.finalizers != nil else { return state.remove(stored) }
      guard stored.metadata.deletionTimestamp == nil else { return stored }
      stored.metadata.deletionTimestamp = clock.now
      return state.record(stored) { .modified($0) }
    }
  }

  func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    let (stream, continuation) = AsyncStream<WatchEvent<Kind>>.makeStream()
    state.withLock { state in
      let first = version.flatMap { Int($0) } ?? 0
      for (at, event) in state.history where at > first {
        if let event = event as? WatchEvent<Kind> { continuation.yield(event) }
      }
      state.watchers.append(continuation)
    }
    return stream
  }

  /// Returns when somebody watches.
  func untilWatched() async {
    while state.withLock({ $0.watchers.isEmpty }), !Task.isCancelled { await Task.yield() }
  }

  /// Tells every watcher of the kind to list again.
  func reset<Kind: ResourceKind>(_ kind: Kind.Type) {
    state.withLock { state in
      for case let watcher as AsyncStream<WatchEvent<Kind>>.Continuation in state.watchers {
        watcher.yield(.reset)
        watcher.finish()
      }
    }
  }

  /// An object goes, and nobody is told.
  func forgetSilently<Kind: ResourceKind>(_ kind: Kind.Type, _ name: String) {
    state.withLock { $0.objects["\(Kind.kind)/\(name)"] = nil }
  }

  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    try state.withLock { state throws(StoreError) in
      if state.secretsFail { throw .unavailable(message: "no Secrets today") }
      return state.secrets[name]
    }
  }

  func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    try state.withLock { state throws(StoreError) in
      if state.secretsFail { throw .unavailable(message: "no Secrets today") }
      state.secrets[name] = values
    }
  }

  private static func key<Kind: ResourceKind>(_ resource: Resource<Kind>) -> String {
    "\(Kind.kind)/\(resource.metadata.key)"
  }
}

extension RackStore.State {
  /// - Parameter event: what watchers get: the object with its new version, as of every store.
  fileprivate mutating func record<Kind: ResourceKind>(
    _ object: Resource<Kind>, _ event: (Resource<Kind>) -> WatchEvent<Kind>
  ) -> Resource<Kind> {
    version += 1
    var new = object
    new.metadata.resourceVersion = "\(version)"
    objects["\(Kind.kind)/\(new.metadata.key)"] = new
    tell(event(new))
    return new
  }

  fileprivate mutating func remove<Kind: ResourceKind>(_ object: Resource<Kind>) -> Resource<Kind> {
    version += 1
    objects["\(Kind.kind)/\(object.metadata.key)"] = nil
    tell(WatchEvent<Kind>.deleted(object))
    return object
  }

  private mutating func tell<Kind: ResourceKind>(_ event: WatchEvent<Kind>) {
    history.append((version, event))
    for case let watcher as AsyncStream<WatchEvent<Kind>>.Continuation in watchers { watcher.yield(event) }
  }
}

/// A store as the daemon sees it: as long as the daemon lives.
struct DaemonStore: ResourceStore, SecretStore {
  let store: RackStore
  let fuse: Fuse

  private func alive<Value>(isStep: Bool, _ body: () async throws(StoreError) -> Value) async throws(StoreError)
    -> Value
  {
    guard !fuse.isBlown else { throw .unavailable(message: "crashed") }
    let value = try await body()
    guard isStep else { return value }
    fuse.burn()
    guard !fuse.isBlown else { throw .unavailable(message: "crashed") }
    return value
  }

  func get<Kind: ResourceKind>(_ kind: Kind.Type, named name: String) async throws(StoreError) -> Resource<Kind>? {
    try await alive(isStep: false) { () async throws(StoreError) in try await store.get(kind, named: name) }
  }

  func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind> {
    try await alive(isStep: false) { () async throws(StoreError) in try await store.list(kind) }
  }

  func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await alive(isStep: true) { () async throws(StoreError) in try await store.create(resource) }
  }

  func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await alive(isStep: true) { () async throws(StoreError) in try await store.update(resource) }
  }

  func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await alive(isStep: true) { () async throws(StoreError) in try await store.updateStatus(resource) }
  }

  func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String?
  ) async throws(StoreError) -> Resource<Kind> {
    try await alive(isStep: true) { () async throws(StoreError) in
      try await store.delete(kind, named: name, version: version)
    }
  }

  func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    try await store.watch(kind, after: version)
  }

  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    try await alive(isStep: false) { () async throws(StoreError) in try await store.secret(name) }
  }

  func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    try await alive(isStep: true) { () async throws(StoreError) in try await store.setSecret(name, to: values) }
  }
}
