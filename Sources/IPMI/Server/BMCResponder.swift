public import Wire

/// A BMC's half of the protocol: presence, IPMI 1.5 and RMCP+ logins, the commands that clients ask of a real one, and
/// a ``SimulatedMachine`` behind it.
///
/// The core of the simulator, and what ``IPMISession`` is tested against. A value without socket, clock or task: feed it
/// datagrams, send what it answers to where they came from, and ask ``poll(at:random:)`` for what it says unasked when
/// ``deadline`` has passed. Login messages that come twice are answered the same twice; a request that comes twice in
/// a session (same rqSeq, command and data) is carried out once.
///
/// Thousands live in one process: what is the same for all (users, sensor records, boot options) is one table that is
/// copied when it is written to.
public struct BMCResponder: Sendable {
  /// Who may log in.
  public struct User: Sendable {
    /// Empty: nobody uses this place of the table.
    public var name: String
    public var password: KeyMaterial
    public var privilege: PrivilegeLevel
    public var isEnabled = true

    /// The password is stored with 20 bytes: not for IPMI 1.5.
    public var isPasswordLong = false
    public var isCallbackOnly = false
    public var allowsLinkAuthentication = false
    public var allowsMessaging = true

    public init(name: String, password: KeyMaterial, privilege: PrivilegeLevel = .administrator) {
      self.name = name
      self.password = password
      self.privilege = privilege
    }

    /// A place of the table that nobody uses.
    static let free: User = {
      var user = User(name: "", password: KeyMaterial([]), privilege: .noAccess)
      user.isEnabled = false
      user.allowsMessaging = false
      return user
    }()
  }

  public struct Configuration: Sendable {
    /// From the second place of the user table on, whose first is the null user: nobody may log in without a name.
    /// Set User commands change it.
    public var users: [User]

    /// Places of the user table, the null user's included; 1…63.
    public var userLimit = 16

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

    /// 32473 is the enterprise number for examples (RFC 5612): no client takes it for a vendor with ways of its own.
    public var device = GetDeviceID.Response(
      deviceID: 0x20, firmwareMajor: 1, firmwareMinor: 0, functions: 0x8f, manufacturer: 32473, product: 1)

    /// Names, numbers and readings that differ between machines.
    public var identity = SimulatedIdentity()

    /// Its own network settings, as Get LAN Configuration tells them.
    public var address = IPv4Address.loopback
    public var subnetMask = IPv4Address(rawValue: 0xff00_0000)
    public var gateway = IPv4Address.any

    /// The UDP port it is reached at, as LAN parameters and serial-over-LAN tell it: `ipmitool` goes by that.
    public var port: UInt16 = 623

    /// Most bytes of a sensor record or an inventory in one answer; more is refused with 0xCA, as small BMCs do.
    public var readLimit = 32

    /// What its clock shows, in seconds since 1970, when it is first asked something.
    public var startTime: UInt32 = 1_767_225_600  // 2026-01-01T00:00:00Z

    public var faults = BMCFaults()

    public init(users: [User]) { self.users = users }

    /// A machine of a rack: its own GUID, name and numbers.
    public init(users: [User], identity: SimulatedIdentity) {
      self.init(users: users)
      self.identity = identity
      guid = identity.guid
    }
  }

  /// What it counts.
  public struct Counters: Hashable, Sendable {
    public var datagramsIn = 0
    public var datagramsOut = 0

    /// Datagrams passed over: damaged, forged, replayed, or of no session.
    public var ignored = 0

    /// Sessions that were opened.
    public var logins = 0

    /// As far as the console told: one that finds out from RAKP message 2 may just go away, as `ipmitool` does.
    public var wrongPasswords = 0
    public var unknownUsers = 0

    /// Open session requests refused as all sessions were taken.
    public var exhausted = 0

    /// Sessions that ended without being closed.
    public var expired = 0

    /// Requests carried out within sessions.
    public var requests = 0
  }

  /// Something to send that answers nothing.
  public struct Unasked: Hashable, Sendable {
    /// Whoever the session is with, as given to ``BMCResponder/receive(_:from:at:random:)``.
    public var peer: UInt64
    public var datagram: [UInt8]
  }

  /// Sessions end after so long without a good packet. IPMI v2.0 §6.12.15
  public static let idleLimit: Duration = .seconds(60)

  /// Logins that are not finished end after so long.
  public static let loginLimit: Duration = .seconds(20)

  public var configuration: Configuration
  public var machine = SimulatedMachine()
  public internal(set) var counters = Counters()

  /// Datagrams passed over.
  public var ignored: Int { counters.ignored }

  /// Requests carried out within sessions.
  public var requests: Int { counters.requests }

  let crypto: any IPMICrypto
  var sessions: [UInt32: ResponderSession] = [:]
  var log = SimulatedEventLog()
  var serialPort: SimulatedSerialPort?
  var watchdog: SimulatedWatchdog?
  var sensorReservation: UInt16 = 0

