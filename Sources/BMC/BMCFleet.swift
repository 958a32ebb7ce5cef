public import BareMetal
public import CoreMetrics
public import Logging

/// Every management controller that is spoken with: one owner each, few sockets, bounded everything.
public final class BMCFleet: Sendable {
  private let ipmi: IPMINetwork
  private let http: HTTPDrivers

  /// - Throws: when this host gives no UDP socket.
  public init(
    configuration: BMCFleetConfiguration = BMCFleetConfiguration(), logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory
  ) async throws {
    ipmi = try await IPMINetwork(configuration, logger: logger, metrics: metrics)
    http = HTTPDrivers()
  }

  /// The controller of a machine. The same method gives the same owner: sessions, queues and what is known are shared.
  public func controller(for method: ManagementMethod) -> any PowerController {
    switch method {
    case .ipmi(let access): IPMIController(access: access, network: ipmi)
    case .redfish(let access): http.redfish(access)
    case .managementAPI(let baseURL): http.managementAPI(baseURL)
    case .wakeOnLAN(let address, let broadcast): WakeOnLANController(address: address, broadcast: broadcast)
    case .manual(let reason): ManualController(reason: reason)
    }
  }

  /// Ends every session, bounded in time. Whoever still waits for an answer fails as cancelled.
  public func close() async {
    async let ipmiClosed: Void = ipmi.close()
    await http.close()
    await ipmiClosed
  }
}
