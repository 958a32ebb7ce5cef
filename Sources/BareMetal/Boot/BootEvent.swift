public import Wire

/// One thing that happened on a machine's way from power-on to a Server.
public struct BootEvent: Hashable, Sendable, Codable {
  public var time: Timestamp
  /// One word for programs, in the manner of Kubernetes event reasons: `OfferSent`, `TransferFinished`.
  public var reason: String
  /// One line for people.
  public var message: String
  /// Whether the boot cannot go on, or went wrong.
  public var isWarning: Bool

  public init(time: Timestamp, reason: String, message: String, isWarning: Bool = false) {
    self.time = time
    self.reason = reason
    self.message = message
    self.isWarning = isWarning
  }
}

/// What a service knows of the machine it speaks with: DHCP knows hardware addresses, TFTP only an IP address, the agent
/// the UUID. The journal brings them together.
public struct BootSubject: Hashable, Sendable {
  public var mac: MACAddress?
  public var uuid: SystemUUID?
  public var address: IPAddress?

  public init(mac: MACAddress? = nil, uuid: SystemUUID? = nil, address: IPAddress? = nil) {
    self.mac = mac
    self.uuid = uuid
    self.address = address
  }
}

/// What a service can see happen.
public enum BootOccurrence: Hashable, Sendable {
  /// DHCP: a network-boot client asked. `client` says what it is: `UEFI x86-64 PXE`.
  case discovered(client: String)
  /// DHCP: an address, a boot program or both were offered.
  case offered(address: IPAddress?, boot: String?)
  /// DHCP: the client took them.
  case acknowledged(address: IPAddress?, boot: String?)
  /// DHCP: the client took an address of another server.
  case addressTaken(address: IPv4Address, server: IPv4Address)
  /// DHCP: a server that is not ours answers here too, gives the machine an address or boots it.
  case answeredElsewhere(server: IPv4Address, mac: MACAddress, address: IPAddress?, boot: String?)
  /// DHCP: an address was not offered, for another station has it.
  case addressInUse(address: IPv4Address, by: MACAddress)
  /// DHCP: a request was refused (NAK), or nothing can be done for the client.
  case refused(reason: String)
  /// TFTP or HTTP: a transfer of a boot program or an asset began.
  case transferStarted(name: String, bytes: Int64?)
  case transferProgressed(name: String, percent: Int)
  case transferFinished(name: String, bytes: Int64, milliseconds: Int64)
  case transferFailed(name: String, reason: String)
  /// HTTP: iPXE got its script: what it boots and why.
  case planned(boots: String, reason: String)
  /// The agent says what it does.
  case agent(message: String)
  /// The machine is a Server now, or still.
  case registered(server: String, created: Bool)
  /// The registration was refused.
  case registrationRefused(reason: String)
  /// The machine's BMC has our user, and answers to it over the network at `endpoint`.
  case bmcSetUp(endpoint: String)
  /// It has not, or does not answer; nothing changed in the Server.
  case bmcNotSetUp(reason: String)
  /// The agent was told what to do next.
  case instructed(AgentAction)
  /// A person or program changes the machine by its management controller: told before it is done.
  case changeOrdered(change: String, by: String)
  /// It was not done, or nobody knows.
  case changeFailed(change: String, reason: String)
  /// A step of the Server's life: Sidero's Event reasons (`Server Wipe`, `Server Allocation`, `Server Management`).
  case lifecycle(reason: String, message: String, isWarning: Bool)
}

extension BootOccurrence {
  /// The reason of a step that stands in the journal only: what comes of it is told of the Server in the cluster, too, and
  /// each thing told there is a request.
  public static let step = "Server Life"

  /// The event's word for programs.
  public var reason: String {
    switch self {
    case .discovered: "Discovered"
    case .offered: "OfferSent"
    case .acknowledged: "Acknowledged"
    case .addressTaken: "AddressTaken"
    case .answeredElsewhere: "AnsweredElsewhere"
    case .addressInUse: "AddressInUse"
    case .refused: "Refused"
    case .transferStarted: "TransferStarted"
    case .transferProgressed: "TransferProgressed"
    case .transferFinished: "TransferFinished"
    case .transferFailed: "TransferFailed"
    case .planned: "Planned"
    case .agent: "Agent"
    case .registered: "Registered"
    case .registrationRefused: "RegistrationRefused"
    case .bmcSetUp: "BMCSetUp"
    case .bmcNotSetUp: "BMCNotSetUp"
    case .instructed: "Instructed"
    case .changeOrdered: "ChangeOrdered"
    case .changeFailed: "ChangeFailed"
    case .lifecycle(let reason, _, _): reason
    }
  }

  /// The event's line for people.
  public var message: String {
    switch self {
    case .discovered(let client): "\(client) asks for the network"
    case .offered(let address, let boot): "offered \(Self.what(address, boot))"
    case .acknowledged(let address, let boot): "given \(Self.what(address, boot))"
    case .addressTaken(let address, let server): "takes \(address) from \(server)"
    case .answeredElsewhere(let server, let mac, let address, let boot):
      "another server, \(server) (\(mac)), offers it \(Self.what(address, boot))"
    case .addressInUse(let address, let mac): "is not offered \(address), which \(mac) has without a lease"
    case .refused(let reason): "refused: \(reason)"
    case .transferStarted(let name, let bytes): "fetches \(name)\(bytes.map { " (\(Self.size($0)))" } ?? "")"
    case .transferProgressed(let name, let percent): "\(name) \(percent) %"
    case .transferFinished(let name, let bytes, let milliseconds):
      "has \(name) (\(Self.size(bytes)) in \(milliseconds) ms)"
    case .transferFailed(let name, let reason): "did not get \(name): \(reason)"
    case .planned(let boots, let reason): "boots \(boots): \(reason)"
    case .agent(let message): message
    case .registered(let server, let created): "\(created ? "registered as new" : "refreshed") Server \(server)"
    case .registrationRefused(let reason): "registration refused: \(reason)"
    case .bmcSetUp(let endpoint): "its BMC is set up and answers at \(endpoint)"
    case .bmcNotSetUp(let reason): "its BMC is not set up: \(reason)"
    case .instructed(let action): "told to \(action == .powerOff ? "power off" : action.rawValue)"
    case .changeOrdered(let change, let by): "\(change), asked for by \(by)"
    case .changeFailed(let change, let reason): "\(change) failed: \(reason)"
    case .lifecycle(_, let message, _): message
    }
  }

  /// Whether it is bad news.
  public var isWarning: Bool {
    switch self {
    case .answeredElsewhere, .addressInUse, .refused, .transferFailed, .registrationRefused, .bmcNotSetUp,
      .changeFailed:
      true
    case .lifecycle(_, _, let isWarning): isWarning
    default: false
    }
  }

  private static func what(_ address: IPAddress?, _ boot: String?) -> String {
    switch (address, boot) {
    case (nil, nil): "nothing"
    case (let address?, nil): address.description
    case (nil, let boot?): boot
    case (let address?, let boot?): "\(address.description), \(boot)"
    }
  }

  private static func size(_ bytes: Int64) -> String {
    switch bytes {
    case ..<10_000: "\(bytes) B"
    case ..<10_000_000: "\(bytes / 1000) kB"
    default: "\(bytes / 1_000_000) MB"
    }
  }
}

/// Where services report to. Never blocks, never fails.
public protocol BootEventSink: Sendable {
  func report(_ occurrence: BootOccurrence, of subject: BootSubject)
}
