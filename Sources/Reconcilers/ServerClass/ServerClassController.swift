public import BareMetal
import CoreMetrics
public import Logging
public import ServiceLifecycle
import Synchronization
public import Wire

/// Keeps the status of every ServerClass true, and the class `any` there.
///
/// Not a ``Controller`` of one reconciliation a class, for a class has thousands of members and every change of a Server
/// may concern every class: all of it is held in a ``ServerClassIndex``, fed by the watches, and what is written is what
/// changed there. Nothing is listed but at the start and after a gap in a watch.
public final class ServerClassController: Service {
  /// The class that takes every accepted Server, as Sidero has it.
  public static let any = "any"

  /// After a change, for those that come with it: a machine that registers or is allocated changes several times.
  private static let settling = Duration.milliseconds(10)
  /// Between two rounds of writing, as long as the last one took but no longer: half of the store's time is for others.
  private static let longestPause = Duration.seconds(1)
  /// Classes written at a time: a change of a Server concerns dozens, and is to be seen in all of them soon. Together they
  /// are some tens of megabytes at most.
  private static let batch = 32
  /// Before a store that failed is tried again.
  private static let backoff = Backoff(first: .milliseconds(100), longest: .seconds(30))

  fileprivate struct State {
    var index = ServerClassIndex()
    /// The classes as they were last seen, with the versions that writes need.
    var classes: [String: ServerClass] = [:]
    /// Classes to be looked at whatever the index says.
    var pending: Set<String> = []
    /// The kinds that were listed: until all three were, nothing is known.
    var listed: Set<String> = []

    var isComplete: Bool { listed.count == 3 }
    /// Classes are put into the index when all Servers are: each looks at them once, instead of each of them at all
    /// classes.
    var isIndexed = false
  }

  private let store: any ResourceStore
  private let logger: Logger
  private let now: @Sendable () -> Timestamp
  private let onReady: @Sendable () -> Void
  private let counts = ControllerCounts(controller: "serverclass")
  private let state = Mutex(State())
  private let signal = WakeSignal()

  /// - Parameters:
  ///   - now: the wall clock.
  ///   - onReady: called once, when the status of every class was true for the first time.
  public init(
    store: any ResourceStore, logger: Logger, now: @escaping @Sendable () -> Timestamp,
    onReady: @escaping @Sendable () -> Void = {}
  ) {
    self.store = store
    self.logger = logger
    self.now = now
    self.onReady = onReady
  }

