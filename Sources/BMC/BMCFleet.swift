public import BareMetal
public import Logging

/// Every management controller that is spoken with: one owner each, few sockets, bounded everything.
public final class BMCFleet: Sendable {
  private let configuration: BMCFleetConfiguration
  private let logger: Logger

  public init(configuration: BMCFleetConfiguration = BMCFleetConfiguration(), logger: Logger) async throws {
    self.configuration = configuration
    self.logger = logger
  }

  /// The controller of a machine. The same method gives the same owner: sessions, queues and what is known are shared.
  public func controller(for method: ManagementMethod) -> any PowerController {
    ManualController(reason: "not built yet")
  }

  /// Ends every session, bounded in time.
  public func close() async {}
}

/// Limits of a ``BMCFleet``.
public struct BMCFleetConfiguration: Sendable {
  /// Controllers spoken with at a time; others wait. IPMI costs a few kB each, the limit spares the network.
  public var concurrency = 1024

  public init() {}
}
