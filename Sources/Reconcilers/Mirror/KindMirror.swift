import BareMetal
import Synchronization

/// The local view of one kind: what the remote store has, with what was written here and it has not seen.
///
/// Fed by a list and a watch of the remote store and by the answers to writes, in whatever order these come: versions are
/// numbers that grow, as of etcd and SQLite, and an object never goes back to an older one.
final class KindMirror<Kind: ResourceKind>: Sendable {
  struct State {
    /// Whether every boot host has a status of its own: what an Environment's files are on its disk.
    let hasOwnStatus: Bool
    /// As the remote store has them.
    var base: [String: Resource<Kind>] = [:]
    var pending: [String: PendingWrite<Kind>] = [:]
    /// What is true on this host only, for kinds of which every host has its own.
    var ownStatus: [String: Kind.Status] = [:]
    /// Objects that we know to be gone, and the watch does not: their last versions.
    var gone: [String: Int64] = [:]
    /// The version up to which the watch has told everything.
    var progress: Int64 = -1
    /// Every object was once there.
    var isComplete = false
    /// The watch is open, and its list was read.
    var isFollowing = false
    var feed = EventFeed<Kind>()
    // What is not on the disk yet.
    var dirty: Set<String> = []
    var dirtyPending: Set<String> = []
    var dirtyStatus: Set<String> = []
    var isCompletionDirty = false
    /// Writes that will not be told to the remote store, and why; to be reported.
    var dropped: [(key: String, reason: String)] = []
  }

  let state: Mutex<State>
  let snapshot: any SnapshotStore
  let hasOwnStatus: Bool
  /// Whether the remote store need not have the kind.
  let isOptional: Bool
  /// Called for each write that will not be told to the remote store, with the object's key and why.
  private let onDrop: @Sendable (String, String) -> Void
  /// Set when there is something to be written to the disk.
  let unsaved = WakeSignal()
  private let saving = Turns()
  /// Objects written in one commit: of Servers, 2 MB as JSON.
  private static var savedAtOnce: Int { 256 }

  init(
    _ kind: Kind.Type, snapshot: any SnapshotStore, hasOwnStatus: Bool, isOptional: Bool,
    onDrop: @escaping @Sendable (String, String) -> Void
  ) {
    state = Mutex(State(hasOwnStatus: hasOwnStatus))
    self.snapshot = snapshot
    self.hasOwnStatus = hasOwnStatus
    self.isOptional = isOptional
    self.onDrop = onDrop
  }

  // MARK: Reading

  func object(_ key: String) -> Resource<Kind>? { state.withLock { $0.view(key) } }

  func list() -> ResourceList<Kind> {
    let (items, version) = state.withLock { state in
      (state.keys.compactMap { state.view($0) }, state.feed.version)
    }
    return ResourceList(items: items.sorted { $0.metadata.key < $1.metadata.key }, resourceVersion: version)
  }

