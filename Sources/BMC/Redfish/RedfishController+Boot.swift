import BareMetal
import NIOHTTP1

extension RedfishController {
  /// The boot override (DSP0268, `ComputerSystem.Boot`).
  func bootOverride() async throws(BMCFailure) -> BootOverride? {
    let boot = try await bootResource().json["Boot"]
    let enabled = boot?["BootSourceOverrideEnabled"]?.text
    guard let target = boot?["BootSourceOverrideTarget"]?.text, enabled == "Once" || enabled == "Continuous",
      target != "None"
    else { return nil }
    guard let device = RedfishQuirks.device(named: target) else {
      throw BMCFailure(.unsupported, "the machine boots '\(HTTPOrigin.printable(target))', which has no name here")
    }
    let mode: PXEMode? =
      switch boot?["BootSourceOverrideMode"]?.text {
      case "UEFI": .uefi
      case "Legacy": .bios
      default: nil
      }
    return BootOverride(device, isPersistent: enabled == "Continuous", mode: mode)
  }

  /// Sets it, with a condition on the state that was read (`If-Match`); once again when that was changed meanwhile (412).
  func overrideBoot(_ override: BootOverride) async throws(BMCFailure) {
    for attempt in 0..<2 {
      let resource = try await bootResource()
      let manufacturer = try await system().json["Manufacturer"]?.text
      let boot = resource.json["Boot"]
      guard let body = RedfishQuirks.bootBody(for: override, boot: boot, manufacturer: manufacturer) else {
        let allowed = boot?["BootSourceOverrideTarget@Redfish.AllowableValues"]?.elements.compactMap(\.text) ?? []
        throw BMCFailure(
          .unsupported,
          "the machine cannot be told to boot '\(override.device.rawValue)', only: "
            + allowed.prefix(16).map { HTTPOrigin.printable($0, limit: 32) }.joined(separator: ", "))
      }
      let tag = RedfishQuirks.entityTag(resource.entityTag, isSecondAttempt: attempt > 0)
      let outcome = try await service.change(.PATCH, resource.path, body, ifMatch: tag)
      if case .refused(412, _) = outcome, attempt == 0 { continue }
      return try done(outcome, "the boot override is set")
    }
  }

  /// The resource that has the override: the system, or what holds its settings for the next start.
  private func bootResource() async throws(BMCFailure) -> RedfishService.Resource {
    let system = try await system()
    let link = system.json["@Redfish.Settings"]?["SettingsObject"]?.link
    guard let settings = try await service.getIfThere(link),
      settings.json["Boot"]?["BootSourceOverrideTarget"] != nil
    else { return system }
    // What is allowed is only told by the system.
    var merged = settings
    let allowed = "BootSourceOverrideTarget@Redfish.AllowableValues"
    if case .object(var members) = settings.json, case .object(var boot)? = members["Boot"], boot[allowed] == nil {
      boot[allowed] = system.json["Boot"]?[allowed]
      members["Boot"] = .object(boot)
      merged.json = .object(members)
    }
    return merged
  }

  /// Blinks the system's light. Redfish knows no time: it is switched off again after it, while the caller waits.
  func identify(seconds: UInt8) async throws(BMCFailure) {
    try await setLight(seconds > 0)
    guard seconds > 0 else { return }
    // Given up: the light stays, like that of somebody who left.
    do { try await Task.sleep(for: .seconds(seconds)) } catch {
      throw BMCFailure(.cancelled, "given up while the light blinks; '0 seconds' ends it")
    }
    try await setLight(false)
  }

  private func setLight(_ isLit: Bool) async throws(BMCFailure) {
    let system = try await system()
    let body: JSONValue
    if system.json["LocationIndicatorActive"] != nil {
      body = .object(["LocationIndicatorActive": .bool(isLit)])
    } else if system.json["IndicatorLED"] != nil {
      body = .object(["IndicatorLED": .string(isLit ? "Blinking" : "Off")])
    } else {
      throw BMCFailure(.unsupported, "\(name) has no light to find the machine by")
    }
    let outcome = try await service.change(.PATCH, system.path, body, ifMatch: system.entityTag)
    try done(outcome, "the light is \(isLit ? "on" : "off")")
  }
}
