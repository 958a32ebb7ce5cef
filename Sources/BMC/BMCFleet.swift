public import BareMetal
public import Logging

/// Every management controller that is spoken with: one owner each, few sockets, bounded everything.
public final class BMCFleet: Sendable {
  private let ipmi: IPMINetwork

  /// - Throws: when this host gives no UDP socket.
  public init(configuration: BMCFleetConfiguration = BMCFleetConfiguration(), logger: Logger) async throws {
    ipmi = try await IPMINetwork(configuration, logger: logger)
  }

  /// The controller of a machine. The same method gives the same owner: sessions, queues and what is known are shared.
  public func controller(for method: ManagementMethod) -> any PowerController {
    switch method {
    case .ipmi(let access): IPMIController(access: access, network: ipmi)
    case .redfish: ManualController(reason: "Redfish is not built yet")
    case .managementAPI: ManualController(reason: "the management API is not built yet")
    case .wakeOnLAN: ManualController(reason: "wake-on-LAN is not built yet")
    case .manual(let reason): ManualController(reason: reason)
    }
  }

  /// Ends every session, bounded in time. Whoever still waits for an answer fails as cancelled.
  public func close() async { await ipmi.close() }
}
