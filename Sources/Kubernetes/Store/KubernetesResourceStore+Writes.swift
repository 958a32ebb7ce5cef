public import BareMetal
import FoundationEssentials
import Synchronization

extension KubernetesResourceStore {
  /// Attempts at what somebody else may undo in between.
  private static let attempts = 8

  /// Creates the object, then writes its status: two requests where it has one, for the API server ignores the status of
  /// a new object.
  ///
  /// Where the second fails for good, the object is there with an empty status, and the creation fails as
  /// ``StoreError/unavailable(message:)``. Creating the same again then finishes it; from another process it fails as
  /// ``StoreError/alreadyExists(kind:name:)``, and the object can be read and updated like any other.
  ///
  /// Where the answer to the first is lost, the object is looked for: it is ours if it says what we wrote and has not
  /// been changed since.
  public func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    let name = resource.metadata.key
    try ResourceName.check(resource.metadata, of: Kind.self)
    guard resource.metadata.resourceVersion == nil else {
      throw .invalid(kind: Kind.kind, name: name, message: "resourceVersion may not be set at creation")
    }
    let document = try document(of: resource)
    let created: Resource<Kind>
    do throws(KubernetesError) {
      created = try await post(document, resource)
    } catch {
      // What is missing where something is made is its namespace.
      if error.reason == .notFound { throw .unavailable(message: "\(error.message): is its namespace there?") }
      throw error.asStoreError(kind: Kind.kind, name: name)
    }
    known.keep(created)
    var wanted = created
    wanted.status = resource.status
    guard ResourceChange.status.patch(from: created, to: wanted) != nil else {
      finished(wanted)
      return created
    }
    return try await finish(wanted)
  }

  public func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await change(.object, to: resource, from: nil)
  }

  public func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    try await change(.status, to: resource, from: nil)
  }

  /// As ``update(_:)``, for who has the object that the new one was computed from: then one request does in any case.
  public func update<Kind: ResourceKind>(
    _ resource: Resource<Kind>, from old: Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind> {
    try await change(.object, to: resource, from: old)
  }

  /// As ``updateStatus(_:)``, for who has the object that the new one was computed from: then one request does in any
  /// case.
  public func updateStatus<Kind: ResourceKind>(
    _ resource: Resource<Kind>, from old: Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind> {
    try await change(.status, to: resource, from: old)
  }

  public func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String?
  ) async throws(StoreError) -> Resource<Kind> {
    var isSecondAttempt = false
    var last: Resource<Kind>?
    var remembered = version.flatMap { known.object(kind, name, version: $0) }
    for _ in 0..<Self.attempts {
      var found = remembered
      remembered = nil
      if found == nil { found = try await get(kind, named: name) }
      guard let path = ResourcePath(kind, named: name), let stored = found else {
        // A deletion of ours whose answer was lost.
        if isSecondAttempt, let last { return last }
        throw .notFound(kind: Kind.kind, name: name)
      }
      // So is one that marked the object.
      if isSecondAttempt, last?.metadata.uid == stored.metadata.uid, stored.metadata.deletionTimestamp != nil {
        return stored
      }
      if let version, stored.metadata.resourceVersion != version {
        throw .conflict(kind: Kind.kind, name: name)
      }
      if let last, last.metadata.uid != stored.metadata.uid { return last }
      do throws(KubernetesError) {
        let answer = try await client.delete(
          path, if: KubernetesPreconditions(uid: stored.metadata.uid, resourceVersion: stored.metadata.resourceVersion))
        known.forget(kind, name)
        return marked(answer) ?? stored
      } catch {
        switch error.reason {
        // Somebody was faster, or an earlier attempt of this one was.
        case .notFound where error.mayHaveBeenDone: return stored
        case .conflict where version == nil || error.mayHaveBeenDone: break
        default: throw error.asStoreError(kind: Kind.kind, name: name)
        }
        isSecondAttempt = error.mayHaveBeenDone
        last = error.mayHaveBeenDone ? stored : nil
      }
    }
    throw .conflict(kind: Kind.kind, name: name)
  }

  /// The object that finalizers keep, if the answer to a deletion is one.
  private func marked<Kind: ResourceKind>(_ answer: JSONValue) -> Resource<Kind>? {
    guard answer.fields["kind"]?.text == Kind.kind else { return nil }
    return try? JSONDecoder().decode(Resource<Kind>.self, from: Data(answer.jsonText.utf8))
  }

  /// What is sent of a new object: the server says uid, version, generation and times.
  private func document<Kind: ResourceKind>(of resource: Resource<Kind>) throws(StoreError) -> JSONValue {
    var new = resource
    new.metadata.uid = nil
    new.metadata.generation = nil
    new.metadata.creationTimestamp = nil
    new.metadata.deletionTimestamp = nil
    var fields = JSONValue(encoding: new).fields
    fields["status"] = nil
    return try checked(.object(fields), resource)
  }

  private func checked<Kind: ResourceKind>(
    _ document: JSONValue, _ resource: Resource<Kind>
  ) throws(StoreError) -> JSONValue {
    guard let path = document.pathOfHugeNumber() else { return document }
    throw .invalid(
      kind: Kind.kind, name: resource.metadata.key, message: "\(path): the number is larger than a cluster can hold")
  }

  /// The creation, as often as it takes to know how it ended.
  private func post<Kind: ResourceKind>(
    _ document: JSONValue, _ resource: Resource<Kind>
  ) async throws(KubernetesError) -> Resource<Kind> {
    let name = resource.metadata.key
    let key = Self.key(resource)
    // Its uid, or nothing where it is not even known whether it is there.
    let earlier = unfinished.withLock { $0[key] }
    var mayBeThere = earlier == ""
    var attempt = 0
    while true {
      attempt += 1
      do throws(KubernetesError) {
        return try await client.create(
          document, in: ResourcePath(Kind.self, namespace: resource.metadata.namespace), as: Resource<Kind>.self)
      } catch {
        mayBeThere = mayBeThere || error.mayHaveBeenDone
        let isEarlier = error.reason == .alreadyExists && earlier != nil
        guard mayBeThere || isEarlier, attempt < Self.attempts, !Task.isCancelled,
          let path = ResourcePath(Kind.self, named: name)
        else {
          if mayBeThere { remember(key, "") }
          throw error
        }
        let stored: Resource<Kind>?
        do throws(KubernetesError) {
          stored = try await client.get(path, as: Resource<Kind>.self)
        } catch {
          remember(key, "")
          throw error
        }
        guard let stored else {
          // It was not done; and the server answers, which it may not have before.
          if error.reason == .alreadyExists || error.mayHaveBeenDone { continue }
          throw error
        }
        if stored.metadata.uid == earlier || (mayBeThere && isUntouched(stored, asWritten: resource)) {
          return stored
        }
        throw KubernetesError(.alreadyExists, "\(Kind.kind) \(name) exists already", status: 409)
      }
    }
  }

  private func remember(_ key: String, _ uid: String) {
    unfinished.withLock { unfinished in
      if unfinished.count >= KnownObjects.capacity, let other = unfinished.keys.first { unfinished[other] = nil }
      unfinished[key] = uid
    }
  }

  /// Whether a stored object is what a creation of that one makes, defaults filled in, and nobody has changed it since.
  private func isUntouched<Kind: ResourceKind>(_ stored: Resource<Kind>, asWritten new: Resource<Kind>) -> Bool {
    stored.metadata.generation == 1 && stored.metadata.deletionTimestamp == nil && stored.status == Kind.Status()
      && ResourceChange.object.isContained(new, in: stored)
  }

  /// Writes the first status of an object that has just been created.
  private func finish<Kind: ResourceKind>(_ wanted: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    remember(Self.key(wanted), wanted.metadata.uid ?? "")
    var wanted = wanted
    for _ in 0..<Self.attempts {
      do throws(StoreError) {
        let created = try await change(.status, to: wanted, from: nil)
        finished(wanted)
        return created
      } catch {
        guard case .conflict = error else { throw error }
        // Somebody added a label or a finalizer at once; a status that is there already is newer than ours.
        guard let stored = try await get(Kind.self, named: wanted.metadata.key),
          stored.metadata.uid == wanted.metadata.uid
        else { throw .notFound(kind: Kind.kind, name: wanted.metadata.key) }
        guard stored.status == Kind.Status() else {
          finished(wanted)
          return stored
        }
        let status = wanted.status
        wanted = stored
        wanted.status = status
      }
    }
    throw .conflict(kind: Kind.kind, name: wanted.metadata.key)
  }

  private func finished<Kind: ResourceKind>(_ resource: Resource<Kind>) {
    unfinished.withLock { _ = $0.removeValue(forKey: Self.key(resource)) }
  }

  private static func key<Kind: ResourceKind>(_ resource: Resource<Kind>) -> String {
    "\(Kind.kind)/\(resource.metadata.key)"
  }

  private func change<Kind: ResourceKind>(
    _ change: ResourceChange, to given: Resource<Kind>, from old: Resource<Kind>?
  ) async throws(StoreError) -> Resource<Kind> {
    let name = given.metadata.key
    try ResourceName.checkWritable(Kind.self, named: name)
    guard let path = ResourcePath(Kind.self, named: name) else { throw .notFound(kind: Kind.kind, name: name) }
    var base = known.object(Kind.self, name, version: given.metadata.resourceVersion)
    if base == nil, let old, old.metadata.resourceVersion == given.metadata.resourceVersion { base = old }
    if base == nil { base = try await get(Kind.self, named: name) }
    guard let base else { throw .notFound(kind: Kind.kind, name: name) }
    guard let version = given.metadata.resourceVersion, version == base.metadata.resourceVersion,
      given.metadata.uid == nil || given.metadata.uid == base.metadata.uid
    else { throw .conflict(kind: Kind.kind, name: name) }
    guard let patch = change.patch(from: base, to: given) else { return base }
    let target = change == .status ? path.subresource("status") : path
    let document = try checked(patch, given)
    do throws(KubernetesError) {
      let written: Resource<Kind>
      if document.hasNullInList {
        written = try await replace(target, document, version: version)
      } else {
        written = try await client.patch(target, .merge(document.onlyIf(version: version)), as: Resource<Kind>.self)
      }
      known.keep(written)
      return written
    } catch {
      known.forget(Kind.self, name)
      // An attempt of ours may be what it lost against.
      if error.reason == .conflict, error.mayHaveBeenDone, let stored = try await get(Kind.self, named: name),
        stored.metadata.uid == base.metadata.uid, change.isDone(in: stored, wanted: given)
      {
        return stored
      }
      // With its last finalizer the object itself went.
      if error.reason == .notFound, error.mayHaveBeenDone, base.metadata.deletionTimestamp != nil { return given }
      throw error.asStoreError(kind: Kind.kind, name: name)
    }
  }

  /// As a merge patch, but with the lists as they are given: API servers drop a `null` within them, which a machine
  /// configuration's patch may have. Two requests; what is not modelled stays here too.
  private func replace<Kind: ResourceKind>(
    _ target: ResourcePath, _ changes: JSONValue, version: String
  ) async throws(KubernetesError) -> Resource<Kind> {
    guard let stored = try await client.get(target, as: JSONValue.self) else {
      throw KubernetesError(.notFound, "update \(target): it is gone", status: 404)
    }
    guard stored.fields["metadata"]?.fields["resourceVersion"]?.text == version else {
      throw KubernetesError(.conflict, "update \(target): it was changed meanwhile", status: 409)
    }
    return try await client.update(stored.merging(changes), at: target, as: Resource<Kind>.self)
  }
}
