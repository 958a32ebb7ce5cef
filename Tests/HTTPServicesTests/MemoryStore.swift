import BareMetal
import Synchronization
import Wire

/// A store in memory that fails as told.
final class MemoryStore: ResourceStore {
  enum Failure: Equatable {
    case unavailable
    /// The next `count` writes lose against somebody else's.
    case conflicts(count: Int)
  }

  private struct State {
    var objects: [String: any Sendable] = [:]
    var version = 0
    var writes = 0
    var failure: Failure?
  }

  private let state = Mutex(State())

  init(failure: Failure? = nil) { state.withLock { $0.failure = failure } }

  func fail(_ failure: Failure?) { state.withLock { $0.failure = failure } }
  /// How many writes were made, or tried.
  var writes: Int { state.withLock { $0.writes } }
  var count: Int { state.withLock { $0.objects.count } }

  func get<Kind: ResourceKind>(_ kind: Kind.Type, named name: String) async throws(StoreError) -> Resource<Kind>? {
    try read { $0.objects["\(Kind.kind)/\(name)"] as? Resource<Kind> }
  }

  func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind> {
    try read { state in
      ResourceList(
        items: state.objects.sorted { $0.key < $1.key }.compactMap { $0.value as? Resource<Kind> },
        resourceVersion: "\(state.version)")
    }
  }

  func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try write(resource) { stored throws(StoreError) in
      guard stored == nil else { throw .alreadyExists(kind: Kind.kind, name: resource.metadata.key) }
      return resource
    }
  }

  func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try write(resource) { stored throws(StoreError) in
      guard var new = stored else { throw .notFound(kind: Kind.kind, name: resource.metadata.key) }
      guard new.metadata.resourceVersion == resource.metadata.resourceVersion else {
        throw .conflict(kind: Kind.kind, name: resource.metadata.key)
      }
      (new.metadata, new.spec) = (resource.metadata, resource.spec)
      return new
    }
  }

  func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try write(resource) { stored throws(StoreError) in
      guard var new = stored else { throw .notFound(kind: Kind.kind, name: resource.metadata.key) }
      guard new.metadata.resourceVersion == resource.metadata.resourceVersion else {
        throw .conflict(kind: Kind.kind, name: resource.metadata.key)
      }
      new.status = resource.status
      return new
    }
  }

  func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String?
  ) async throws(StoreError) -> Resource<Kind> {
    try state.withLock { state throws(StoreError) in
      guard let stored = state.objects.removeValue(forKey: "\(Kind.kind)/\(name)") as? Resource<Kind> else {
        throw .notFound(kind: Kind.kind, name: name)
      }
      return stored
    }
  }

  func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    throw .unavailable(message: "not in this fake")
  }

  private func read<Value>(_ body: (State) -> Value) throws(StoreError) -> Value {
    try state.withLock { state throws(StoreError) in
      if state.failure == .unavailable { throw .unavailable(message: "disk I/O error at /var/lib/siderite/db") }
      return body(state)
    }
  }

  private func write<Kind: ResourceKind>(
    _ resource: Resource<Kind>, _ body: (Resource<Kind>?) throws(StoreError) -> Resource<Kind>
  ) throws(StoreError) -> Resource<Kind> {
    try state.withLock { state throws(StoreError) in
      state.writes += 1
      switch state.failure {
      case .unavailable: throw .unavailable(message: "disk I/O error at /var/lib/siderite/db")
      case .conflicts(let count) where count > 0:
        state.failure = .conflicts(count: count - 1)
        throw .conflict(kind: Kind.kind, name: resource.metadata.key)
      case .conflicts, nil: break
      }
      let key = "\(Kind.kind)/\(resource.metadata.key)"
      var new = try body(state.objects[key] as? Resource<Kind>)
      state.version += 1
      new.metadata.resourceVersion = "\(state.version)"
      state.objects[key] = new
      return new
    }
  }
}
