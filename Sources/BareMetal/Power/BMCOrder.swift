/// What is asked of the management controllers of several Servers: `POST /bmc`.
public struct BMCOrder: Codable, Hashable, Sendable {
  /// Which Servers; exactly one of the three.
  public var names: [String]?
  public var all: Bool?
  /// A ``LabelSelector`` as text.
  public var selector: String?
  public var request: BMCRequest
  /// Does it although the Server is allocated, or not accepted.
  public var force: Bool?
  /// Machines asked at a time; the daemon's own limit when absent or larger.
  public var concurrency: Int?
  /// Who asks, for the journal.
  public var by: String?

  public init(request: BMCRequest) { self.request = request }
}

/// How a Server's management controller is reached: `PUT /servers/{name}/bmc`.
public struct BMCSetting: Codable, Hashable, Sendable {
  /// An address, a name or, with Redfish, a base URL; with wake-on-LAN the machine's hardware address.
  public var endpoint: String
  public var port: UInt32?
  public var interface: BMCInterface?
  public var user: String?
  public var password: Secret?
  /// Stores it without having logged in.
  public var unverified: Bool?
  /// Who sets it, for the journal.
  public var by: String?

  public init(endpoint: String) { self.endpoint = endpoint }
}

/// How a serial console is opened: `POST /servers/{name}/console`.
public struct ConsoleOrder: Codable, Hashable, Sendable {
  /// Takes the port from whoever has it.
  public var takeOver: Bool?
  /// Who opens it, for the journal.
  public var by: String?

  public init(takeOver: Bool? = nil, by: String? = nil) {
    self.takeOver = takeOver
    self.by = by
  }
}

/// The first line of a console's stream.
public struct ConsoleOpened: Codable, Hashable, Sendable {
  /// What input is sent to: `POST /consoles/{console}/input`.
  public var console: String

  public init(console: String) { self.console = console }
}

/// What is sent to a machine's serial port.
public struct ConsoleInput: Codable, Hashable, Sendable {
  public var bytes: [UInt8]?
  /// A break, after the bytes.
  public var sendBreak: Bool?

  public init(bytes: [UInt8]? = nil, sendBreak: Bool? = nil) {
    self.bytes = bytes
    self.sendBreak = sendBreak
  }
}
