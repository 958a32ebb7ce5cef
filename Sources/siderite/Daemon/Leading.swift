import BareMetal
import Logging
import Reconcilers
import ServiceLifecycle
import Synchronization

/// Whether this boot host leads.
final class LeadingFlag: Sendable {
  private let flag = Atomic<Bool>(false)

  var isSet: Bool { flag.load(ordering: .relaxed) }

  func set(_ value: Bool) { flag.store(value, ordering: .relaxed) }
}

/// Runs what only one of several boot hosts may run, while this one leads.
struct WhileLeading: Service {
  /// Between two attempts where leadership itself fails.
  private static let pause = Duration.seconds(1)

  let services: [any Service]
  let leadership: any Leadership
  let flag: LeadingFlag
  let logger: Logger

  func run() async throws {
    let (services, flag, logger) = (services, flag, logger)
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          try await leadership.whileLeading {
            flag.set(true)
            defer { flag.set(false) }
            try await Self.run(services)
          }
        } catch {
          guard !Task.isCancelled else { return }
          logger.error("What only the leader does has failed, and begins anew", metadata: ["error": "\(error)"])
        }
        try? await Task.sleep(for: Self.pause)
      }
    }
  }

  /// Until all have ended, or the task is cancelled.
  private static func run(_ services: [any Service]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for service in services { group.addTask { try await service.run() } }
      try await group.waitForAll()
    }
  }
}

/// Runs a service once everything that decides about boots is known: a machine that is in use must not be taken for one
/// that nobody knows.
struct OnceKnown: Service {
  let service: any Service
  let known: Gate

  func run() async throws {
    guard await known.wait() else { return }
    try await service.run()
  }
}

/// Opened once; until then, those who come wait.
final class Gate: Sendable {
  private let isOpened = Atomic<Bool>(false)

  var isOpen: Bool { isOpened.load(ordering: .acquiring) }

  func open() { isOpened.store(true, ordering: .releasing) }

  /// - Returns: whether it is open; it is not when the daemon ends first.
  func wait() async -> Bool {
    await cancelWhenGracefulShutdown {
      while !self.isOpen, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
    }
    return isOpen
  }
}

/// Opens the gate once the cluster's resources are known, and what was served before is served again.
struct MirrorReader: Service {
  let store: Stores
  let environments: Environments
  let known: Gate
  let logger: Logger

  func run() async throws {
    try await cancelWhenGracefulShutdown {
      if !known.isOpen {
        logger.notice("nothing is known of the cluster yet: machines are not answered until it was read")
        await store.mirror?.untilComplete()
        guard !Task.isCancelled else { return }
        try await environments.reconciler.serveKept()
        known.open()
      }
      // A service that ends would end the others.
      while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
    }
  }
}

/// Keeps the objects there that Sidero, too, makes by itself.
struct DefaultObjects: Service {
  private static let interval = Duration.seconds(60)

  let environments: Environments
  let logger: Logger

  func run() async throws {
    while !Task.isCancelled {
      do throws(StoreError) {
        try await environments.reconciler.ensureDefault()
      } catch {
        logger.warning("The default Environment is not there", metadata: ["error": "\(error)"])
      }
      try? await Task.sleep(for: Self.interval)
    }
  }
}
