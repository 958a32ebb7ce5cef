import BareMetal
import Synchronization

/// A ``KindMirror`` of whatever kind.
protocol AnyKindMirror: Sendable {
  var kindName: String { get }
  var isComplete: Bool { get }
  var isFollowing: Bool { get }
  var objectCount: Int { get }
  /// The keys of writes that wait to be told, and their numbers.
  var waiting: [(number: Int64, key: String)] { get }

  func load() async throws(StoreError) -> Int64
  func follow(_ store: MirroredResourceStore) async
  func keepSaved(_ store: MirroredResourceStore) async
  /// - Returns: whether it waits no longer.
  func tell(_ key: String, _ store: MirroredResourceStore) async -> Bool
  func publish(_ store: MirroredResourceStore, _ published: PublishedStatus) async
  func close()
}

/// A way to make one of a kind that is known at run time only.
func makeMirror<Kind: ResourceKind>(
  _ kind: Kind.Type, snapshot: any SnapshotStore, hasOwnStatus: Bool, isOptional: Bool,
  onDrop: @escaping @Sendable (String, String) -> Void
) -> any AnyKindMirror {
  KindMirror(kind, snapshot: snapshot, hasOwnStatus: hasOwnStatus, isOptional: isOptional, onDrop: onDrop)
}

extension KindMirror: AnyKindMirror {
  var kindName: String { Kind.kind }
  var isComplete: Bool { state.withLock(\.isComplete) }
  var isFollowing: Bool { state.withLock(\.isFollowing) }
  var objectCount: Int { state.withLock(\.keys.count) }
  var waiting: [(number: Int64, key: String)] { state.withLock { $0.pending.map { ($0.value.number, $0.key) } } }

  func follow(_ store: MirroredResourceStore) async { await store.follow(self) }
  func keepSaved(_ store: MirroredResourceStore) async { await store.keepSaved(self) }
  func tell(_ key: String, _ store: MirroredResourceStore) async -> Bool { await store.tell(key, of: self) }
  func publish(_ store: MirroredResourceStore, _ published: PublishedStatus) async {
    if hasOwnStatus { await store.publish(self, published) }
  }
}
