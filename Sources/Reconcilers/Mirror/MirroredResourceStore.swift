public import BareMetal
import CoreMetrics
public import Logging
public import ServiceLifecycle
import Synchronization
public import Wire

/// The management cluster's resources as this boot host knows them: what machines boot is decided from here, and goes on
/// being decided when the cluster cannot be reached, also across a restart.
///
/// Objects of the mirrored kinds are read from memory, which a list and a watch of the remote store keep true and a
/// ``SnapshotStore`` keeps on the disk. A write goes to the remote store at once, and what it answered is what is read
/// next. When it does not answer, what a boot host may say without it (``OfflineWrite``) is written to the disk, counts
/// here from then on, and is told to it when it answers again, in order, conflicts being resolved by ``WriteConflict``;
/// everything else fails as ``StoreError/unavailable(message:)``. An object that waits to be told has a version of its own,
/// `1234+5`: the fifth write here, over what is 1234 there.
///
/// Kinds that are not mirrored go to the remote store.
public final class MirroredResourceStore: ResourceStore, Service {
  /// Times and numbers.
  public struct Limits: Sendable {
    /// For one answer to a read or write; then it counts as out of reach.
    public var answer = Duration.seconds(5)
    /// For a list: five thousand Servers are 20 MB.
    public var list = Duration.seconds(60)
    /// Between two questions whether it answers.
    public var probe = Duration.seconds(30)
    /// Before it is asked again when it did not answer: once, then twice as long.
    public var backoff = Backoff(first: .milliseconds(250), longest: .seconds(10))
    /// Objects of a kind that may wait to be told: a flood of made-up machines must not fill the disk.
    public var pendingPerKind = 16_384
    /// How long the watch has to tell of a deletion before it counts without.
    public var deletion = Duration.seconds(2)
    /// Between a change and its being on the disk, for those that come with it.
    public var settling = Duration.milliseconds(200)
    /// Between two looks whether what is true here is to be told as what is true of all (``Configuration/publishes``), if
    /// nothing changes here.
    public var publishing = Duration.seconds(30)
    /// Between two looks whether the cluster has an optional kind by now.
    public var unserved = Duration.seconds(60)

    public init() {}
  }

  /// What is mirrored.
  public struct Configuration: Sendable {
    public var kinds: [any ResourceKind.Type]
    /// Kinds that the cluster need not have: Cluster API's. Where it has not, there is no object of them.
    public var optionalKinds: [any ResourceKind.Type] = []
    /// Kinds of whose objects every boot host has a status of its own, as of Environments: which files are on its disk.
    public var ownStatusKinds: [any ResourceKind.Type]
    /// Whether the own status of this boot host is shown in the cluster: the leader's is.
    public var publishes: @Sendable () -> Bool
    public var limits = Limits()

    public init(
      kinds: [any ResourceKind.Type], ownStatusKinds: [any ResourceKind.Type] = [],
      publishes: @escaping @Sendable () -> Bool = { false }
    ) {
      self.kinds = kinds
      self.ownStatusKinds = ownStatusKinds
      self.publishes = publishes
    }
  }

  let remote: any ResourceStore
  let configuration: Configuration
  let logger: Logger
  let now: @Sendable () -> Timestamp
  let link = MirrorLink()
  let counts = MirrorCounts()
  /// Set when there may be something to tell.
  let untold = WakeSignal()
  /// Set when a status of this boot host's own has changed.
  let unpublished = WakeSignal()
  /// Secrets that wait to be told, before everything else: a Server must not name one that is not there.
  let secrets: MirroredSecretStore?
  private let mirrors: [String: any AnyKindMirror]
  private let lastNumber = Mutex<Int64>(0)

  var limits: Limits { configuration.limits }

  /// Reads the snapshot; asks the remote store nothing.
  /// - Parameters:
  ///   - remote: the management cluster.
  ///   - secrets: whose queue is told with this one's.
  ///   - now: the wall clock.
  public init(
    of remote: any ResourceStore, snapshot: any SnapshotStore, configuration: Configuration,
    secrets: MirroredSecretStore? = nil, logger: Logger, now: @escaping @Sendable () -> Timestamp
  ) async throws(StoreError) {
    self.remote = remote
    self.configuration = configuration
    self.secrets = secrets
    self.logger = logger
    self.now = now
    let own = Set(configuration.ownStatusKinds.map { $0.kind })
    let optional = Set(configuration.optionalKinds.map { $0.kind })
    let counts = counts
    var mirrors: [String: any AnyKindMirror] = [:]
    for kind in configuration.kinds + configuration.optionalKinds {
      let name = kind.kind
      mirrors[name] = makeMirror(
        kind, snapshot: snapshot, hasOwnStatus: own.contains(name), isOptional: optional.contains(name)
      ) { key, reason in
        counts.dropped.increment()
        logger.warning(
          "What was noted while the cluster was out of reach is not told to it",
          metadata: ["kind": "\(name)", "name": "\(key)", "reason": "\(reason)"])
      }
    }
    self.mirrors = mirrors
    var last: Int64 = 0
    for mirror in mirrors.values { last = max(last, try await mirror.load()) }
    let number = last
    lastNumber.withLock { $0 = number }
    if let secrets { try await secrets.load(link: link, untold: untold) }
  }

