import BareMetal
import IPMI

/// A machine that is switched by IPMI over LAN.
struct IPMIController: PowerController {
  let access: IPMIAccess
  let network: IPMINetwork

  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
    try await network.perform(at: access) { bmc throws(IPMIFailure) in try await Self.answer(request, by: bmc) }
  }

  private static func answer(_ request: BMCRequest, by bmc: IPMITurn) async throws(IPMIFailure) -> BMCAnswer {
    switch request {
    case .powerStatus:
      let reply = try await bmc.perform(IPMIRequest(GetChassisStatus()))
      guard let status = try? reply.response(to: GetChassisStatus()) else { throw .unusable("x") }
      return .power(status.isOn ? .on : .off)
    default: throw .unusable("not built yet")
    }
  }
}
