import BMC
import BareMetal
import CoreMetrics
import Logging
import Testing

/// Runs `body` with a fleet that is impatient, and closes it.
func withFleet<Result>(
  _ change: (inout BMCFleetConfiguration) -> Void = { _ in }, metrics: any MetricsFactory = NOOPMetricsHandler.instance,
  _ body: (BMCFleet) async throws -> Result
) async throws -> Result {
  var configuration = BMCFleetConfiguration()
  configuration.firstTimeout = .milliseconds(50)
  configuration.longestTimeout = .milliseconds(400)
  configuration.retryDelay = .milliseconds(20)
  configuration.patience = .milliseconds(600)
  change(&configuration)
  var logger = Logger(label: "test")
  logger.logLevel = .error
  let fleet = try await BMCFleet(configuration: configuration, logger: logger, metrics: metrics)
  do {
    let result = try await body(fleet)
    await fleet.close()
    return result
  } catch {
    await fleet.close()
    throw error
  }
}

extension TestBMC {
  /// How to reach it.
  func access(_ user: String = "admin", _ password: String = "secret") -> IPMIAccess {
    IPMIAccess(host: "127.0.0.1", port: port, credentials: Credentials(user: user, password: Secret(password)))
  }
}

extension BMCFleet {
  func controller(
    of bmc: TestBMC, _ user: String = "admin", _ password: String = "secret",
    _ change: (inout IPMIAccess) -> Void = { _ in }
  ) -> any PowerController {
    var access = bmc.access(user, password)
    change(&access)
    return controller(for: .ipmi(access))
  }
}

/// The failure of something that must fail.
func failure<Result>(of body: () async throws -> Result) async -> BMCFailure? {
  do {
    _ = try await body()
    return nil
  } catch {
    return error as? BMCFailure
  }
}

/// The machine is as expected.
func expect(
  _ state: PowerState, of controller: any PowerController, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
  let seen = try await controller.powerState()
  #expect(seen == state, sourceLocation: sourceLocation)
}
