public import BareMetal
public import Logging
public import ServiceLifecycle
import Synchronization
public import Wire

/// Elects one leader among the boot hosts that share a cluster, by a `Lease` in it.
///
/// At most one leads: each stops by itself ``LeaderElectionTimes/renewal`` after it last asked successfully, and nobody
/// takes over before ``LeaderElectionTimes/lease`` has passed since the others saw that. What a body that was cancelled
/// still does is its own; see ``Leadership``. On shutdown the lease is given back once the bodies have ended, and the next
/// host leads within seconds.
public final class LeaderElector: Leadership, Service {
  private struct State {
    var leads = false
    var holder: String?
    var watchers: [UInt64: AsyncStream<Bool>.Continuation] = [:]
    var lastWatcher: UInt64 = 0
    var bodies = 0
  }

  private let client: KubernetesClient
  private let path: ResourcePath
  private let identity: String
  private let times: LeaderElectionTimes
  private let logger: Logger
  private let now: @Sendable () -> Timestamp
  private let state = Mutex(State())
  /// The lease as this candidate wrote it last, if nothing is known against it.
  private let latest = Mutex<LeaseObject?>(nil)

  /// - Parameters:
  ///   - access: the cluster; a client of its own is made for it, with times of its own, so that nothing else that is
  ///     asked of the cluster stands in the way.
  ///   - identity: this candidate, of this run: `boot-1_4c4c4544…`.
  ///   - now: the wall clock, for people who look at the lease; nothing is decided by it.
  public init(
    _ access: ClusterAccess, namespace: String, name: String, identity: String,
    times: LeaderElectionTimes = LeaderElectionTimes(), logger: Logger, now: @escaping @Sendable () -> Timestamp
  ) {
    var configuration = KubernetesClientConfiguration()
    // So that an attempt that hangs leaves time for another.
    configuration.answerTime = times.renewal / 3
    configuration.patience = times.renewal / 3
    configuration.connectTime = times.renewal / 3
    client = KubernetesClient(access, configuration: configuration, logger: logger, now: now)
    path = ResourcePath(
      apiVersion: "coordination.k8s.io/v1", plural: "leases", namespace: namespace, name: name)
    self.identity = identity
    self.times = times
    self.logger = logger
    self.now = now
  }

  public var leads: Bool { state.withLock { $0.leads } }

  /// Who leads, as far as is known.
  public var holder: String? { state.withLock { $0.holder } }

  /// Takes part in the election until graceful shutdown or cancellation; then gives the lease back, if it is ours.
  public func run() async throws {
    let last = await cancelWhenGracefulShutdown { await self.elect() }
    setLeads(false)
    // In a task of its own: this one may be cancelled, and the others should not have to wait for the lease's end.
    await Task { await release(last) }.value
    await client.close()
  }

