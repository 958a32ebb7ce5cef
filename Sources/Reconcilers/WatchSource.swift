public import BareMetal

/// A kind whose changes a reconciler wants to see, and which of its keys each change is about.
public struct WatchSource: Sendable {
  /// `Server`
  let kind: String
  let list: @Sendable (any ResourceStore, KnownNames) async throws(StoreError) -> (keys: [String], version: String)
  let follow:
    @Sendable (any ResourceStore, String, KnownNames, @Sendable ([String]) -> Void) async throws(StoreError) -> Void

  /// Every object of the kind is itself what to reconcile: of a list only the keys are read.
  public init<Kind: ResourceKind>(_ kind: Kind.Type) {
    self.init(
      kind,
      list: { store, known throws(StoreError) in
        let (keys, version) = try await store.keys(kind)
        let gone = known.replace(with: Set(keys))
        return (gone.sorted() + keys, version)
      }, keys: { [$0.name] })
  }

  /// - Parameter keys: what to reconcile. Called for every object there is, for every change, and again after a gap or
  ///   at a resync; in order, never twice at once for one source of one controller, except by a resync.
  public init<Kind: ResourceKind>(
    _ kind: Kind.Type, keys: @escaping @Sendable (ObjectChange<Kind>) -> [String]
  ) {
    self.init(
      kind,
      list: { store, known throws(StoreError) in
        let list = try await store.list(kind)
        // What cannot be read is not gone.
        let gone = known.replace(with: Set(list.items.map(\.metadata.key) + list.unreadable))
        let changes = gone.sorted().map { ObjectChange<Kind>.gone($0) } + list.items.map { .present($0) }
        return (changes.flatMap(keys), list.resourceVersion)
      }, keys: keys)
  }

  private init<Kind: ResourceKind>(
    _ kind: Kind.Type,
    list:
      @escaping @Sendable (any ResourceStore, KnownNames) async throws(StoreError) -> (
        keys: [String], version: String
      ),
    keys: @escaping @Sendable (ObjectChange<Kind>) -> [String]
  ) {
    self.kind = Kind.kind
    self.list = list
    follow = { store, version, known, found throws(StoreError) in
      for await event in try await store.watch(kind, after: version) {
        switch event {
        case .added(let object), .modified(let object):
          known.insert(object.metadata.key)
          found(keys(.present(object)))
        case .deleted(let object):
          known.remove(object.metadata.key)
          found(keys(.gone(object.metadata.key)))
        case .reset: return
        }
      }
    }
  }
}

/// An object as it is now.
public enum ObjectChange<Kind: ResourceKind>: Sendable {
  /// New, changed, or simply there.
  case present(Resource<Kind>)
  case gone(String)

  /// The object's key.
  public var name: String {
    switch self {
    case .present(let object): object.metadata.key
    case .gone(let name): name
    }
  }
}
