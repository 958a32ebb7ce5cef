public import Wire

/// How one machine is switched, with everything that takes.
public enum ManagementMethod: Hashable, Sendable {
  case ipmi(IPMIAccess)
  case redfish(RedfishAccess)
  /// Sidero's plain HTTP power interface, for virtual machines: its base URL.
  case managementAPI(String)
  /// Can only switch on: a magic packet to the broadcast address of a network. `nil`: 255.255.255.255.
  case wakeOnLAN(MACAddress, broadcast: IPv4Address?)
  /// By hand; why. A state that people see, never a pretended success.
  case manual(reason: String)
}

/// A name and a password.
public struct Credentials: Codable, Hashable, Sendable {
  public var user: String
  public var password: Secret

  public init(user: String, password: Secret) {
    self.user = user
    self.password = password
  }
}

/// An IPMI BMC.
public struct IPMIAccess: Hashable, Sendable {
  public enum Version: Hashable, Sendable {
    /// 2.0, or 1.5 where there is nothing better.
    case detected
    case version20
    case version15
  }

  /// An IPv4 or IPv6 address, or a name.
  public var host: String
  public var port: UInt16
  public var credentials: Credentials
  /// Kg
  public var bmcKey: Secret?
  public var version = Version.detected
  /// Numbers of cipher suites in the order to try; `nil`: the best there are.
  public var cipherSuites: [UInt8]?
  /// Permits what proves no password or shows it: cipher suite 0, IPMI 1.5 `none` and `straight`.
  public var allowsUnauthenticated = false

  public init(host: String, port: UInt16 = 623, credentials: Credentials) {
    self.host = host
    self.port = port
    self.credentials = credentials
  }
}

/// A Redfish service (DMTF DSP0266).
public struct RedfishAccess: Hashable, Sendable {
  /// `https://10.0.0.1`, `http://host:8000`
  public var baseURL: String
  /// `nil`: no authentication.
  public var credentials: Credentials?
  /// The member of `/redfish/v1/Systems`; `nil`: the only one.
  public var system: String?
  /// Accepts certificates nobody vouches for: what BMCs come with.
  public var allowsUnknownCertificate = false

  public init(baseURL: String, credentials: Credentials? = nil) {
    self.baseURL = baseURL
    self.credentials = credentials
  }
}