  public func whileLeading(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let (number, changes) = watch()
    defer { unwatch(number) }
    for await leads in changes where leads { break }
    guard !Task.isCancelled, begin() else { return }
    defer { end() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await body() }
      group.addTask { for await leads in changes where !leads { break } }
      let first = await group.nextResult()
      group.cancelAll()
      // The body's end is waited for, whatever it says now.
      while await group.nextResult() != nil {}
      try first?.get()
    }
  }

  // MARK: - The election

  /// Until cancellation; how it stood then.
  private func elect() async -> LeaderElection {
    var election = LeaderElection(identity: identity, times: times)
    var random = SystemRandomNumberGenerator()
    while !Task.isCancelled {
      let start = ContinuousClock.now
      await step(&election)
      var pause = election.pause(after: start.duration(to: .now), using: &random)
      if let end = election.leadsUntil { pause = min(pause, max(.zero, ContinuousClock.now.duration(to: end))) }
      try? await Task.sleep(for: pause)
    }
    return election
  }

  private func step(_ election: inout LeaderElection) async {
    if let end = election.leadsUntil, end <= .now { lose(&election, "could not renew the lease in time") }
    let end = election.leadsUntil
    let before = election
    let outcome = await withTaskGroup(of: LeaderElection?.self) { group in
      group.addTask { await self.attempt(before) }
      if let end {
        group.addTask {
          try? await Task.sleep(until: end, clock: .continuous)
          // At once, not when the attempt has ended: others will believe that nobody leads.
          if !Task.isCancelled { self.setLeads(false) }
          return nil
        }
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
    if let outcome { election = outcome }
    if let end = election.leadsUntil, end <= .now { lose(&election, "could not renew the lease in time") }
    let holder = election.observation?.holder
    state.withLock { $0.holder = holder?.isEmpty == false ? holder : nil }
    setLeads(election.leads(at: .now))
  }

  /// Reads the lease, and writes it where that is to be done. A fault leaves everything as it was.
  private func attempt(_ before: LeaderElection) async -> LeaderElection {
    var election = before
    do throws(KubernetesError) {
      var lease = latest.withLock { $0 }
      // A leader knows what it wrote last: one request less to get an answer to in time.
      if !election.canRenew(at: .now) || lease == nil {
        lease = try await client.get(path, as: LeaseObject.self)
        election.observe(lease, at: .now)
      }
      guard case .claim(let isNew) = election.action(at: .now) else { return election }
      let start = ContinuousClock.now
      let spec = election.claim(over: lease, isNew: isNew, wallClock: now())
      do throws(KubernetesError) {
        let written = try await write(spec, over: lease)
        latest.withLock { $0 = written }
        election.claimed(written, begunAt: start, at: .now)
        if isNew { logger.notice("This host leads", metadata: ["identity": "\(identity)"]) }
      } catch {
        latest.withLock { $0 = nil }
        if error.mayHaveBeenDone {
          election.missed(spec, begunAt: start)
        } else if error.reason == .conflict || error.reason == .alreadyExists {
          election.lost()
        }
        throw error
      }
    } catch {
      if error.reason != .conflict, error.reason != .alreadyExists, error.reason != .cancelled {
        logger.warning("The lease cannot be read or written", metadata: ["error": "\(error)"])
      }
    }
    return election
  }

  private func write(_ spec: LeaseObject.Spec, over lease: LeaseObject?) async throws(KubernetesError) -> LeaseObject {
    guard let lease, let version = lease.metadata.resourceVersion else {
      var metadata = ObjectMeta(name: path.name ?? "")
      metadata.namespace = path.namespace
      return try await client.create(
        LeaseObject(metadata: metadata, spec: spec), in: path.collection, as: LeaseObject.self)
    }
    let patch = JSONValue.object(["spec": JSONValue(encoding: spec)]).onlyIf(version: version)
    return try await client.patch(path, .merge(patch), as: LeaseObject.self)
  }

  private func lose(_ election: inout LeaderElection, _ reason: String) {
    election.lost()
    setLeads(false)
    logger.warning("This host leads no longer", metadata: ["identity": "\(identity)", "reason": "\(reason)"])
  }

  /// Gives the lease back when nobody here acts as the leader any more; else it runs out by itself.
  private func release(_ election: LeaderElection) async {
    guard let end = election.leadsUntil else { return }
    while state.withLock({ $0.bodies }) > 0 {
      guard ContinuousClock.now < end else { return }
      try? await Task.sleep(for: .milliseconds(50))
    }
    do throws(KubernetesError) {
      guard let lease = try await client.get(path, as: LeaseObject.self), lease.spec?.holderIdentity == identity,
        var spec = lease.spec
      else { return }
      spec.holderIdentity = ""
      spec.leaseDurationSeconds = 1
      spec.renewTime = LeaseObject.microTime(now())
      _ = try await write(spec, over: lease)
    } catch {
      logger.warning("The lease was not given back", metadata: ["error": "\(error)"])
    }
  }

  // MARK: - Those who act as the leader

  private func setLeads(_ leads: Bool) {
    let watchers = state.withLock { state -> [AsyncStream<Bool>.Continuation] in
      guard state.leads != leads else { return [] }
      state.leads = leads
      return Array(state.watchers.values)
    }
    for watcher in watchers { watcher.yield(leads) }
  }

  /// What is, then every change; only the latest is kept.
  private func watch() -> (UInt64, AsyncStream<Bool>) {
    let (stream, continuation) = AsyncStream<Bool>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      state.lastWatcher += 1
      state.watchers[state.lastWatcher] = continuation
      continuation.yield(state.leads)
      return state.lastWatcher
    }
    return (number, stream)
  }

  private func unwatch(_ number: UInt64) {
    state.withLock { $0.watchers.removeValue(forKey: number) }?.finish()
  }

  private func begin() -> Bool {
    state.withLock { state in
      guard state.leads else { return false }
      state.bodies += 1
      return true
    }
  }

  private func end() { state.withLock { $0.bodies -= 1 } }
}
