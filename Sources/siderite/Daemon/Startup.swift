import HTTPServices
import LinuxSystem
import Logging
import ServiceLifecycle
import Synchronization

/// Which listeners are still to come up.
final class Startup: Sendable {
  private struct State {
    var waiting: Set<String> = []
    var checks: [ReadinessCheck] = []
  }

  private let state = Mutex(State())
  private let progress = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

  /// Names a listener that readiness waits for.
  /// - Parameter checks: what must be answered besides, once it listens.
  /// - Returns: what the listener calls when it listens.
  func expect(_ name: String, checks: [ReadinessCheck] = []) -> @Sendable () -> Void {
    state.withLock { state in
      state.waiting.insert(name)
      state.checks.append(
        ReadinessCheck(name) { [weak self] in
          self?.isWaiting(for: name) == true ? "not listening yet" : nil
        })
      state.checks += checks
    }
    return { [weak self] in self?.arrived(name) }
  }

  /// Adds what must hold besides.
  func require(_ check: ReadinessCheck) { state.withLock { $0.checks.append(check) } }

  /// Everything that must hold for the appliance to be ready.
  var checks: [ReadinessCheck] { state.withLock(\.checks) }

  /// Returns when every listener listens.
  func everyListener() async {
    for await _ in progress.stream where state.withLock({ $0.waiting.isEmpty }) { return }
  }

  private func isWaiting(for name: String) -> Bool { state.withLock { $0.waiting.contains(name) } }

  private func arrived(_ name: String) {
    state.withLock { _ = $0.waiting.remove(name) }
    progress.continuation.yield()
  }
}

/// Tells systemd, and the log, when every listener not only listens but answers.
struct StartupReporter: Service {
  /// Between two rounds of questions; the first is asked at once.
  private static let interval = Duration.milliseconds(50)

  let startup: Startup
  let checks: [ReadinessCheck]
  let notifier: ServiceNotifier
  let logger: Logger

  func run() async throws {
    await cancelWhenGracefulShutdown {
      await startup.everyListener()
      var problems = await ReadinessCheck.problems(checks)
      while !problems.isEmpty, !Task.isCancelled {
        try? await Task.sleep(for: Self.interval)
        problems = await ReadinessCheck.problems(checks)
      }
      if !Task.isCancelled { announce() }
    }
    try? await gracefulShutdown()
    tell(.stopping)
  }

  private func announce() {
    logger.notice("ready")
    tell(.ready, .status("ready: 'siderite boots --watch' shows machines boot"))
  }

  private func tell(_ states: ServiceNotifier.State...) {
    for state in states {
      do {
        try notifier.notify(state)
      } catch {
        logger.warning("systemd was not told", metadata: ["error": "\(error)"])
      }
    }
  }
}
