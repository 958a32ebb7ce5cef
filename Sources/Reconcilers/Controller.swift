public import BareMetal
import CoreMetrics
public import Logging
public import ServiceLifecycle
import Synchronization

/// Runs a reconciler: watches, queues, works, until graceful shutdown.
public struct Controller: Service {
  /// Objects worked on at a time by one controller: Sidero's number. Most wait for a BMC or a disk meanwhile, so it is
  /// not the processors' number; it bounds what a storm of events takes from people's requests and the boot plane.
  public static let concurrency = 10

  /// Between two looks at objects that have not changed: what a lost event, or a fault of ours, costs at most.
  public static let resync = Duration.seconds(600)

  /// Before a store that could not be read is asked again: once, then twice as long.
  private static let storeBackoff = Backoff(first: .milliseconds(250), longest: .seconds(30))

  private let reconciler: any Reconciler
  private let store: any ResourceStore
  private let concurrency: Int
  private let resync: Duration
  private let logger: Logger
  private let counts: ControllerCounts
  private let complaints = Complaints()

  /// - Parameter store: what the sources are read from.
  public init(
    _ reconciler: any Reconciler, store: any ResourceStore, concurrency: Int = Controller.concurrency,
    resync: Duration = Controller.resync, logger: Logger
  ) {
    self.reconciler = reconciler
    self.store = store
    self.concurrency = max(1, concurrency)
    self.resync = resync
    self.logger = logger
    counts = ControllerCounts(controller: reconciler.name)
  }

  /// Works until graceful shutdown, or until the task is cancelled. What is under way then is cancelled, and waited for.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      let queue = SharedQueue()
      await withDiscardingTaskGroup { group in
        for source in reconciler.sources {
          group.addTask { await watch(source, queue) }
        }
        await work(queue)
      }
    }
  }

  /// Lists, then follows; lists again when events were lost, when the store was away, and now and then.
  private func watch(_ source: WatchSource, _ queue: SharedQueue) async {
    let known = KnownNames()
    var failures = 0
    var gaps = 0
    var random = SystemRandomNumberGenerator()
    while !Task.isCancelled {
      do throws(StoreError) {
        let (keys, version) = try await source.list(store, known)
        queue.add(keys)
        failures = 0
        let start = ContinuousClock.now
        try await follow(source, after: version, known, queue)
        // A watch that ends as soon as it begins would have everything listed without end.
        gaps = start.duration(to: .now) < Self.storeBackoff.longest ? gaps + 1 : 0
        guard gaps > 1 else { continue }
        try? await Task.sleep(for: Self.storeBackoff.delay(afterFailures: gaps - 1, using: &random))
      } catch {
        failures += 1
        if failures == 1, !Task.isCancelled {
          logger.warning(
            "A controller cannot watch", metadata: metadata(["kind": "\(source.kind)", "error": "\(error)"]))
        }
        try? await Task.sleep(for: Self.storeBackoff.delay(afterFailures: failures, using: &random))
      }
    }
  }

  /// Until events are lost, or a resync is due.
  private func follow(
    _ source: WatchSource, after version: String, _ known: KnownNames, _ queue: SharedQueue
  ) async throws(StoreError) {
    let delay = resync * Double.random(in: 0.8...1.2)
    let result = await withTaskGroup(of: Result<Void, StoreError>.self) { group in
      group.addTask {
        do throws(StoreError) {
          try await source.follow(store, version, known) { queue.add($0) }
          return .success(())
        } catch {
          return .failure(error)
        }
      }
      group.addTask {
        try? await Task.sleep(for: delay)
        return .success(())
      }
      let first = await group.next()
      group.cancelAll()
      return first ?? .success(())
    }
    try result.get()
  }

  /// Gives out work while there are hands for it.
  private func work(_ queue: SharedQueue) async {
    await withDiscardingTaskGroup { group in
      var due: WorkQueue.Instant?
      while !Task.isCancelled {
        while queue.running < concurrency {
          switch queue.next() {
          case .work(let key):
            group.addTask { await reconcile(key, queue) }
            continue
          case .wait(let until): due = until
          case .idle: due = nil
          }
          break
        }
        counts.depth.record(queue.depth)
        // With every hand busy, only an end matters; it sets the signal.
        await queue.signal.wait(until: queue.running < concurrency ? due : nil)
      }
    }
  }

  private func reconcile(_ key: String, _ queue: SharedQueue) async {
    let start = ContinuousClock.now
    let outcome: WorkQueue.Outcome
    do {
      switch try await reconciler.reconcile(key) {
      case .never: outcome = .done
      case .after(let delay): outcome = .again(after: delay)
      }
      counts.succeeded.increment()
    } catch {
      outcome = .failed
      if !Task.isCancelled { report(error, key) }
    }
    let (seconds, attoseconds) = start.duration(to: .now).components
    counts.time.recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    queue.finish(key, outcome)
  }

  private func report(_ error: any Error, _ key: String) {
    if let error = error as? StoreError, case .conflict = error {
      // Somebody else was faster; that is what the next attempt is for.
      counts.conflicted.increment()
      return
    }
    counts.failed.increment()
    guard let unsaid = complaints.next(at: .now) else { return }
    var more: Logger.Metadata = ["name": "\(key)", "error": "\(error)"]
    if unsaid > 0 { more["unsaid"] = "\(unsaid)" }
    logger.warning("A reconciliation failed", metadata: metadata(more))
  }

  private func metadata(_ more: Logger.Metadata) -> Logger.Metadata {
    ["controller": "\(reconciler.name)"].merging(more) { $1 }
  }
}
