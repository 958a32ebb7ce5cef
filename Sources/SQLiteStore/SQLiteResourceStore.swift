public import BareMetal
import FoundationEssentials
import GRDB
public import Wire

/// Resources in one SQLite file: the store of a boot host that has no management cluster.
///
/// The file is the daemon's alone while it is open. Every write is synced to the disk before it returns. Versions are
/// numbers that count every change of any object; they go on over restarts and none is given twice.
public final class SQLiteResourceStore: ResourceStore {
  /// What the store holds at most.
  public struct Limits: Sendable {
    /// Objects of one kind: a flood of made-up machines must not fill the disk.
    public var objectsPerKind = 65_536
    /// JSON of one object; etcd's limit, so that what fits here fits a cluster.
    public var objectBytes = 1_500_000
    /// Changes remembered for a watch that begins in the past.
    public var changes: Int64 = 2048
    /// All of those together: they are whole objects.
    public var changeBytes = 32 << 20
    /// Watches open at one time.
    public var watchers = 256
    /// Changes a watch may lag behind before it is reset.
    public var bufferedEvents = 1024

    public init() {}
  }

  let file: DatabaseFile
  let limits: Limits
  let feed: ChangeFeed
  /// Changed on the database's queue only; `nil` until the first write.
  let changeLog = SharedChangeLog()
  /// Objects that were written or read lately.
  let written = WrittenObjects()
  private let now: @Sendable () -> Timestamp

  /// - Parameters:
  ///   - path: The database file, `/var/lib/siderite/resources.sqlite`; made where missing.
  ///   - now: the wall clock, for creation and deletion times.
  /// - Throws: ``StoreError/unavailable(message:)``, with what to do about it.
  public init(
    path: String, limits: Limits = Limits(), now: @escaping @Sendable () -> Timestamp
  ) throws(StoreError) {
    file = try DatabaseFile(path: path, migrator: Self.migrator)
    feed = ChangeFeed(maximumWatchers: limits.watchers, bufferedEvents: limits.bufferedEvents)
    self.limits = limits
    self.now = now
  }

  /// Ends all watches and the use of the file; whatever is asked later fails as unavailable.
  public func close() {
    feed.close()
    file.close()
  }

