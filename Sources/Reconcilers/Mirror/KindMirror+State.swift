import BareMetal

extension KindMirror.State {
  var keys: Set<String> { pending.isEmpty ? Set(base.keys) : Set(base.keys).union(pending.keys) }

  /// The object as who reads here sees it.
  func view(_ key: String) -> Resource<Kind>? {
    guard var object = pending[key]?.ours ?? base[key] else { return nil }
    if hasOwnStatus { object.status = ownStatus[key] ?? Kind.Status() }
    return object
  }

  /// Whether the watch has told of that version of the object, or of what came after.
  func isTold(_ object: Resource<Kind>) -> Bool { object.number.map { $0 <= progress } ?? false }

  /// What the remote store has of the object is this, unless it is older than what is known.
  /// - Parameter isAnew: its versions are not those of before.
  mutating func put(_ object: Resource<Kind>, isAnew: Bool = false) -> [EventFeed<Kind>.Continuation] {
    let key = object.metadata.key
    if let known = base[key], !isAnew {
      if let version = object.number, let other = known.number {
        guard version > other else { return [] }
      } else if known == object {
        return []
      }
    }
    let before = view(key)
    var object = object
    // Of what changes, most stays: whoever remembers the version before holds the same.
    if let known = base[key], known.spec == object.spec { object.spec = known.spec }
    base[key] = object
    dirty.insert(key)
    rebase(key, on: object)
    return publish(key, before: before)
  }

  /// The remote store has the object no more.
  /// - Parameter version: of the deletion; `nil`: it is told by the watch.
  mutating func remove(_ key: String, version: String?) -> [EventFeed<Kind>.Continuation] {
    guard base[key] != nil else { return [] }
    let before = view(key)
    base[key] = nil
    ownStatus[key] = nil
    dirty.insert(key)
    rebase(key, on: nil)
    return publish(key, before: before, version: version)
  }

  /// What was written here, over what the remote store has now.
  mutating func rebase(_ key: String, on theirs: Resource<Kind>?) {
    guard let write = pending[key] else { return }
    dirtyPending.insert(key)
    switch WriteConflict.resolve(write, theirs: theirs) {
    case .create: break
    case .write(var merged):
      merged.metadata.resourceVersion = "\(theirs?.metadata.resourceVersion ?? "0")+\(write.ours.localNumber)"
      pending[key] = PendingWrite(number: write.number, base: theirs, ours: merged)
    case .settled: pending[key] = nil
    case .dropped(let reason):
      pending[key] = nil
      dropped.append((key, reason))
    }
  }

  mutating func publish(
    _ key: String, before: Resource<Kind>?, version: String? = nil
  ) -> [EventFeed<Kind>.Continuation] {
    let after = view(key)
    guard after != before else { return [] }
    switch (before, after) {
    case (nil, let object?): return feed.publish(.added(object))
    case (_, let object?): return feed.publish(.modified(object))
    case (var object?, nil):
      if let version { object.metadata.resourceVersion = version }
      return feed.publish(.deleted(object))
    case (nil, nil): return []
    }
  }

  /// What is to be written in one commit, a bounded part of it: of a first list everything is unsaved, and all of that as
  /// JSON would be the most memory that a daemon ever takes.
  mutating func takeUnsaved(limit: Int) -> SnapshotChanges<Kind> {
    var changes = SnapshotChanges<Kind>()
    // An object and what waits to be told of it belong together: those first, whatever their number.
    var keys = dirty.filter { dirtyPending.contains($0) }
    dirty.subtract(keys)
    while keys.count < limit, let key = dirty.popFirst() { keys.insert(key) }
    for key in keys.sorted() {
      if let object = base[key] { changes.stored.append(object) } else { changes.removed.append(key) }
    }
    for key in dirtyPending.sorted() {
      if let write = pending[key] { changes.pending.append(write) } else { changes.settled.append(key) }
    }
    for key in dirtyStatus { changes.ownStatus[key] = ownStatus[key] }
    dirtyPending = []
    dirtyStatus = []
    // Nothing is missing when the last of it is there.
    if dirty.isEmpty {
      changes.isComplete = isCompletionDirty
      isCompletionDirty = false
    }
    return changes
  }

  /// They could not be written.
  mutating func putBack(_ changes: SnapshotChanges<Kind>) {
    dirty.formUnion(changes.stored.map(\.metadata.key) + changes.removed)
    dirtyPending.formUnion(changes.pending.map(\.key) + changes.settled)
    dirtyStatus.formUnion(changes.ownStatus.keys)
    if changes.isComplete { isCompletionDirty = true }
  }
}

extension Resource {
  /// The version as a number, as of etcd and SQLite; `nil` of what was written here only.
  var number: Int64? { metadata.resourceVersion.flatMap { Int64($0) } }

  /// Of a version that was given here: `1234+5` is the fifth write here, to what was 1234 there.
  var localNumber: Int64 {
    metadata.resourceVersion.flatMap { $0.split(separator: "+").dropFirst().first }.flatMap { Int64($0) } ?? 0
  }

  /// Whether nothing keeps it any more.
  var isGone: Bool { metadata.deletionTimestamp != nil && metadata.finalizers?.isEmpty ?? true }

  /// This content, under the identity and version of `other`.
  func living(as other: Resource<Kind>) -> Resource<Kind> {
    var result = self
    result.metadata.uid = other.metadata.uid
    result.metadata.resourceVersion = other.metadata.resourceVersion
    return result
  }
}
