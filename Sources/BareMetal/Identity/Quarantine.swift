public import Wire

/// Why it is doubted which machine a Server is.
public struct Quarantine: Hashable, Sendable {
  /// The reason of the condition `Quarantined`.
  public enum Reason: String, Hashable, Sendable {
    /// All zeros or all ones: SMBIOS §7.2.1.
    case unsetUUID = "UnsetUUID"
    /// A UUID that many boards have.
    case vendorDefaultUUID = "VendorDefaultUUID"
    /// Another machine has the UUID.
    case duplicateUUID = "DuplicateUUID"
  }

  public var reason: Reason
  public var message: String

  public init(_ reason: Reason, _ message: String) {
    self.reason = reason
    self.message = message
  }
}

/// Which Server a machine that registers is.
public enum MachineIdentity: Hashable, Sendable {
  /// The one of its UUID.
  case known(SystemUUID)
  /// One of a name that is derived from its facts, and doubted until a person confirms it.
  case doubted(SystemUUID, Quarantine)
  /// There is nothing to tell it from others by.
  case none(String)

  /// - Parameters:
  ///   - uuid: what the machine says.
  ///   - stored: the Server of that name.
  public init(_ uuid: SystemUUID, _ facts: MachineFacts, stored: Server?) {
    if let reason = uuid.unusableReason {
      guard let derived = facts.derivedUUID else {
        self = .none(
          "hardware.system.uuid is \(uuid), which names no machine, and there is no serial number and no NIC")
        return
      }
      self = .doubted(
        derived,
        Quarantine(
          reason,
          "its UUID \(uuid) \(reason == .unsetUUID ? "is not set" : "is one that many boards have"): \(facts)"))
      return
    }
    guard let stored, let derived = facts.derivedUUID else {
      self = .known(uuid)
      return
    }
    let others = MachineFacts(stored.spec.hardware)
    guard facts.isAnother(than: others) else {
      self = .known(uuid)
      return
    }
    self = .doubted(
      derived,
      Quarantine(.duplicateUUID, "its UUID \(uuid) is another machine's too: this is \(facts); that is \(others)"))
  }
}

extension Resource where Kind == ServerKind {
  /// On a Server whose name is derived: the UUID that its machine says.
  public static var reportedUUIDAnnotation: String { "metal.sidero.dev/reported-uuid" }

  /// Whether its machine is known by what was derived.
  public var hasDerivedName: Bool { metadata.annotations?[Self.reportedUUIDAnnotation] != nil }

  /// Whether a machine whose boot NIC has that address may be this Server. Not known, or nothing to compare: yes.
  public func mayBoot(from mac: MACAddress?) -> Bool {
    guard let mac else { return true }
    let known = MachineFacts(spec.hardware).macs
    return known.isEmpty || known.contains(mac)
  }
}
