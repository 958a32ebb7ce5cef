import BareMetal
import Wire

/// What Redfish services do that the specification does not say, in one place.
///
/// Where it matters for all of them, the behaviour is everybody's and no vendor is asked for:
/// - iLO 4 redirects `/redfish/v1` to `/redfish/v1/`: asked for with the slash.
/// - iLO 4 answers a wrong password with 400 and `UnauthorizedLoginAttempt`; see ``login(status:body:)``.
/// - iDRAC answers a full session table with 400 or 503 and `RAC0218`; others with `SessionLimitExceeded`: Basic is tried.
/// - iDRAC deletes finished tasks, whose monitor then answers 404.
/// - iDRAC answers 409 and iLO 400 when the machine already is as asked: the state is looked at again.
/// - Supermicro has no `PowerCycle`; iDRAC has, iLO too from 5 on: cycles are off and on where it is missing.
/// - Supermicro X11 to X13 forget the boot mode unless each PATCH repeats it, and call the CD `UsbCd`; see
///   ``bootBody(for:system:)``.
/// - iLO refuses a PATCH that sets the boot mode, even to what it is: sent only when it changes.
/// - AMI MegaRAC (Lenovo, Gigabyte, ASRock Rack) takes boot overrides at the system's settings resource
///   (`@Redfish.Settings`), wants `If-Match`, and gives weak entity tags that only match as strong ones; see
///   ``entityTags(_:)``.
/// - Services leave out `Links.ManagedBy` and `Links.Chassis` (AMI, early Supermicro): the only member is taken.
/// - Fujitsu's and Dell's `Location` are whole URLs: accepted if they lead to the same origin.
/// - Readings come as text (Supermicro, iDRAC 7).
enum RedfishQuirks {
  enum Login {
    case accepted, wrongPassword, forbidden, exhausted, noSessions
  }

  /// What the answer to a POST to `Sessions` means.
  static func login(status: UInt, body: JSONValue?) -> Login {
    let identifiers = (body?["error"]?["@Message.ExtendedInfo"]?.elements ?? [])
      .compactMap { $0["MessageId"]?.text ?? $0["MessageID"]?.text }
    func mentions(_ words: String...) -> Bool { identifiers.contains { id in words.contains { id.contains($0) } } }
    switch status {
    case 200..<300: return .accepted
    case _ where mentions("SessionLimitExceeded", "RAC0218"): return .exhausted
    case 401: return .wrongPassword
    case 403: return .forbidden
    case 400 where mentions("UnauthorizedLogin", "LoginFailure", "ResourceAtUriUnauthorized"): return .wrongPassword
    case 503: return .exhausted
    default: return .noSessions
    }
  }

  /// The reset types to try for an action, in this order (DSP0268, `Resource.ResetType`).
  static func resetTypes(for action: PowerAction) -> [String] {
    switch action {
    case .on: ["On", "ForceOn"]
    case .off: ["ForceOff"]
    case .cycle: ["PowerCycle"]
    case .reset: ["ForceRestart"]
    // The button of a machine that is on: ACPI asks the operating system.
    case .soft: ["GracefulShutdown", "PushPowerButton"]
    }
  }

  /// Reset types of a service that does not say which it allows: those of Redfish 1.0 that all implement.
  static let commonResetTypes: Set<String> = ["On", "ForceOff", "ForceRestart", "GracefulShutdown"]

  /// Names of boot targets, in the order to try (DSP0268, `ComputerSystem.BootSource`).
  static func targets(for device: BootOverride.Device) -> [String] {
    switch device {
    case .none: ["None"]
    case .pxe: ["Pxe"]
    case .disk: ["Hdd"]
    case .cd: ["Cd", "UsbCd"]
    case .setup: ["BiosSetup"]
    }
  }

  static func device(named target: String) -> BootOverride.Device? {
    BootOverride.Device.allCases.first { targets(for: $0).contains(target) }
  }

  /// What sets a boot override. `nil`: the service does not allow this device.
  ///
  /// - Parameter boot: the `Boot` of the resource that is changed.
  static func bootBody(for override: BootOverride, boot: JSONValue?, manufacturer: String?) -> JSONValue? {
    let allowed = boot?["BootSourceOverrideTarget@Redfish.AllowableValues"]?.elements.compactMap(\.text) ?? []
    let names = targets(for: override.device)
    // Taking an override back is always allowed: "None" is not always listed.
    guard
      let target = names.first(where: { allowed.contains($0) })
        ?? (allowed.isEmpty || override.device == .none ? names.first : nil)
    else { return nil }
    let enabled = override.device == .none ? "Disabled" : override.isPersistent ? "Continuous" : "Once"
    var body: [String: JSONValue] = [
      "BootSourceOverrideTarget": .string(target), "BootSourceOverrideEnabled": .string(enabled),
    ]
    let current = boot?["BootSourceOverrideMode"]?.text
    let wanted = override.mode.map { $0 == .uefi ? "UEFI" : "Legacy" }
    let forgets = manufacturer?.lowercased().contains("supermicro") == true
    if let wanted, wanted != current || forgets {
      body["BootSourceOverrideMode"] = .string(wanted)
    } else if forgets, let current, override.device != .none {
      body["BootSourceOverrideMode"] = .string(current)
    }
    return .object(["Boot": .object(body)])
  }

  /// What to send as `If-Match`, once and, if that does not match, once again.
  static func entityTag(_ tag: String?, isSecondAttempt: Bool) -> String? {
    guard let tag, tag.utf8.count <= 256, tag.utf8.allSatisfy({ $0 > 0x1f && $0 < 0x7f }) else { return nil }
    return isSecondAttempt && tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
  }

  /// Which of several logs is the machine's own: IPMI's SEL, iLO's IML, Supermicro's Log1.
  static func rank(ofLog log: JSONValue) -> Int {
    if log["LogEntryType"]?.text == "SEL" { return 0 }
    let names = ["sel", "iml", "log1", "eventlog", "log"]
    return 1 + (names.firstIndex(of: log["Id"]?.text?.lowercased() ?? "") ?? names.count)
  }

  /// Redfish times: ISO 8601 with a zone, `2026-11-24T12:45:00+01:00`, with or without fractions of seconds; iDRAC's end in
  /// `-06:00`, Supermicro's in `Z`, and some have no zone, which is taken
  /// for UTC. `nil`: no time, or one from before Redfish, of a controller that knows none.
  static func time(_ text: String?) -> Timestamp? {
    guard let text, text.utf8.count >= 19, text.utf8.count <= 40, let base = Timestamp(text.prefix(19) + "Z"),
      base.seconds >= 946_684_800  // 2000
    else { return nil }
    let rest = text.dropFirst(19).drop { $0 == "." || $0.isNumber }
    guard let sign = rest.first, sign == "+" || sign == "-" else { return base }
    let parts = rest.dropFirst().split(separator: ":")
    guard parts.count == 2, let hours = Int64(parts[0]), let minutes = Int64(parts[1]), (0..<24).contains(hours),
      (0..<60).contains(minutes)
    else { return nil }
    let offset = (hours * 60 + minutes) * 60
    return base.advanced(bySeconds: sign == "+" ? -offset : offset)
  }
}
