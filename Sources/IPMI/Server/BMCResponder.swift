/// A BMC's half of the protocol: presence, IPMI 1.5 and RMCP+ logins, and the commands of ``SimulatedMachine``.
///
/// The core of the simulator, and what ``IPMISession`` is tested against. A value without socket, clock or task: feed it
/// datagrams, send what it answers to where they came from. Login messages that come twice are answered the same
/// twice; a request that comes twice in a session (same rqSeq, command and data) is carried out once.
public struct BMCResponder: Sendable {
  /// Who may log in.
  public struct User: Sendable {
    public var name: String
    public var password: KeyMaterial
    public var privilege: PrivilegeLevel

    public init(name: String, password: KeyMaterial, privilege: PrivilegeLevel = .administrator) {
      self.name = name
      self.password = password
      self.privilege = privilege
    }
  }

  public struct Configuration: Sendable {
    public var users: [User]

    /// Kg; `nil`: one-key logins.
    public var bmcKey: KeyMaterial?

    /// 16 bytes.
    public var guid = [UInt8](repeating: 0x5a, count: 16)

    /// What it accepts. Suite 0 lets everybody in who knows a name.
    public var cipherSuites: [CipherSuite] = [.three, .seventeen, .eight, .twelve, .two, .one]

    /// What is advertised, when it is not what is accepted; some BMCs are like that.
    public var advertisedSuites: [CipherSuite]?

    /// For IPMI 1.5.
    public var authentications: Set<AuthenticationType> = [.md5]
    public var supportsVersion20 = true

    /// Sessions at a time, those being opened included. Real BMCs have 4 to 36.
    public var sessionLimit = 4
    public var device = GetDeviceID.Response(
      deviceID: 0x20, firmwareMajor: 1, firmwareMinor: 0, functions: 0x80, manufacturer: 0, product: 1)

    public init(users: [User]) { self.users = users }
  }

  /// Sessions end after so long without a good packet. IPMI v2.0 §6.12.15
  public static let idleLimit: Duration = .seconds(60)

  /// Logins that are not finished end after so long.
  public static let loginLimit: Duration = .seconds(20)

  public var configuration: Configuration
  public var machine = SimulatedMachine()

  /// Datagrams passed over, by reason: a handful, as the reasons' details are left out.
  public internal(set) var ignored = 0

  /// Requests carried out within sessions.
  public internal(set) var requests = 0

  let crypto: any IPMICrypto
  var sessions: [UInt32: ResponderSession] = [:]

  public init(_ configuration: Configuration, crypto: any IPMICrypto) {
    self.configuration = configuration
    self.crypto = crypto
  }

  /// Sessions now open, those being opened included.
  public var openSessions: Int { sessions.count }

  /// What to send back, if anything.
  public mutating func receive(
    _ datagram: Span<UInt8>, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [UInt8]? {
    do {
      return try answer(datagram, at: now, random: &random)
    } catch {
      ignored &+= 1
      return nil
    }
  }

  private mutating func answer(
    _ datagram: Span<UInt8>, at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) throws -> [UInt8]? {
    expire(at: now)
    if let ping = try? PresencePing(parsing: datagram) { return PresencePong(tag: ping.tag).bytes }
    guard datagram.count > RMCPHeader.length else { throw IPMIIgnored.unexpected }
    if datagram[RMCPHeader.length] != AuthenticationType.rmcpPlus.rawValue {
      return try answer(Version15Packet(parsing: datagram), at: now, random: &random)
    }
    let packet = try RMCPPlusPacket(parsing: datagram)
    guard packet.sessionID != 0 else {
      guard !packet.isSigned, !packet.isEncrypted, configuration.supportsVersion20 else {
        throw IPMIIgnored.protection
      }
      return try answerLogin(packet.type, datagram.extracting(packet.payload), at: now, random: &random)
    }
    guard var session = sessions[packet.sessionID], let keys = session.keys else { throw IPMIIgnored.otherSession }
    guard session.window.isNew(packet.sequence) else { throw IPMIIgnored.replayed }
    let payload = try keys.open(datagram, of: packet, using: crypto)
    guard packet.type == .ipmi else { throw IPMIIgnored.unexpected }
    let message = try IPMIMessage(parsing: payload.span)
    session.window.accept(packet.sequence)
    session.lastHeard = now
    let response = answer(message, in: &session)
    let sequence = session.nextSequence
    session.nextSequence &+= 1
    sessions[packet.sessionID] = session.isClosed ? nil : session
    return keys.seal(
      response.bytes, type: .ipmi, sessionID: session.consoleSessionID, sequence: sequence,
      initializationVector: random.bytes(keys.isEncrypted ? 16 : 0), using: crypto)
  }

  private mutating func expire(at now: ContinuousClock.Instant) {
    guard sessions.values.contains(where: { $0.isExpired(at: now) }) else { return }
    sessions = sessions.filter { !$0.value.isExpired(at: now) }
  }

  /// A new session's number, unlike any other; `nil` when all sessions are taken.
  func newSessionID(random: inout some RandomNumberGenerator) -> UInt32? {
    guard sessions.count < configuration.sessionLimit else { return nil }
    var identifier: UInt32
    repeat { identifier = UInt32.random(in: 1...UInt32.max, using: &random) } while sessions[identifier] != nil
    return identifier
  }
}

/// One session as the BMC sees it.
struct ResponderSession: Sendable {
  let identifier: UInt32
  var consoleSessionID: UInt32 = 0
  var lastHeard: ContinuousClock.Instant
  var privilege = PrivilegeLevel.user
  var highestPrivilege: PrivilegeLevel

  /// RMCP+: the login's messages, kept so that a repeated one is answered alike.
  var suite: CipherSuite?
  var openRequest: OpenSessionRequest?
  var exchange: RAKPExchange?
  var keys: SessionKeys?

  /// IPMI 1.5
  var authentication: AuthenticationType?
  var challenge: [UInt8] = []
  var user: BMCResponder.User?
  var isActivated = false

  var window = SequenceWindow(isSigned: false)
  var nextSequence: UInt32 = 1
  var isClosed = false

  /// The last request and what was answered.
  var last: (request: IPMIMessage, response: IPMIMessage)?

  var isActive: Bool { keys != nil || isActivated }

  func isExpired(at now: ContinuousClock.Instant) -> Bool {
    now - lastHeard > (isActive ? BMCResponder.idleLimit : BMCResponder.loginLimit)
  }
}
