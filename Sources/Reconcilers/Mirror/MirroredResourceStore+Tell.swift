import BareMetal
import CoreMetrics
import Logging

extension MirroredResourceStore {
  /// Objects and Secrets that the cluster is yet to be told of.
  public var depth: Int { all.reduce(secrets?.waiting.count ?? 0) { $0 + $1.waiting.count } }

  func tellAll() async {
    var failures = 0
    var random = SystemRandomNumberGenerator()
    while !Task.isCancelled {
      guard link.isUp, depth > 0 else {
        if depth == 0 { failures = 0 }
        await untold.wait()
        continue
      }
      if await tellOnce() {
        failures = 0
      } else {
        failures += 1
        try? await Task.sleep(for: limits.backoff.delay(afterFailures: failures, using: &random))
      }
    }
  }

  /// Secrets first, then the objects in the order in which they were written first.
  /// - Returns: whether all of them were told.
  private func tellOnce() async -> Bool {
    for name in secrets?.waiting ?? [] {
      guard await tell(name) else { return false }
    }
    var isWhole = true
    let waiting = all.flatMap { mirror in mirror.waiting.map { ($0.number, $0.key, mirror) } }.sorted { $0.0 < $1.0 }
    for (_, key, mirror) in waiting {
      guard !Task.isCancelled, link.isUp else { return false }
      if await !mirror.tell(key, self) { isWhole = false }
    }
    if isWhole, !waiting.isEmpty {
      logger.notice(
        "The cluster knows what happened while it was out of reach", metadata: ["objects": "\(waiting.count)"])
    }
    return isWhole
  }

  private func tell(_ name: SecretName) async -> Bool {
    do throws(StoreError) {
      try await secrets?.tell(name, within: limits.answer)
      counts.told.increment()
      return true
    } catch {
      if case .unavailable(let message) = error { lost(message) }
      logger.warning(
        "A Secret is not told to the cluster",
        metadata: ["secret": "\(name.namespace)/\(name.name)", "error": "\(error)"])
      return false
    }
  }

  /// Reads what the cluster has, and writes what is to be.
  /// - Returns: whether the object waits no longer.
  func tell<Kind: ResourceKind>(_ key: String, of mirror: KindMirror<Kind>) async -> Bool {
    for _ in 0..<Self.attempts {
      guard let write = mirror.pendingWrite(key) else { return true }
      do throws(StoreError) {
        let stored = try await answer(within: limits.answer) { [remote] () async throws(StoreError) in
          try await Self.tell(write, remote)
        }
        switch stored {
        case .stored(let object): mirror.settle(write, stored: object)
        case .dropped(let reason, let object):
          drop(write, reason)
          mirror.settle(write, stored: object)
        case .unreadable(let reason):
          // Until somebody puts right what he edited. Others are told meanwhile.
          logger.debug(
            "An object cannot be told what happened", metadata: ["name": "\(key)", "reason": "\(reason)"])
          return false
        }
        counts.told.increment()
        if mirror.pendingWrite(key) == nil { return true }
      } catch {
        switch error {
        case .conflict, .alreadyExists, .notFound: continue
        case .unavailable(let message):
          lost(message)
          return false
        case .invalid:
          // The cluster will never take it, and the others must not wait for it.
          counts.rejected.increment()
          logger.error(
            "The cluster refuses what was noted while it was out of reach",
            metadata: ["kind": "\(Kind.kind)", "name": "\(key)", "error": "\(error)"])
          mirror.abandon(write)
          return mirror.pendingWrite(key) == nil
        }
      }
    }
    return false
  }

  /// Reads and writes of one object before others are told first.
  private static var attempts: Int { 8 }

  private enum Told<Kind: ResourceKind>: Sendable {
    case stored(Resource<Kind>)
    case dropped(String, Resource<Kind>?)
    /// What the cluster has was edited into something that cannot be read, so nothing can be made of it.
    case unreadable(String)
  }

  private static func tell<Kind: ResourceKind>(
    _ write: PendingWrite<Kind>, _ remote: any ResourceStore
  ) async throws(StoreError) -> Told<Kind> {
    let theirs: Resource<Kind>?
    do throws(StoreError) {
      theirs = try await remote.get(Kind.self, named: write.key)
    } catch {
      guard case .invalid(_, _, let message) = error else { throw error }
      return .unreadable(message)
    }
    switch WriteConflict.resolve(write, theirs: theirs) {
    case .create(var object):
      object.metadata.uid = nil
      object.metadata.resourceVersion = nil
      object.metadata.generation = nil
      object.metadata.creationTimestamp = nil
      return .stored(try await remote.create(object))
    case .write(var object):
      guard var stored = theirs else { throw .notFound(kind: Kind.kind, name: write.key) }
      let status = object.status
      if object.spec != stored.spec || !object.metadata.hasSameContent(as: stored.metadata) {
        stored = try await remote.update(object)
      }
      object.metadata = stored.metadata
      if status != stored.status {
        stored.status = status
        stored = try await remote.updateStatus(stored)
      }
      return .stored(stored)
    case .settled:
      guard let theirs else { throw .notFound(kind: Kind.kind, name: write.key) }
      return .stored(theirs)
    case .dropped(let reason): return .dropped(reason, theirs)
    }
  }

  private func drop<Kind: ResourceKind>(_ write: PendingWrite<Kind>, _ reason: String) {
    counts.dropped.increment()
    logger.warning(
      "What was noted while the cluster was out of reach is not told to it",
      metadata: ["kind": "\(Kind.kind)", "name": "\(write.key)", "reason": "\(reason)"])
  }
}
