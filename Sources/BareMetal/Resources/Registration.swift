/// What the discovery agent sends: `POST /agent/v1/registrations`.
public struct Registration: Codable, Hashable, Sendable {
  public var hardware: HardwareInformation
  public var hostname: String?
  /// The addresses the agent has, without prefix length.
  public var addresses: [String]?
  /// The NIC the machine booted from, as its kernel command line named it.
  public var bootMAC: String?

  public init(
    hardware: HardwareInformation, hostname: String? = nil, addresses: [String]? = nil, bootMAC: String? = nil
  ) {
    self.hardware = hardware
    self.hostname = hostname
    self.addresses = addresses
    self.bootMAC = bootMAC
  }
}

/// What the agent is told.
public struct RegistrationResponse: Codable, Hashable, Sendable {
  /// The name of the Server that now stands for the machine.
  public var server: String
  public var action: AgentAction
  /// What to set the machine's BMC up with before that; `nil`: nothing is written to it.
  public var bmcSetup: BMCSetup?
  /// What to do with its disks; `nil`: nothing is written to them. What to do afterwards, the answer to the last report
  /// says.
  public var wipe: WipeOrder?

  public init(server: String, action: AgentAction, bmcSetup: BMCSetup? = nil, wipe: WipeOrder? = nil) {
    self.server = server
    self.action = action
    self.bmcSetup = bmcSetup
    self.wipe = wipe
  }
}

/// What the agent does when it is done.
public enum AgentAction: String, Codable, Hashable, Sendable, CaseIterable {
  /// Power off, so that a machine with nothing to do neither loops nor burns energy.
  case powerOff = "poweroff"
  case reboot
  /// Stay, for a person at the console.
  case wait
}

/// What the agent reports while it works: `POST /agent/v1/events`.
public struct AgentEvent: Codable, Hashable, Sendable {
  public var mac: String?
  public var uuid: String?
  /// One line for people, 200 bytes at most.
  public var message: String

  public init(mac: String? = nil, uuid: String? = nil, message: String) {
    self.mac = mac
    self.uuid = uuid
    self.message = message
  }
}
