import BareMetal
import NIOHTTP1

extension RedfishController {
  func powerState() async throws(BMCFailure) -> PowerState { Self.powerState(of: try await system().json) }

  /// `PoweringOn` and `PoweringOff` are neither on nor off yet.
  private static func powerState(of system: JSONValue) -> PowerState {
    switch system["PowerState"]?.text {
    case "On": .on
    case "Off": .off
    default: .unknown
    }
  }

  /// Switches with `ComputerSystem.Reset` (DSP0268).
  ///
  /// A cycle is one `PowerCycle`, done when the service has confirmed it; where that is missing, off, seen to be off, and
  /// on.
  func switchPower(_ action: PowerAction, waits: Bool) async throws(BMCFailure) -> PowerState {
    let system = try await system()
    let state = Self.powerState(of: system.json)
    let reset = try await ResetAction(system, service)
    switch action {
    case .on, .off:
      let wanted: PowerState = action == .on ? .on : .off
      return try await bring(to: wanted, from: state, reset, waits: waits)
    case .cycle:
      if state == .off { return try await bring(to: .on, from: .off, reset, waits: waits) }
      if let type = reset.type(for: .cycle) {
        try done(try await reset.post(type, service), "the machine was power-cycled")
        return .unknown
      }
      // Before the power is cut: whether it comes back.
      guard reset.type(for: .on) != nil else { throw reset.unsupported(.on) }
      _ = try await bring(to: .off, from: state, reset, waits: true)
      return try await bring(to: .on, from: .off, reset, waits: waits)
    case .reset:
      guard state != .off else { throw BMCFailure(.refused, "the machine is off: there is nothing to reset") }
      guard let type = reset.type(for: .reset) else { throw reset.unsupported(.reset) }
      try done(try await reset.post(type, service), "the machine was reset")
      return waits ? try await powerState() : .unknown
    case .soft: return try await shutDown(from: state, reset, waits: waits)
    }
  }

  /// On and off may be asked for twice; still, nothing is repeated before the state was looked at.
  private func bring(
    to wanted: PowerState, from state: PowerState, _ reset: ResetAction, waits: Bool
  ) async throws(BMCFailure) -> PowerState {
    if state == wanted { return wanted }
    let action: PowerAction = wanted == .on ? .on : .off
    guard let type = reset.type(for: action) else { throw reset.unsupported(action) }
    let what = "the machine is \(wanted.rawValue)"
    switch try await reset.post(type, service) {
    case .done: break
    case .refused(let status, let failure):
      // Some refuse what is the case already: it changed since the state was read.
      guard [400, 409, 500].contains(status), try await powerState() == wanted else { throw failure }
      return wanted
    case .lost(let failure):
      let seen: PowerState
      do throws(BMCFailure) { seen = try await powerState() } catch { throw uncertain(what, failure) }
      if seen == wanted { return wanted }
      // Powering on or off: it was carried out.
      if seen != .unknown { try done(try await reset.post(type, service), what) }
    }
    return waits ? try await wait(for: wanted, service.limits.switchTime) : .unknown
  }

  private func shutDown(
    from state: PowerState, _ reset: ResetAction, waits: Bool
  ) async throws(BMCFailure) -> PowerState {
    if state == .off { return .off }
    guard let type = reset.type(for: .soft) else { throw reset.unsupported(.soft) }
    switch try await reset.post(type, service) {
    case .done: break
    case .refused(_, let failure): throw failure
    case .lost(let failure):
      // Never repeated: some operating systems take a second request for an order to halt at once.
      guard waits else { throw uncertain("the operating system was asked to shut down", failure) }
    }
    return waits ? try await wait(for: .off, service.limits.shutdownTime) : .unknown
  }

  private func wait(for wanted: PowerState, _ time: Duration) async throws(BMCFailure) -> PowerState {
    let end = ContinuousClock.now.advanced(by: time)
    var lastFailure: BMCFailure?
    repeat {
      do throws(BMCFailure) {
        if try await powerState() == wanted { return wanted }
        lastFailure = nil
      } catch {
        guard error.kind == .timedOut || error.kind == .busy || error.kind == .unreachable else { throw error }
        lastFailure = error
      }
      do { try await Task.sleep(for: service.limits.pollInterval) } catch {
        throw BMCFailure(.cancelled, "given up before the machine was seen to be \(wanted.rawValue)")
      }
    } while ContinuousClock.now < end
    if let lastFailure { throw uncertain("the machine is \(wanted.rawValue)", lastFailure) }
    throw BMCFailure(
      .timedOut,
      "\(name) accepted, but the machine was not seen to be \(wanted.rawValue) within "
        + "\(time.components.seconds) seconds")
  }
}

/// The action that switches a system, and what it may be asked for.
private struct ResetAction {
  let target: String
  let allowed: Set<String>

  init(_ system: RedfishService.Resource, _ service: RedfishService) async throws(BMCFailure) {
    let action = system.json["Actions"]?["#ComputerSystem.Reset"]
    guard let target = action?["target"]?.text else {
      throw BMCFailure(.unsupported, "\(service.name) cannot switch the machine: it has no ComputerSystem.Reset")
    }
    self.target = target
    var types = action?["ResetType@Redfish.AllowableValues"]?.elements.compactMap(\.text) ?? []
    // Newer services list them apart (DSP0266 §7.9, `@Redfish.ActionInfo`).
    if types.isEmpty, let information = try await service.getIfThere(action?["@Redfish.ActionInfo"]?.text) {
      let parameters = information.json["Parameters"]?.elements ?? []
      types =
        parameters.first { $0["Name"]?.text == "ResetType" }?["AllowableValues"]?.elements.compactMap(\.text) ?? []
    }
    allowed = types.isEmpty ? RedfishQuirks.commonResetTypes : Set(types)
  }

  func type(for action: PowerAction) -> String? { RedfishQuirks.resetTypes(for: action).first { allowed.contains($0) } }

  func post(_ type: String, _ service: RedfishService) async throws(BMCFailure) -> RedfishService.Outcome {
    try await service.change(.POST, target, .object(["ResetType": .string(type)]))
  }

  func unsupported(_ action: PowerAction) -> BMCFailure {
    BMCFailure(
      .unsupported,
      "the service cannot do '\(action.rawValue)', only: "
        + allowed.sorted().prefix(16).map { HTTPOrigin.printable($0, limit: 32) }.joined(separator: ", "))
  }
}