  /// Seconds that its clock was put forward (or back, modulo 2³²).
  var clockOffset: UInt32 = 0
  private var firstHeard: ContinuousClock.Instant?

  /// Told to sessions that lost the serial port; sent by the next poll.
  var outbox: [Unasked] = []
  private var outboxDue: ContinuousClock.Instant?

  /// Used up of ``BMCFaults/busyAnswers`` and ``BMCFaults/hangUps``.
  var busyAnswersGiven = 0
  var hangUpsDone = 0

  public init(_ configuration: Configuration, crypto: any IPMICrypto) {
    self.configuration = configuration
    self.crypto = crypto
  }

  /// Sessions now open, those being opened included.
  public var openSessions: Int { sessions.count }

  /// Characters typed into the serial port by the session that has it.
  public var typedCharacters: Int { serialPort?.typedCharacters ?? 0 }

  /// When ``poll(at:random:)`` has something to do.
  public var deadline: ContinuousClock.Instant? {
    var earliest = machine.deadline
    for moment in [serialPort?.deadline, watchdog?.deadline, outboxDue] {
      if let moment { earliest = earliest.map { min($0, moment) } ?? moment }
    }
    return earliest
  }

  /// What to send back, if anything. `peer` says where it came from, in whatever way the caller writes addresses.
  public mutating func receive(
    _ datagram: Span<UInt8>, from peer: UInt64 = 0, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) -> [UInt8]? {
    counters.datagramsIn &+= 1
    advance(to: now)
    do {
      let answer = try answer(datagram, from: peer, at: now, random: &random)
      if answer != nil { counters.datagramsOut &+= 1 }
      outboxDue = outbox.isEmpty ? nil : now
      return answer
    } catch {
      counters.ignored &+= 1
      return nil
    }
  }

  /// ``deadline`` has passed: time does its work on the machine, and the serial port says what it has to.
  public mutating func poll(
    at now: ContinuousClock.Instant, random: inout some RandomNumberGenerator
  ) -> [Unasked] {
    advance(to: now)
    var unasked = outbox
    outbox = []
    outboxDue = nil
    if let payload = serialPort?.poll(at: now), let holder = serialPort?.session,
      let packet = seal(payload, .serialOverLAN, for: holder, random: &random)
    {
      unasked.append(packet)
    }
    counters.datagramsOut &+= unasked.count
    return unasked
  }

  /// A payload for a session's console; `nil` when there is no such session.
  mutating func seal(
    _ payload: [UInt8], _ type: PayloadType, for identifier: UInt32, random: inout some RandomNumberGenerator
  ) -> Unasked? {
    guard var session = sessions[identifier], let keys = session.keys else { return nil }
    let datagram = session.seal(payload, type, keys: keys, using: crypto, random: &random)
    sessions[identifier] = session
    return Unasked(peer: session.peer, datagram: datagram)
  }

  // MARK: Time

  /// What its clock shows.
  func time(at now: ContinuousClock.Instant) -> UInt32 {
    let elapsed = firstHeard.map { now - $0 } ?? .zero
    return configuration.startTime &+ clockOffset &+ UInt32(truncatingIfNeeded: elapsed.components.seconds)
  }

  /// Does what time has made due: the machine, the watchdog, sessions that were left.
  mutating func advance(to now: ContinuousClock.Instant) {
    if firstHeard == nil { begin(at: now) }
    expire(at: now)
    tell(machine.advance(to: now), at: now)
    if let action = watchdog?.expire(at: now) {
      log.add(sensorType: 0x23, sensor: SimulatedSensor.watchdog, data: [action.rawValue], at: time(at: now))
      tell(machine.expireWatchdog(action), at: now)
    }
  }

  private mutating func begin(at now: ContinuousClock.Instant) {
    firstHeard = now
    let time = configuration.startTime
    // What a log begins with: it was cleared, and mains power came.
    log.add(sensorType: 0x10, sensor: 0, data: [0x02], at: time &- 86_400)
    log.add(sensorType: 0x09, sensor: SimulatedSensor.powerUnit, isDeassertion: true, data: [0x04], at: time &- 3600)
  }

  /// Makes known what happened to the machine.
  private mutating func tell(_ events: [SimulatedMachine.Event], at now: ContinuousClock.Instant) {
    for event in events {
      let time = time(at: now)
      switch event {
      case .poweredOn:
        log.add(sensorType: 0x09, sensor: SimulatedSensor.powerUnit, isDeassertion: true, data: [0x00], at: time)
      case .poweredOff: log.add(sensorType: 0x09, sensor: SimulatedSensor.powerUnit, data: [0x00], at: time)
      case .reset: log.add(sensorType: 0x1d, sensor: 0, data: [0x02], at: time)
      case .interrupted: log.add(sensorType: 0x13, sensor: 0, data: [0x00], at: time)
      }
      let text = text(of: event)
      serialPort?.write(text, at: now)
    }
  }

