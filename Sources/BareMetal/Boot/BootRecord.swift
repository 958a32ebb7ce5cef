public import Wire

/// One machine's way, as far as it was seen.
public struct BootRecord: Hashable, Sendable, Codable {
  public var mac: MACAddress?
  public var uuid: SystemUUID?
  public var address: IPAddress?
  /// Oldest first, the last ``BootJournal/Limits/eventsPerMachine``.
  public var events: [BootEvent]

  public init(mac: MACAddress? = nil, uuid: SystemUUID? = nil, address: IPAddress? = nil, events: [BootEvent] = []) {
    self.mac = mac
    self.uuid = uuid
    self.address = address
    self.events = events
  }

  /// What a person calls it: the hardware address, else the UUID, else the IP address.
  public var name: String { mac?.description ?? uuid?.description ?? address?.description ?? "?" }
}
