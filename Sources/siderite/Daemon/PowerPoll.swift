import BMC
import HTTPServices
import ServiceLifecycle

/// Asks every Server's power now and then, so that `status.power` and the condition `BMCReachable` are true of Servers
/// that nobody asks about.
struct PowerPoll: Service {
  /// Controllers asked at a time: BMCs are slow, share their network, and answer people too.
  private static let concurrency = 64
  /// After the daemon's start, which has better things to do at first.
  private static let firstDelay = Duration.seconds(5)

  let servers: ServerOperator
  /// Between the end of a round and the begin of the next, a fifth more or less: several boot hosts do not keep step.
  let interval: Duration

  func run() async throws {
    await cancelWhenGracefulShutdown {
      var delay = Self.firstDelay
      while (try? await Task.sleep(for: delay)) != nil {
        await servers.refreshPower(limit: Self.concurrency)
        delay = interval * Double.random(in: 0.8...1.2)
      }
    }
  }
}

/// Ends the sessions with every management controller when the daemon ends.
struct FleetCloser: Service {
  let fleet: BMCFleet

  func run() async throws {
    try? await gracefulShutdown()
    await fleet.close()
  }
}
