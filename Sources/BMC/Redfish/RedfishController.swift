import BareMetal
import NIOHTTP1

/// One system of a Redfish service (DMTF DSP0266, DSP0268).
///
/// What a service does in its own way is in ``RedfishQuirks``.
struct RedfishController: PowerController {
  /// Members read of one collection of parts: a large machine has 64 memory modules and four processors.
  static let maximumParts = 256
  static let maximumLogEntries = 10_000
  static let maximumUsers = 64
  static let maximumSensors = 1024
  static let maximumChassis = 16

  let service: RedfishService
  /// `nil`: the only one.
  let systemName: String?
  /// Changes of the system never overlap.
  let turnstile: Turnstile

  var name: String { service.name }

  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
    switch request {
    case .powerStatus: return .power(try await powerState())
    case .boot: return .boot(try await bootOverride())
    case .information: return .information(try await information())
    case .sensors: return .sensors(try await sensors())
    case .eventLog: return .eventLog(try await eventLog())
    case .inventory: return .inventory(try await inventory())
    case .users: return .users(try await users())
    case .power, .setBoot, .identify, .clearEventLog:
      return try await turnstile.pass(name) { () async throws(BMCFailure) in try await change(request) }
    }
  }

  private func change(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
    switch request {
    case .power(let action, let waits): return .power(try await switchPower(action, waits: waits))
    case .setBoot(let override): try await overrideBoot(override)
    case .identify(let seconds): try await identify(seconds: seconds)
    case .clearEventLog: try await clearEventLog()
    case .powerStatus, .boot, .information, .sensors, .eventLog, .inventory, .users: break
    }
    return .done
  }

  func system() async throws(BMCFailure) -> RedfishService.Resource { try await service.system(named: systemName) }

  /// A change that is done, or why not.
  func done(_ outcome: RedfishService.Outcome, _ what: String) throws(BMCFailure) {
    switch outcome {
    case .done: return
    case .refused(_, let failure): throw failure
    case .lost(let failure): throw uncertain(what, failure)
    }
  }

  func uncertain(_ what: String, _ cause: BMCFailure) -> BMCFailure {
    BMCFailure(.uncertain, "it is not known whether \(what): \(cause.message)")
  }
}
