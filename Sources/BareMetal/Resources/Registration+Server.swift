public import Wire

/// Why a registration was refused. The text goes to the machine's console.
public struct RegistrationError: Error, Equatable, Sendable, CustomStringConvertible {
  public var description: String
}

extension Registration {
  /// Bounds on what a machine may say of itself. A large real machine (8 sockets, 128 DIMMs, 100 disks, 64 NICs with
  /// their virtual functions) stays far below them.
  public enum Limits {
    public static let stringBytes = 256
    public static let listEntries = 1024
    /// Of one disk: it has at most 128 partitions in practice, each with a name and a file system.
    public static let labels = 256
  }

  /// The Server this registration makes of `existing` (the stored one of that name, if any).
  ///
  /// A new Server is not accepted unless `autoAccept` says so. An existing one keeps everything a person or a
  /// controller set; only the facts are refreshed.
  ///
  /// - Parameter reported: what the machine says, when its Server is not named by that.
  public func server(
    replacing existing: Server?, uuid: SystemUUID, reported: SystemUUID? = nil, autoAccept: Bool
  ) -> Server {
    var server =
      existing
      ?? Server(
        metadata: ObjectMeta(name: uuid.description), spec: ServerSpec(accepted: autoAccept), status: ServerStatus())
    server.spec.hardware = hardware
    server.spec.hardware?.system?.uuid = (reported ?? uuid).description
    if let reported, reported != uuid {
      server.metadata.annotations = (server.metadata.annotations ?? [:])
        .merging([Server.reportedUUIDAnnotation: reported.description]) { $1 }
    }
    if let hostname, !hostname.isEmpty { server.spec.hostname = hostname }
    return server
  }

  /// The addresses as the Server's status keeps them; other types of addresses that it has stay.
  public func nodeAddresses(replacing existing: [NodeAddress]?) -> [NodeAddress]? {
    guard let addresses else { return existing }
    return (existing ?? []).filter { $0.type != "InternalIP" }
      + addresses.map { NodeAddress(type: "InternalIP", address: $0) }
  }

  /// Checks the whole report and returns the UUID that the machine says, which may be no name
  /// (``SystemUUID/unusableReason``).
  ///
  /// - Throws: ``RegistrationError`` when there is no UUID, or a string or list exceeds ``Limits``.
  public func validated() throws(RegistrationError) -> SystemUUID {
    guard let text = hardware.system?.uuid, !text.isEmpty else {
      throw RegistrationError(description: "hardware.system.uuid is missing: without it a machine has no name")
    }
    guard let uuid = SystemUUID(text) else {
      throw RegistrationError(description: "hardware.system.uuid is not a UUID")
    }
    try checkLists()
    try checkStrings()
    return uuid
  }

  private func checkLists() throws(RegistrationError) {
    let lists: [(String, Int?)] = [
      ("addresses", addresses?.count),
      ("hardware.compute.processors", hardware.compute?.processors?.count),
      ("hardware.memory.modules", hardware.memory?.modules?.count),
      ("hardware.storage.devices", hardware.storage?.devices?.count),
      ("hardware.network.interfaces", hardware.network?.interfaces?.count),
    ]
    for (path, count) in lists {
      guard (count ?? 0) <= Limits.listEntries else {
        throw RegistrationError(description: "\(path) has more than \(Limits.listEntries) entries")
      }
    }
    for disk in hardware.storage?.devices ?? [] {
      guard (disk.labels?.count ?? 0) <= Limits.labels else {
        throw RegistrationError(description: "hardware.storage.devices[].labels has more than \(Limits.labels) entries")
      }
    }
    for interface in hardware.network?.interfaces ?? [] {
      guard (interface.addresses?.count ?? 0) <= Limits.listEntries else {
        throw RegistrationError(
          description: "hardware.network.interfaces[].addresses has more than \(Limits.listEntries) entries")
      }
    }
  }

  private func checkStrings() throws(RegistrationError) {
    let system = hardware.system
    var named: [(String, [String?])] = [
      ("hostname", [hostname]), ("bootMAC", [bootMAC]), ("addresses", addresses ?? []),
      (
        "hardware.system",
        [
          system?.manufacturer, system?.productName, system?.version, system?.serialNumber, system?.skuNumber,
          system?.family,
        ]
      ),
      ("hardware.memory.totalSize", [hardware.memory?.totalSize]),
      ("hardware.storage.totalSize", [hardware.storage?.totalSize]),
      (
        "hardware.firmware",
        [
          hardware.firmware?.vendor, hardware.firmware?.version, hardware.firmware?.releaseDate,
          hardware.firmware?.mode,
        ]
      ),
      (
        "hardware.baseboard",
        [
          hardware.baseboard?.manufacturer, hardware.baseboard?.productName, hardware.baseboard?.version,
          hardware.baseboard?.serialNumber,
        ]
      ),
      (
        "hardware.chassis",
        [
          hardware.chassis?.manufacturer, hardware.chassis?.type, hardware.chassis?.serialNumber,
          hardware.chassis?.assetTag,
        ]
      ),
    ]
    named += (hardware.compute?.processors ?? []).map {
      ("hardware.compute.processors[]", [$0.manufacturer, $0.productName, $0.serialNumber])
    }
    named += (hardware.memory?.modules ?? []).map {
      ("hardware.memory.modules[]", [$0.manufacturer, $0.productName, $0.serialNumber, $0.type])
    }
    named += (hardware.storage?.devices ?? []).map {
      (
        "hardware.storage.devices[]",
        [$0.type, $0.productName, $0.serialNumber, $0.name, $0.deviceName, $0.uuid, $0.wwid]
          + ($0.labels ?? [])
      )
    }
    named += (hardware.network?.interfaces ?? []).map {
      ("hardware.network.interfaces[]", [$0.name, $0.flags, $0.mac] + ($0.addresses ?? []))
    }
    for (path, strings) in named {
      for text in strings.compactMap(\.self) {
        guard text.utf8.count <= Limits.stringBytes else {
          throw RegistrationError(description: "a text in \(path) is longer than \(Limits.stringBytes) bytes")
        }
        guard PlainText.isPlain(text) else {
          throw RegistrationError(description: "a text in \(path) has control characters")
        }
      }
    }
  }
}