  func mirror<Kind: ResourceKind>(_ kind: Kind.Type) -> KindMirror<Kind>? { mirrors[Kind.kind] as? KindMirror<Kind> }

  var all: [any AnyKindMirror] { Array(mirrors.values) }

  // MARK: Reading

  public func get<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String
  ) async throws(StoreError) -> Resource<Kind>? {
    guard let mirror = mirror(kind) else { return try await remote.get(kind, named: name) }
    return mirror.object(name)
  }

  /// As ``get(_:named:)`` of a mirrored kind, at once.
  public func known<Kind: ResourceKind>(_ kind: Kind.Type, named name: String) -> Resource<Kind>? {
    mirror(kind)?.object(name)
  }

  public func list<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> ResourceList<Kind> {
    guard let mirror = mirror(kind) else { return try await remote.list(kind) }
    return mirror.list()
  }

  public func watch<Kind: ResourceKind>(
    _ kind: Kind.Type, after version: String?
  ) async throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    guard let mirror = mirror(kind) else { return try await remote.watch(kind, after: version) }
    return try mirror.watch(after: version)
  }

  // MARK: Writing

  public func create<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    guard let mirror = mirror(Kind.self) else { return try await remote.create(resource) }
    let key = resource.metadata.key
    try ResourceName.check(resource.metadata, of: Kind.self)
    guard resource.metadata.resourceVersion == nil else {
      throw .invalid(kind: Kind.kind, name: key, message: "resourceVersion may not be set at creation")
    }
    if let created = try await told(key, to: mirror, { remote throws(StoreError) in try await remote.create(resource) })
    {
      return created
    }
    var new = resource
    new.metadata.uid = "local-" + WipeStatus.newID()
    new.metadata.generation = 1
    new.metadata.creationTimestamp = Timestamp(seconds: now().seconds)
    new.metadata.deletionTimestamp = nil
    let object = new
    return try await queued(key, in: mirror) { old throws(StoreError) in
      guard old == nil else { throw .alreadyExists(kind: Kind.kind, name: key) }
      if let obstacle = OfflineWrite.obstacle(toCreating: object) { throw self.unavailable(obstacle) }
      return object
    }
  }

  public func update<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    guard let mirror = mirror(Kind.self) else { return try await remote.update(resource) }
    let key = resource.metadata.key
    let base = mirror.object(key)
    let stored = try await told(key, to: mirror) { remote throws(StoreError) in
      guard let base else { return try await remote.update(resource) }
      return try await remote.update(resource, from: base)
    }
    if let stored { return stored }
    return try await queued(key, in: mirror) { old throws(StoreError) in
      var new = try Self.current(old, for: resource)
      if let obstacle = OfflineWrite.obstacle(toMaking: resource, of: new) { throw self.unavailable(obstacle) }
      guard !new.metadata.hasSameContent(as: resource.metadata) || new.spec != resource.spec else { return new }
      new.metadata.labels = resource.metadata.labels
      new.metadata.annotations = resource.metadata.annotations
      new.metadata.finalizers = resource.metadata.finalizers
      new.metadata.ownerReferences = resource.metadata.ownerReferences
      new.spec = resource.spec
      return new
    }
  }

  public func updateStatus<Kind: ResourceKind>(_ resource: Resource<Kind>) async throws(StoreError) -> Resource<Kind> {
    guard let mirror = mirror(Kind.self) else { return try await remote.updateStatus(resource) }
    let key = resource.metadata.key
    if mirror.hasOwnStatus {
      defer { unpublished.set() }
      return try await mirror.setOwnStatus(resource.status, of: key)
    }
    let base = mirror.object(key)
    let stored = try await told(key, to: mirror) { remote throws(StoreError) in
      guard let base else { return try await remote.updateStatus(resource) }
      return try await remote.updateStatus(resource, from: base)
    }
    if let stored { return stored }
    return try await queued(key, in: mirror) { old throws(StoreError) in
      var new = try Self.current(old, for: resource)
      if let obstacle = OfflineWrite.obstacle(toStatusOf: new, resource) { throw self.unavailable(obstacle) }
      new.status = resource.status
      return new
    }
  }

  public func delete<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String, version: String?
  ) async throws(StoreError) -> Resource<Kind> {
    guard let mirror = mirror(kind) else { return try await remote.delete(kind, named: name, version: version) }
    let deleted = try await told(name, to: mirror, isDeletion: true) { remote throws(StoreError) in
      try await remote.delete(kind, named: name, version: version)
    }
    guard let deleted else {
      if mirror.object(name) == nil, mirror.isComplete { throw .notFound(kind: Kind.kind, name: name) }
      throw unavailable("nothing is deleted")
    }
    return deleted
  }

  /// Has the remote store do it, and what it answers counts here.
  /// - Returns: `nil`: it cannot be reached, or the object waits to be told something else first.
  private func told<Kind: ResourceKind>(
    _ key: String, to mirror: KindMirror<Kind>, isDeletion: Bool = false,
    _ write: @escaping @Sendable (any ResourceStore) async throws(StoreError) -> Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind>? {
    guard link.isUp, mirror.pendingWrite(key) == nil else { return nil }
    counts.remoteWrites.increment()
    let result: Resource<Kind>
    do throws(StoreError) {
      result = try await answer(within: limits.answer) { [remote] () async throws(StoreError) in try await write(remote)
      }
    } catch {
      guard case .unavailable(let message) = error else {
        if case .conflict = error { counts.conflicts.increment() }
        throw error
      }
      lost(message)
      return nil
    }
    link.answered()
    if result.isGone || (isDeletion && result.metadata.finalizers?.isEmpty ?? true) {
      await mirror.tookLast(result, waiting: limits.deletion)
    } else {
      mirror.took(result)
    }
    return result
  }

  /// Keeps it to be told later.
  private func queued<Kind: ResourceKind>(
    _ key: String, in mirror: KindMirror<Kind>,
    _ edit: @escaping @Sendable (Resource<Kind>?) throws(StoreError) -> Resource<Kind>
  ) async throws(StoreError) -> Resource<Kind> {
    let number = lastNumber.withLock { number in
      number += 1
      return number
    }
    do throws(StoreError) {
      let result = try await mirror.enqueue(key, number: number, limit: limits.pendingPerKind, edit)
      counts.queued.increment()
      untold.set()
      return result
    } catch {
      // What waits is told at once, so that the next attempt goes straight to the cluster.
      untold.set()
      guard case .unavailable = error else { throw error }
      counts.refused.increment()
      if link.isUp, mirror.pendingWrite(key) != nil, await tell(key, of: mirror) {
        throw .conflict(kind: Kind.kind, name: key)
      }
      throw error
    }
  }

  private static func current<Kind: ResourceKind>(
    _ old: Resource<Kind>?, for given: Resource<Kind>
  ) throws(StoreError) -> Resource<Kind> {
    let key = given.metadata.key
    guard let old else { throw .notFound(kind: Kind.kind, name: key) }
    guard given.metadata.resourceVersion == old.metadata.resourceVersion,
      given.metadata.uid == nil || given.metadata.uid == old.metadata.uid
    else { throw .conflict(kind: Kind.kind, name: key) }
    return old
  }

  func unavailable(_ obstacle: String) -> StoreError {
    guard let trouble = link.trouble else {
      if let reason = link.webhookTrouble { return .unavailable(message: "\(reason); \(obstacle)") }
      return .unavailable(message: "the cluster is yet to be told what happened while it was out of reach; \(obstacle)")
    }
    return .unavailable(message: "the cluster cannot be reached (\(trouble.reason)), and \(obstacle)")
  }

  /// It does not answer, or cannot do what it is told.
  func lost(_ reason: String) {
    if reason.contains(StoreError.failedWebhook) {
      // It can be reached, and everything but that is done: what it is to be told waits.
      if link.webhookFailed(reason) {
        logger.warning("The cluster cannot do what it is told", metadata: ["reason": "\(reason)"])
      }
      return
    }
    guard link.failed(reason) else { return }
    logger.warning(
      "The cluster cannot be reached: machines go on booting by what is known", metadata: ["reason": "\(reason)"])
  }

  /// Ends all watches.
  public func close() { for mirror in all { mirror.close() } }
}

/// The answer, or that there was none in time. What is asked must end when it is cancelled.
func answer<Value: Sendable>(
  within limit: Duration, _ body: @escaping @Sendable () async throws(StoreError) -> Value
) async throws(StoreError) -> Value {
  let result = await withTaskGroup(of: Result<Value, StoreError>?.self) { group in
    group.addTask {
      do throws(StoreError) { return .success(try await body()) } catch { return .failure(error) }
    }
    group.addTask {
      do { try await Task.sleep(for: limit) } catch { return nil }
      return .failure(.unavailable(message: "no answer within \(limit)"))
    }
    defer { group.cancelAll() }
    while let result = await group.next() { if let result { return result } }
    return Result<Value, StoreError>.failure(.unavailable(message: "the caller was cancelled"))
  }
  return try result.get()
}
