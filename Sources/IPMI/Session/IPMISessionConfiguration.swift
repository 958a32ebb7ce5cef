/// Who logs in to which kind of BMC, and how patiently.
public struct IPMISessionConfiguration: Sendable {
  /// Which sessions are opened.
  public enum Version: Hashable, Sendable {
    /// Ask the BMC (Get Channel Authentication Capabilities), prefer 2.0.
    case detected

    /// IPMI 2.0 without asking: two datagrams fewer once it is known.
    case version20

    /// IPMI 1.5 with this type, without asking.
    case version15(AuthenticationType)
  }

  /// At most 16 bytes of UTF-8.
  public var userName: String

  /// At most 20 bytes; 16 for IPMI 1.5.
  public var password: KeyMaterial

  /// Kg, at most 20 bytes; `nil` when the BMC has none set.
  public var bmcKey: KeyMaterial?
  public var privilege = PrivilegeLevel.operator
  public var version = Version.detected

  /// Tried in this order until the BMC accepts one. ``CipherSuite/zero`` is left out unless
  /// ``allowsUnauthenticated``.
  public var cipherSuites = CipherSuite.preferred

  /// Permits what proves no password or shows it to the network: cipher suite 0, IPMI 1.5 with `none` or `straight`.
  public var allowsUnauthenticated = false

  /// How long the first attempt of anything waits; each further one waits twice as long.
  public var firstTimeout: Duration = .milliseconds(500)

  /// The longest wait of one attempt.
  public var longestTimeout: Duration = .seconds(4)

  /// How often anything is sent before giving up: 0.5 + 1 + 2 + 4 + 4 seconds.
  public var attempts = 5

  /// After so long without traffic a harmless command is sent; BMCs drop idle sessions after 60 s (§6.12.15).
  /// `nil`: let them.
  public var keepAliveInterval: Duration? = .seconds(25)

  public init(userName: String, password: KeyMaterial) {
    self.userName = userName
    self.password = password
  }

  /// Bit 4 of RAKP's role byte: look the user up by name alone. Without it a BMC may find another user of this name
  /// with another privilege.
  var role: UInt8 { privilege.rawValue | 0x10 }

  var offeredSuites: [CipherSuite] {
    cipherSuites.filter { $0.authentication != .none || allowsUnauthenticated }
  }
}
