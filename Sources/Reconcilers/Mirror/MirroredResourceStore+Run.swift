import BareMetal
import CoreMetrics
import Logging
import ServiceLifecycle

extension MirroredResourceStore {
  /// Follows the remote store, tells it what waits, and keeps the snapshot on the disk, until graceful shutdown or until
  /// the task is cancelled.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for mirror in self.all {
          group.addTask { await mirror.follow(self) }
          group.addTask { await mirror.keepSaved(self) }
        }
        group.addTask { await self.probe() }
        group.addTask { await self.publishOwnStatus() }
        await self.tellAll()
      }
    }
  }

  // MARK: Following

  /// Lists and watches, again when events were lost or the remote store did not answer.
  func follow<Kind: ResourceKind>(_ mirror: KindMirror<Kind>) async {
    var failures = 0
    var random = SystemRandomNumberGenerator()
    while !Task.isCancelled {
      let start = ContinuousClock.now
      do throws(StoreError) {
        let latest = mirror.latest
        let list = try await answer(within: limits.list) { [remote] () async throws(StoreError) in
          try await remote.list(Kind.self, notOlderThan: String(max(0, latest)))
        }
        let wasComplete = mirror.isComplete
        mirror.replace(by: list, latest: latest)
        heard()
        let took = start.duration(to: .now)
        logger.log(
          level: wasComplete ? .debug : .notice, "Objects of the cluster are known",
          metadata: ["kind": "\(Kind.kind)", "count": "\(list.items.count)", "took": "\(took)"])
        if all.allSatisfy(\.isFollowing) { counts.isSynced.record(1) }
        for await event in try await remote.watch(Kind.self, after: list.resourceVersion) {
          if case .reset = event { break }
          mirror.apply(event)
        }
        // One that ends at once, time after time, is asked less and less often.
        failures = start.duration(to: .now) > limits.backoff.longest ? 0 : failures + 1
      } catch {
        if mirror.isOptional, error.isUnservedKind {
          mirror.isUnserved()
          try? await Task.sleep(for: limits.unserved)
          continue
        }
        failures += 1
        // One kind may be forbidden while the others are not: whether the cluster answers is asked apart.
        link.changed.set()
        if failures == 1, !Task.isCancelled {
          logger.warning(
            "Objects of the cluster cannot be followed", metadata: ["kind": "\(Kind.kind)", "error": "\(error)"])
        }
      }
      mirror.stoppedFollowing()
      counts.isSynced.record(0)
      guard failures > 0 else { continue }
      try? await Task.sleep(for: limits.backoff.delay(afterFailures: failures, using: &random))
    }
  }

  func keepSaved<Kind: ResourceKind>(_ mirror: KindMirror<Kind>) async {
    var failures = 0
    var random = SystemRandomNumberGenerator()
    while true {
      await mirror.unsaved.wait()
      let isLast = Task.isCancelled
      if !isLast { try? await Task.sleep(for: limits.settling) }
      do throws(StoreError) {
        try await mirror.save()
        failures = 0
      } catch {
        failures += 1
        if failures == 1 {
          logger.error(
            "What is known of the cluster is not on the disk", metadata: ["kind": "\(Kind.kind)", "error": "\(error)"])
        }
        if !isLast {
          try? await Task.sleep(for: limits.backoff.delay(afterFailures: failures, using: &random))
          mirror.unsaved.set()
        }
      }
      if isLast { return }
    }
  }

  // MARK: Whether it answers

  private func probe() async {
    var failures = 0
    var random = SystemRandomNumberGenerator()
    while !Task.isCancelled {
      do throws(StoreError) {
        _ = try await answer(within: limits.answer) { [remote] () async throws(StoreError) in
          try await remote.get(EnvironmentKind.self, named: BootPlanner.defaultEnvironment)
        }
        failures = 0
        heard()
      } catch {
        failures += 1
        if case .unavailable(let message) = error, !Task.isCancelled { lost(message) }
      }
      let delay =
        failures == 0 ? limits.probe : limits.backoff.delay(afterFailures: failures, using: &random)
      // Who else notices that it does not answer wants to know when it does.
      await link.changed.wait(until: .now + delay)
    }
  }

  func heard() {
    guard link.answered() else { return }
    counts.isUp.record(1)
    logger.notice("The cluster answers", metadata: ["waiting": "\(depth)"])
    untold.set()
  }
}