  private func text(of event: SimulatedMachine.Event) -> String {
    let name = configuration.identity.name
    return switch event {
    case .poweredOn: "\r\n\(name): powered on\r\n"
    case .poweredOff: "\r\n\(name): powered off\r\n"
    case .reset: "\r\n\(name): reset\r\n"
    case .interrupted: "\r\n\(name): diagnostic interrupt\r\n"
    }
  }

  // MARK: Packets

  private mutating func answer(
    _ datagram: Span<UInt8>, from peer: UInt64, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) throws -> [UInt8]? {
    guard datagram.count > RMCPHeader.length else { throw IPMIIgnored.unexpected }
    if datagram[RMCPHeader.length - 1] == RMCPHeader.Class.asf.rawValue {
      return PresencePong(tag: try PresencePing(parsing: datagram).tag).bytes
    }
    if datagram[RMCPHeader.length] != AuthenticationType.rmcpPlus.rawValue {
      return try answer(Version15Packet(parsing: datagram), from: peer, at: now, random: &random)
    }
    let packet = try RMCPPlusPacket(parsing: datagram)
    guard packet.sessionID != 0 else {
      guard !packet.isSigned, !packet.isEncrypted, configuration.supportsVersion20 else {
        throw IPMIIgnored.protection
      }
      return try answerLogin(packet.type, datagram.extracting(packet.payload), from: peer, at: now, random: &random)
    }
    guard var session = sessions[packet.sessionID], let keys = session.keys else { throw IPMIIgnored.otherSession }
    guard session.window.isNew(packet.sequence) else { throw IPMIIgnored.replayed }
    let payload = try keys.open(datagram, of: packet, using: crypto)
    switch packet.type {
    case .ipmi:
      let message = try IPMIMessage(parsing: payload.span)
      session.window.accept(packet.sequence)
      session.lastHeard = now
      if BMCFaults.happens(configuration.faults.forgetting, random: &random) {
        end(packet.sessionID)
        return nil
      }
      var response = answer(message, in: &session, at: now, random: &random)
      let bytes = spoil(&response, random: &random)
      let sealed = session.seal(
        bytes, .ipmi, keys: keys, isForAnother: BMCFaults.happens(configuration.faults.wrongSession, random: &random),
        using: crypto, random: &random)
      if session.isClosed { end(packet.sessionID) } else { sessions[packet.sessionID] = session }
      return sealed
    case .serialOverLAN:
      guard serialPort?.session == packet.sessionID else { throw IPMIIgnored.unexpected }
      session.window.accept(packet.sequence)
      session.lastHeard = now
      sessions[packet.sessionID] = session
      guard let reply = try serialPort?.receive(payload.span, at: now) else { return nil }
      return seal(reply, .serialOverLAN, for: packet.sessionID, random: &random)?.datagram
    default: throw IPMIIgnored.unexpected
    }
  }

  /// The response's bytes, as right as the faults let them be.
  func spoil(_ response: inout IPMIMessage, random: inout some RandomNumberGenerator) -> [UInt8] {
    if BMCFaults.happens(configuration.faults.wrongSequence, random: &random) {
      response.sequence = (response.sequence + 1) & 0x3f
    }
    var bytes = response.bytes
    if BMCFaults.happens(configuration.faults.wrongChecksum, random: &random), let last = bytes.popLast() {
      bytes.append(last &+ 1)
    }
    return bytes
  }

  // MARK: Sessions

  /// Forgets a session, and takes the serial port from it.
  mutating func end(_ identifier: UInt32) {
    sessions[identifier] = nil
    if serialPort?.session == identifier { serialPort = nil }
  }

  /// Forgets all sessions, as a restart of the BMC does.
  mutating func endAll() {
    sessions = [:]
    serialPort = nil
  }

  private mutating func expire(at now: ContinuousClock.Instant) {
    guard !sessions.isEmpty, sessions.values.contains(where: { $0.isExpired(at: now) }) else { return }
    for (identifier, session) in sessions where session.isExpired(at: now) {
      if session.isActive { counters.expired &+= 1 }
      end(identifier)
    }
  }

  /// A new session's number, unlike any other; `nil` when all sessions are taken.
  mutating func newSessionID(random: inout some RandomNumberGenerator) -> UInt32? {
    guard sessions.count < configuration.sessionLimit, !configuration.faults.isExhausted else {
      counters.exhausted &+= 1
      return nil
    }
    var identifier: UInt32
    repeat { identifier = UInt32.random(in: 1...UInt32.max, using: &random) } while sessions[identifier] != nil
    return identifier
  }
}
