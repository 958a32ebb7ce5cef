/// Who logs in to which kind of BMC, and how patiently.
public struct IPMISessionConfiguration: Sendable {
  /// Which sessions are opened.
  public enum Version: Hashable, Sendable {
    /// 2.0, or 1.5 where that is not answered: see ``IPMISession``, "First contact".
    case detected

    /// IPMI 2.0 or nothing.
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

  /// The suite that this BMC accepted before: tried first, if it is among ``cipherSuites``.
  public var knownSuite: CipherSuite?

  /// Permits what proves no password or shows it to the network: cipher suite 0, IPMI 1.5 with `none` or `straight`.
  public var allowsUnauthenticated = false

  /// What is known of this BMC from an earlier session, or of its neighbours; ``IPMISession/roundTrip`` gives it back.
  public var roundTrip: RoundTripEstimate?

  /// How long an attempt waits for its answer while nothing was measured.
  ///
  /// BMCs answer in 1…50 ms, busy ones in a few hundred. 400 ms so that of a thousand BMCs behind a network that loses
  /// every tenth datagram all can be reached within three seconds, which takes six attempts.
  public var firstTimeout: Duration = .milliseconds(400)

  /// The shortest wait of an attempt, however fast the BMC was until now: other work (a sensor scan, another console)
  /// easily keeps it busy so long, and a needless repetition costs it more than the wait costs us.
  public static let shortestTimeout: Duration = .milliseconds(100)

  /// The shortest wait for what makes a BMC compute: RAKP messages 1 and 3, whose HMACs take slow ones 200 ms. To
  /// repeat them early is worse than elsewhere: some choose new numbers then, and the login begins anew.
  public static let shortestComputation: Duration = .milliseconds(250)

  /// The longest wait of one attempt.
  public var longestTimeout: Duration = .seconds(4)

  /// Attempts before the wait doubles each time: until then loss is likelier than a BMC with too much to do.
  public static let quickAttempts = 4

  /// How often anything is sent before giving up: 4 × 0.4 + 0.8 + 1.6 + 3.2 seconds at a first contact, with jitter at
  /// most 9.
  public var attempts = 7

  /// How long a BMC that was heard is asked on, beyond the attempts: some stand still for seconds while they write
  /// their flash memory, and the attempts are used up soon when answers came fast before.
  public var patience: Duration = .seconds(8)

  /// After so long without a command a harmless one is sent; BMCs drop idle sessions after 60 s (§6.12.15), some after 30,
  /// whatever goes over their serial ports. `nil`: let them.
  public var keepAliveInterval: Duration? = .seconds(25)

  public init(userName: String, password: KeyMaterial) {
    self.userName = userName
    self.password = password
  }

  /// Bit 4 of RAKP's role byte: look the user up by name alone. Without it a BMC may find another user of this name
  /// with another privilege.
  var role: UInt8 { privilege.rawValue | 0x10 }

  var offeredSuites: [CipherSuite] {
    let allowed = cipherSuites.filter { $0.authentication != .none || allowsUnauthenticated }
    guard let knownSuite, allowed.contains(knownSuite) else { return allowed }
    return [knownSuite] + allowed.filter { $0 != knownSuite }
  }
}