  func watch(after version: String?) throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    // Read and registered at once, so that no event falls in between.
    let stream: AsyncStream<WatchEvent<Kind>>? = state.withLock { state in
      let backlog: [WatchEvent<Kind>]
      if let version {
        guard let events = state.feed.events(after: version) else { return .reset() }
        backlog = events
      } else {
        backlog = state.keys.sorted().compactMap { state.view($0) }.map { .added($0) }
      }
      // One place more than events are let in, for the last one: .reset.
      let (stream, continuation) = AsyncStream<WatchEvent<Kind>>.makeStream(
        bufferingPolicy: .bufferingOldest(backlog.count + EventFeed<Kind>.buffered + 1))
      for event in backlog { continuation.yield(event) }
      if !state.feed.add(continuation) {
        guard state.feed.isClosed else { return nil }
        continuation.finish()
      }
      return stream
    }
    guard let stream else {
      throw .unavailable(
        message: "\(EventFeed<Kind>.maximumWatchers) watches are open, which is the most there may be")
    }
    return stream
  }

  func close() { end(state.withLock { $0.feed.close() }) }

  // MARK: What the remote store says

  /// The answer to a write: an object as it is now.
  func took(_ object: Resource<Kind>) {
    change { state in state.isTold(object) ? [] : state.put(object) }
  }

  /// The answer to a deletion, or to an update that ended one. The watch tells it with its version; if it does not do so in
  /// that time, the object is gone all the same.
  func tookLast(_ object: Resource<Kind>, waiting limit: Duration) async {
    if let events = try? watch(after: state.withLock { $0.feed.version }) {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { try? await Task.sleep(for: limit) }
        group.addTask {
          for await _ in events where !self.has(object) { return }
        }
        if has(object) { await group.next() }
        group.cancelAll()
      }
    }
    change { state in
      let key = object.metadata.key
      guard let known = state.base[key], known.metadata.uid == object.metadata.uid else { return [] }
      state.gone[key] = max(known.number ?? 0, object.number ?? 0)
      return state.remove(key, version: nil)
    }
  }

  private func has(_ object: Resource<Kind>) -> Bool {
    state.withLock { $0.base[object.metadata.key].map { $0.metadata.uid == object.metadata.uid } ?? false }
  }

  func apply(_ event: WatchEvent<Kind>) {
    change { state in
      switch event {
      case .added(let object), .modified(let object):
        guard let version = object.number else { return state.put(object) }
        state.progress = max(state.progress, version)
        if let gone = state.gone[object.metadata.key] {
          guard version > gone else { return [] }
          state.gone[object.metadata.key] = nil
        }
        return state.put(object)
      case .deleted(let object):
        let key = object.metadata.key
        state.progress = max(state.progress, object.number ?? -1)
        state.gone[key] = nil
        guard let known = state.base[key], (known.number ?? 0) <= object.number ?? .max else { return [] }
        return state.remove(key, version: object.metadata.resourceVersion)
      case .reset: return []
      }
    }
  }

  /// The latest version that was seen.
  var latest: Int64 { state.withLock { max($0.progress, $0.base.values.compactMap(\.number).max() ?? -1) } }

  /// Everything there is, as of the list's version.
  /// - Parameter latest: ``latest`` before it was asked for. A list that is older is of a store that begins anew: one that
  ///   was restored from a backup.
  func replace(by list: ResourceList<Kind>, latest: Int64) {
    change { state in
      let version = Int64(list.resourceVersion) ?? list.items.compactMap(\.number).max() ?? 0
      let isAnew = version < latest
      if isAnew {
        state.gone = [:]
        state.progress = version
      }
      var late: [EventFeed<Kind>.Continuation] = []
      // What is there and cannot be read is as it was.
      var present = Set(list.unreadable)
      for object in list.items {
        let key = object.metadata.key
        present.insert(key)
        if let gone = state.gone[key], object.number ?? 0 <= gone { continue }
        late += state.put(object, isAnew: isAnew)
      }
      for (key, object) in state.base where !present.contains(key) && (isAnew || object.number ?? 0 <= version) {
        late += state.remove(key, version: list.resourceVersion)
      }
      // New ones that were written here meanwhile and are in no list yet stay.
      state.gone = state.gone.filter { $0.value > version }
      state.progress = max(state.progress, version)
      state.isFollowing = true
      if !state.isComplete {
        state.isComplete = true
        state.isCompletionDirty = true
      }
      return late
    }
  }

  /// The remote store has no such kind, and so no object of it; it may have one day.
  func isUnserved() {
    replace(by: ResourceList(items: [], resourceVersion: "0"), latest: .max)
  }

  func stoppedFollowing() { state.withLock { $0.isFollowing = false } }

  // MARK: What is written here

  /// Replaces the view of the object by a write that the remote store has not seen.
  /// - Parameter edit: from the view to what is to be, or why that may not be.
  /// - Returns: the view, on disk.
  func enqueue(
    _ key: String, number: Int64, limit: Int,
    _ edit: (Resource<Kind>?) throws(StoreError) -> Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind> {
    let (result, late) = try state.withLock { state throws(StoreError) in
      let old = state.view(key)
      var new = try edit(old)
      guard new != old else { return (new, [EventFeed<Kind>.Continuation]()) }
      guard state.pending[key] != nil || state.pending.count < limit else {
        throw .unavailable(message: "\(limit) writes wait for the cluster already, which is the most there may be")
      }
      let base = state.pending[key].map { $0.base } ?? state.base[key]
      new.metadata.resourceVersion = "\(base?.metadata.resourceVersion ?? "0")+\(number)"
      state.pending[key] = PendingWrite(number: state.pending[key]?.number ?? number, base: base, ours: new)
      state.dirtyPending.insert(key)
      return (new, state.feed.publish(old == nil ? .added(new) : .modified(new)))
    }
    end(late)
    try await save()
    return result
  }

  /// Keeps a status that is true on this host only.
  func setOwnStatus(_ status: Kind.Status, of key: String) async throws(StoreError) -> Resource<Kind> {
    let (result, late) = try state.withLock { state throws(StoreError) in
      guard let old = state.view(key) else { throw .notFound(kind: Kind.kind, name: key) }
      guard old.status != status else { return (old, [EventFeed<Kind>.Continuation]()) }
      state.ownStatus[key] = status
      state.dirtyStatus.insert(key)
      var new = old
      new.status = status
      return (new, state.feed.publish(.modified(new)))
    }
    end(late)
    try await save()
    return result
  }

  func pendingWrite(_ key: String) -> PendingWrite<Kind>? { state.withLock { $0.pending[key] } }

  /// The remote store has taken `replayed`, and has `stored` (`nil`: nothing) now. What was written here meanwhile stays
  /// to be told.
  func settle(_ replayed: PendingWrite<Kind>, stored: Resource<Kind>?) {
    change { state in
      guard let pending = state.pending[replayed.key] else { return [] }
      let view = state.view(replayed.key)
      state.dirtyPending.insert(replayed.key)
      state.dirty.insert(replayed.key)
      if let stored {
        if !state.isTold(stored) { state.base[replayed.key] = stored }
      } else if let known = state.base[replayed.key], known.metadata.uid == replayed.base?.metadata.uid {
        state.base[replayed.key] = nil
      }
      state.pending[replayed.key] = nil
      if pending.ours != replayed.ours, let base = state.base[replayed.key] {
        // Made from what was replayed, which is what the cluster has now.
        var newer = pending
        newer.base = replayed.ours.living(as: base)
        state.pending[replayed.key] = newer
        state.rebase(replayed.key, on: base)
      }
      return state.publish(replayed.key, before: view)
    }
  }

  /// The remote store will never take it: what it has counts. What was written here meanwhile stays to be told.
  func abandon(_ refused: PendingWrite<Kind>) {
    change { state in
      guard state.pending[refused.key]?.ours == refused.ours else { return [] }
      let view = state.view(refused.key)
      state.pending[refused.key] = nil
      state.dirtyPending.insert(refused.key)
      return state.publish(refused.key, before: view)
    }
  }

  // MARK: On disk

  /// Reads what was kept. Before anything else.
  func load() async throws(StoreError) -> Int64 {
    let kept = try await snapshot.snapshot(Kind.self)
    return state.withLock { state in
      for object in kept.objects { state.base[object.metadata.key] = object }
      for write in kept.pending { state.pending[write.key] = write }
      state.ownStatus = kept.ownStatus
      state.isComplete = kept.isComplete
      return kept.pending.map { max($0.number, $0.ours.localNumber) }.max() ?? 0
    }
  }

  /// Writes what is not on the disk yet, with whatever others wait for.
  func save() async throws(StoreError) {
    try await saving.with { () async throws(StoreError) in
      // What changes meanwhile is others' turn: no more rounds than there is to write now.
      let rounds = state.withLock { $0.dirty.count / Self.savedAtOnce + 1 }
      for _ in 0..<rounds {
        let changes = state.withLock { $0.takeUnsaved(limit: Self.savedAtOnce) }
        guard !changes.isEmpty else { return }
        do throws(StoreError) {
          try await snapshot.write(changes)
        } catch {
          state.withLock { $0.putBack(changes) }
          throw error
        }
      }
    }
  }

  // MARK: Events

  /// Changes the state, ends the watches that are too slow for what is published, and has it saved before long.
  private func change(_ body: (inout State) -> [EventFeed<Kind>.Continuation]) {
    let (late, dropped) = state.withLock { state in
      let late = body(&state)
      defer { state.dropped = [] }
      return (late, state.dropped)
    }
    end(late)
    for write in dropped { onDrop(write.key, write.reason) }
    unsaved.set()
  }

  private func end(_ watches: [EventFeed<Kind>.Continuation]) { for watch in watches { watch.finish() } }
}

extension AsyncStream {
  /// One that says that events were lost.
  fileprivate static func reset<Kind>() -> AsyncStream where Element == WatchEvent<Kind> {
    AsyncStream { continuation in
      continuation.yield(.reset)
      continuation.finish()
    }
  }
}