  public func get<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String
  ) async throws(StoreError) -> Resource<Kind>? {
    if file.isOpen, let known = written.resource(kind, name) { return known }
    let document = try await file.read { database in try self.document(kind, name, in: database) }
    guard let document else { return nil }
    let resource = try document.resource(kind, path: file.path)
    // Reading it took a while, off the queue: others may have written meanwhile.
    try await file.read { database in if try self.isCurrent(resource, in: database) { self.written.keep(resource) } }
    return resource
  }

  public func keys<Kind: ResourceKind>(
    _ kind: Kind.Type
  ) async throws(StoreError) -> (keys: [String], resourceVersion: String) {
    try await file.read { database in
      let keys = try String.fetchAll(
        database, sql: "SELECT name FROM resources WHERE kind = ? ORDER BY name", arguments: [Kind.kind])
      return (keys, String(try self.latestVersion(in: database)))
    }
  }

  public func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    let name = resource.metadata.key
    try ResourceName.check(resource.metadata, of: Kind.self)
    guard resource.metadata.resourceVersion == nil else {
      throw .invalid(kind: Kind.kind, name: name, message: "resourceVersion may not be set at creation")
    }
    var new = resource
    new.metadata.uid = UUID().uuidString.lowercased()
    new.metadata.generation = 1
    new.metadata.creationTimestamp = now()
    new.metadata.deletionTimestamp = nil
    let created = try normalized(new).resource
    return try await file.write { database in
      guard try self.document(Kind.self, name, in: database) == nil else {
        throw StoreError.alreadyExists(kind: Kind.kind, name: name)
      }
      guard try self.count(Kind.self, in: database) < self.limits.objectsPerKind else {
        throw StoreError.unavailable(
          message: "it holds \(self.limits.objectsPerKind) \(Kind.plural), which is the most there may be")
      }
      return try self.record(.added, created, in: database)
    }
  }

  public func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    let given = try normalized(resource)
    return try await change(given) { [given = given.resource] stored throws(StoreError) in
      var new = stored
      new.metadata.labels = given.metadata.labels
      new.metadata.annotations = given.metadata.annotations
      new.metadata.finalizers = given.metadata.finalizers
      new.metadata.ownerReferences = given.metadata.ownerReferences
      if new.spec != given.spec {
        new.spec = given.spec
        new.metadata.generation = (stored.metadata.generation ?? 0) + 1
      }
      if stored.metadata.deletionTimestamp != nil {
        let remaining = Set(stored.metadata.finalizers ?? [])
        guard remaining.isSuperset(of: given.metadata.finalizers ?? []) else {
          throw .invalid(
            kind: Kind.kind, name: stored.metadata.key, message: "no finalizer can be added while it is deleted")
        }
      }
      return new
    }
  }

  public func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    let given = try normalizedStatus(resource)
    return try await file.write { database in try self.replaceStatus(given, in: database) }
  }

  private func replaceStatus<Kind: ResourceKind>(
    _ given: (resource: Resource<Kind>, json: String), in database: Database
  ) throws -> Resource<Kind> {
    try replace(given, in: database) { stored in
      var new = stored
      new.status = given.resource.status
      return new
    }
  }

  private func normalizedStatus<Kind: ResourceKind>(
    ofOne resource: Resource<Kind>
  ) -> Result<(resource: Resource<Kind>, json: String), StoreError> {
    do throws(StoreError) { return .success(try normalizedStatus(resource)) } catch { return .failure(error) }
  }

  /// What became of one object of several: where the file failed, nothing becomes of any.
  private func result<Value>(_ body: () throws -> Value) throws -> Result<Value, StoreError> {
    do { return .success(try body()) } catch let error as StoreError { return .failure(error) }
  }

  public func updateStatuses<Kind: ResourceKind>(
    _ resources: [Resource<Kind>]
  ) async -> [Result<Resource<Kind>, StoreError>] {
    let given = await inParallel(resources) { self.normalizedStatus(ofOne: $0) }
    do throws(StoreError) {
      // One commit: a change of one Server is one of many classes, and each commit waits for the disk.
      return try await file.write { database in
        try given.map { one in try self.result { try self.replaceStatus(try one.get(), in: database) } }
      }
    } catch {
      return resources.map { _ in .failure(error) }
    }
  }

  public func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String?
  ) async throws(StoreError) -> Resource<Kind> {
    let now = now()
    return try await file.write { database in
      var stored = try self.existing(kind, name, in: database)
      guard version == nil || version == stored.metadata.resourceVersion else {
        throw StoreError.conflict(kind: Kind.kind, name: name)
      }
      guard stored.metadata.finalizers != nil else { return try self.record(.deleted, stored, in: database) }
      guard stored.metadata.deletionTimestamp == nil else { return stored }
      stored.metadata.deletionTimestamp = Timestamp(seconds: now.seconds)
      return try self.record(.modified, stored, in: database)
    }
  }

  public func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    // On the database's queue, so that no commit falls between what is read and what is published.
    try await file.read { database in
      guard let version else {
        let documents = try self.documents(kind, in: database)
        return try self.feed.watch(from: documents.map { .added(try $0.resource(kind, path: self.file.path)) })
      }
      guard let version = Int64(version), try self.remembers(version, in: database) else {
        return AsyncStream { continuation in
          continuation.yield(.reset)
          continuation.finish()
        }
      }
      return try self.feed.watch(from: try self.changes(of: kind, after: version, in: database))
    }
  }

  /// Replaces the stored object by what `edit` makes of it, if `given` was computed from it.
  private func change<Kind: ResourceKind>(
    _ normalized: (resource: Resource<Kind>, json: String),
    _ edit: @Sendable (Resource<Kind>) throws(StoreError) -> Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind> {
    try await file.write { database in try self.replace(normalized, in: database, by: edit) }
  }

  private func replace<Kind: ResourceKind>(
    _ normalized: (resource: Resource<Kind>, json: String), in database: Database,
    by edit: (Resource<Kind>) throws(StoreError) -> Resource<Kind>
  ) throws -> Resource<Kind> {
    let (given, json) = normalized
    let name = given.metadata.key
    let stored = try existing(Kind.self, name, in: database)
    guard given.metadata.resourceVersion == stored.metadata.resourceVersion,
      given.metadata.uid == nil || given.metadata.uid == stored.metadata.uid
    else { throw StoreError.conflict(kind: Kind.kind, name: name) }
    let new = try edit(stored)
    guard new != stored else { return stored }
    let isGone = new.metadata.deletionTimestamp != nil && new.metadata.finalizers == nil
    return try record(isGone ? .deleted : .modified, new, json: new == given ? json : nil, in: database)
  }

  /// As ``normalized(_:)``, without reading back what was read before and a status that need not be: a class's, with the
  /// names of thousands.
  private func normalizedStatus<Kind: ResourceKind>(
    _ resource: Resource<Kind>
  ) throws(StoreError) -> (resource: Resource<Kind>, json: String) {
    guard resource.status.isExactInJSON, let known = written.resource(Kind.self, resource.metadata.key),
      known.metadata == resource.metadata, known.spec == resource.spec
    else { return try normalized(resource) }
    return (resource, try ResourceDocument.json(resource, maximumBytes: limits.objectBytes))
  }

  /// The object as it reads back from JSON, empty lists and maps as absent: so that comparing it with the stored one
  /// says whether a write would change anything.
  private func normalized<Kind: ResourceKind>(
    _ resource: Resource<Kind>
  ) throws(StoreError) -> (resource: Resource<Kind>, json: String) {
    var resource = resource
    if resource.metadata.labels?.isEmpty == true { resource.metadata.labels = nil }
    if resource.metadata.annotations?.isEmpty == true { resource.metadata.annotations = nil }
    if resource.metadata.finalizers?.isEmpty == true { resource.metadata.finalizers = nil }
    if resource.metadata.ownerReferences?.isEmpty == true { resource.metadata.ownerReferences = nil }
    let json = try ResourceDocument.json(resource, maximumBytes: limits.objectBytes)
    do {
      var normalized = try JSONDecoder().decode(Resource<Kind>.self, from: Data(json.utf8))
      normalized.metadata.resourceVersion = resource.metadata.resourceVersion
      return (normalized, json)
    } catch {
      throw .invalid(
        kind: Kind.kind, name: resource.metadata.key, message: "it does not read back from JSON: \(error)")
    }
  }
}
