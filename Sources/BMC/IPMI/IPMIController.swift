import BareMetal
import IPMI

/// A machine that is switched by IPMI over LAN.
struct IPMIController: PowerController {
  let access: IPMIAccess
  let network: IPMINetwork

  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
    try await network.perform(at: access) { (bmc) async throws(IPMIFailure) in try await Self.answer(request, by: bmc) }
  }

  func openConsole(takingOver: Bool) async throws(BMCFailure) -> any SerialConsole {
    try await IPMIConsole(access, by: network, takingOver: takingOver)
  }

  private static func answer(_ request: BMCRequest, by bmc: IPMITurn) async throws(IPMIFailure) -> BMCAnswer {
    switch request {
    case .powerStatus: return .power(try await bmc.powerStatus() ? .on : .off)
    case .power(let action, let waits):
      let isOn = try await bmc.power(PowerOperation(action), waits: waits)
      return .power(isOn.map { $0 ? .on : .off } ?? .unknown)
    case .boot: return .boot(try await bmc.readBoot().map { BootOverride($0) })
    case .setBoot(let override):
      try await bmc.setBoot(
        BootFlags.Device(override.device), isPersistent: override.isPersistent,
        isUEFI: override.mode.map { $0 == .uefi })
      return .done
    case .identify(let seconds):
      _ = try await bmc.ask(ChassisIdentify(seconds: seconds))
      return .done
    case .information:
      let description = try await bmc.readInformation()
      return .information(BMCInformation(description, cipherSuite: bmc.cipherSuite))
    case .sensors: return .sensors(try await bmc.readSensors().map { SensorReading($0) })
    case .eventLog: return .eventLog(try await bmc.readEventLog().map { EventLogEntry($0) })
    case .clearEventLog:
      try await bmc.clearEventLog()
      return .done
    case .inventory: return .inventory(try await bmc.readInventory().flatMap { InventoryItem.items(of: $0) })
    case .users: return .users(try await bmc.readUsers().map { BMCUser($0) })
    }
  }
}
