import BareMetal
import Logging
import Synchronization

extension MirroredResourceStore {
  func publishOwnStatus() async {
    let published = PublishedStatus()
    while !Task.isCancelled {
      await unpublished.wait(until: .now + limits.publishing)
      // A fetch changes its progress many times a second.
      try? await Task.sleep(for: limits.settling * 5)
      recordGauges()
      guard configuration.publishes(), link.isUp else { continue }
      for mirror in all { await mirror.publish(self, published) }
    }
  }

  func publish<Kind: ResourceKind>(_ mirror: KindMirror<Kind>, _ published: PublishedStatus) async {
    let objects = mirror.state.withLock { state in
      state.ownStatus.compactMap { key, status in state.base[key].map { (key, status, $0) } }
    }
    for (key, status, base) in objects where published.mustWrite(key, status, over: base.status) {
      var object = base
      object.status = status
      do throws(StoreError) {
        let new = object
        let stored = try await answer(within: limits.answer) { [remote] () async throws(StoreError) in
          try await remote.updateStatus(new)
        }
        mirror.took(stored)
        published.note(key, status, as: stored.status)
      } catch {
        if case .unavailable(let message) = error { lost(message) }
        logger.debug("A status is not shown in the cluster", metadata: ["name": "\(key)", "error": "\(error)"])
      }
    }
  }
}

/// What of this boot host's own is shown in the cluster.
final class PublishedStatus: Sendable {
  private let shown = Mutex<[String: (own: any Sendable, stored: any Sendable)]>([:])

  /// Whether it is not what was shown last, or somebody else has shown something.
  func mustWrite<Status: Equatable & Sendable>(_ key: String, _ own: Status, over stored: Status) -> Bool {
    guard let last = shown.withLock({ $0[key] }) else { return own != stored }
    return last.own as? Status != own || last.stored as? Status != stored
  }

  func note<Status: Equatable & Sendable>(_ key: String, _ own: Status, as stored: Status) {
    shown.withLock { $0[key] = (own, stored) }
  }
}