  /// Works until graceful shutdown, or until the task is cancelled. It can be run again.
  public func run() async {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.follow(ServerClassKind.self) { state, change in state.apply(change) } }
        group.addTask { await self.follow(ServerKind.self) { state, change in state.apply(change) } }
        group.addTask { await self.follow(ServerBindingKind.self) { state, change in state.apply(change) } }
        await self.write()
      }
    }
    // Whoever runs it again, or asks meanwhile, must not believe in what nothing keeps true.
    state.withLock { $0 = State() }
  }

  // MARK: Reading

  /// What was learnt of a kind.
  fileprivate enum Change<Kind: ResourceKind> {
    case present(Resource<Kind>)
    case gone(String)
    /// There are these and no others.
    case all(Set<String>)
  }

  private func follow<Kind: ResourceKind>(
    _ kind: Kind.Type, _ apply: @escaping @Sendable (inout State, Change<Kind>) -> Void
  ) async {
    var failures = 0
    var gaps = 0
    var random = SystemRandomNumberGenerator()
    while !Task.isCancelled {
      do throws(StoreError) {
        let list = try await store.list(kind)
        state.withLock { state in
          for item in list.items { apply(&state, .present(item)) }
          apply(&state, .all(Set(list.items.map(\.metadata.name))))
          state.listed.insert(Kind.kind)
          state.indexWhenComplete()
        }
        signal.set()
        failures = 0
        let start = ContinuousClock.now
        for await event in try await store.watch(kind, after: list.resourceVersion) {
          switch event {
          case .added(let object), .modified(let object): state.withLock { apply(&$0, .present(object)) }
          case .deleted(let object): state.withLock { apply(&$0, .gone(object.metadata.name)) }
          case .reset: continue
          }
          signal.set()
        }
        // A watch that ends as soon as it begins would have everything listed without end.
        gaps = start.duration(to: .now) < Self.backoff.longest ? gaps + 1 : 0
        guard gaps > 1 else { continue }
        try? await Task.sleep(for: Self.backoff.delay(afterFailures: gaps - 1, using: &random))
      } catch {
        failures += 1
        if failures == 1, !Task.isCancelled {
          logger.warning(
            "A controller cannot watch",
            metadata: ["controller": "serverclass", "kind": "\(Kind.kind)", "error": "\(error)"])
        }
        try? await Task.sleep(for: Self.backoff.delay(afterFailures: failures, using: &random))
      }
    }
  }

  // MARK: Writing

  private func write() async {
    var isReady = false
    var failures = 0
    var random = SystemRandomNumberGenerator()
    while !Task.isCancelled {
      await signal.wait()
      try? await Task.sleep(for: Self.settling)
      guard let names = state.withLock({ $0.takeWork() }) else { continue }
      let start = ContinuousClock.now
      var isWhole = await ensureAny()
      let failed = await bringUp(names)
      if !failed.isEmpty {
        isWhole = false
        state.withLock { $0.pending.formUnion(failed) }
      }
      counts.depth.record(state.withLock(\.pending.count))
      guard isWhole else {
        failures += 1
        try? await Task.sleep(for: Self.backoff.delay(afterFailures: failures, using: &random))
        signal.set()
        continue
      }
      failures = 0
      if !isReady, state.withLock({ $0.classes[Self.any] != nil && $0.pending.isEmpty }) {
        isReady = true
        onReady()
      }
      try? await Task.sleep(for: min(Self.longestPause, ContinuousClock.now - start))
    }
  }

  /// - Returns: whether it is there.
  private func ensureAny() async -> Bool {
    guard state.withLock({ $0.classes[Self.any] == nil }) else { return true }
    do throws(StoreError) {
      _ = try await store.create(ServerClass(metadata: ObjectMeta(name: Self.any), spec: ServerClassSpec()))
      // The watch brings it.
      return true
    } catch .alreadyExists {
      return true
    } catch {
      report(error, Self.any)
      return false
    }
  }

  /// - Returns: those that must be tried again.
  private func bringUp(_ names: Set<String>) async -> Set<String> {
    var failed: Set<String> = []
    let names = names.sorted()
    for start in stride(from: 0, to: names.count, by: Self.batch) {
      failed.formUnion(await bringUp(names[start..<min(start + Self.batch, names.count)]))
    }
    return failed
  }

  /// Writes what is not yet so.
  /// - Returns: those that must be tried again.
  private func bringUp(_ names: ArraySlice<String>) async -> Set<String> {
    guard !Task.isCancelled else { return Set(names) }
    let start = ContinuousClock.now
    var failed: Set<String> = []
    var changed: [ServerClass] = []
    for name in names {
      do throws(StoreError) {
        guard var object = try await current(name) else { continue }
        guard let status = state.withLock({ $0.status(of: object, now: now()) }), status != object.status else {
          continue
        }
        object.status = status
        changed.append(object)
      } catch {
        if await !isSettled(error, name) { failed.insert(name) }
      }
    }
    guard !changed.isEmpty else { return failed }
    let results = await store.updateStatuses(changed)
    let (seconds, attoseconds) = start.duration(to: .now).components
    for (object, result) in zip(changed, results) {
      switch result {
      case .success(let written):
        keep(written)
        counts.succeeded.increment()
        counts.time.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
      case .failure(let error):
        if await !isSettled(error, object.metadata.name) { failed.insert(object.metadata.name) }
      }
    }
    return failed
  }

  /// The class as it was last seen; ``any`` without the qualifiers that somebody may have given it.
  private func current(_ name: String) async throws(StoreError) -> ServerClass? {
    guard var object = state.withLock({ $0.classes[name] }) else { return nil }
    guard name == Self.any, object.spec.qualifiers?.isEmpty == false else { return object }
    object.spec.qualifiers = Qualifiers()
    object = try await store.update(object)
    keep(object)
    return object
  }

  /// - Returns: whether the class need not be tried again for all that.
  private func isSettled(_ error: StoreError, _ name: String) async -> Bool {
    switch error {
    case .notFound: return true
    case .conflict:
      counts.conflicted.increment()
      return await reread(name)
    default:
      report(error, name)
      return false
    }
  }

  /// Somebody else wrote the class, and the watch is yet to say so.
  private func reread(_ name: String) async -> Bool {
    do throws(StoreError) {
      if let object = try await store.get(ServerClassKind.self, named: name) { keep(object) }
    } catch {
      report(error, name)
    }
    return false
  }

  /// Takes in what was just written or read, unless the watch has told meanwhile that the class is gone, or another of
  /// that name: what the store answers to one task may be older than what it has told another.
  private func keep(_ object: ServerClass) {
    state.withLock { state in
      guard state.classes[object.metadata.name]?.metadata.uid == object.metadata.uid else { return }
      state.apply(Change<ServerClassKind>.present(object))
    }
  }

  private func report(_ error: StoreError, _ name: String) {
    counts.failed.increment()
    logger.warning(
      "A reconciliation failed", metadata: ["controller": "serverclass", "name": "\(name)", "error": "\(error)"])
  }
}

extension ServerClassController: ServerClassView {
  /// From memory; of a class that is not known there (yet), from the store.
  public func members(ofClass name: String) async throws(StoreError) -> ServerClassMembers? {
    let known = state.withLock { $0.isComplete ? $0.index.members(ofClass: name) : nil }
    if let known { return known }
    return try await ListingClassView(store: store).members(ofClass: name)
  }
}

extension ServerClassController.State {
  fileprivate mutating func apply(_ change: ServerClassController.Change<ServerKind>) {
    switch change {
    case .present(let server): index.setServer(server)
    case .gone(let name): index.removeServer(name)
    case .all(let names): index.keepServers(names)
    }
  }

  fileprivate mutating func apply(_ change: ServerClassController.Change<ServerBindingKind>) {
    switch change {
    case .present(let binding): index.setBound(binding.metadata.name, true)
    case .gone(let name): index.setBound(name, false)
    case .all(let names): index.keepBound(names)
    }
  }

  fileprivate mutating func apply(_ change: ServerClassController.Change<ServerClassKind>) {
    switch change {
    case .present(let object):
      let name = object.metadata.name
      // A watch is behind what was just written; versions of one store are numbers, of others this costs a conflict.
      if let known = classes[name], known.metadata.resourceVersion == object.metadata.resourceVersion { return }
      if let known = classes[name], known.isNewer(than: object) { return }
      classes[name] = object
      if isIndexed { index.setClass(object) }
      // Somebody else may have written it: it is compared.
      pending.insert(name)
    case .gone(let name):
      classes[name] = nil
      index.removeClass(name)
    case .all(let names):
      for name in classes.keys.filter({ !names.contains($0) }) { classes[name] = nil }
      index.keepClasses(names)
    }
  }

  fileprivate mutating func indexWhenComplete() {
    guard isComplete, !isIndexed else { return }
    isIndexed = true
    index.setClasses(classes.values)
  }

  /// The classes to be looked at; `nil` until everything is known.
  fileprivate mutating func takeWork() -> Set<String>? {
    guard isComplete else { return nil }
    defer { pending = [] }
    return index.takeChanged().union(pending)
  }

  /// What the class's status should be; `nil` when there is no such class any more.
  fileprivate func status(of object: ServerClass, now: Timestamp) -> ServerClassStatus? {
    guard let members = index.status(ofClass: object.metadata.name) else { return nil }
    var status = object.status
    (status.serversAvailable, status.serversInUse) = members
    status.limit(now: now)
    return status
  }
}

extension ServerClass {
  /// Where both versions are numbers and of one object, as this daemon's own store has them.
  fileprivate func isNewer(than other: ServerClass) -> Bool {
    guard metadata.uid == other.metadata.uid, let mine = metadata.resourceVersion.flatMap({ Int64($0) }),
      let others = other.metadata.resourceVersion.flatMap({ Int64($0) })
    else { return false }
    return mine > others
  }
}

extension Qualifiers {
  fileprivate var isEmpty: Bool { hardware?.isEmpty ?? true && labelSelectors?.isEmpty ?? true }
}
