/// One session as the BMC sees it.
struct ResponderSession: Sendable {
  let identifier: UInt32

  /// Whoever opened it.
  let peer: UInt64
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

  init(identifier: UInt32, peer: UInt64, lastHeard: ContinuousClock.Instant, highestPrivilege: PrivilegeLevel) {
    self.identifier = identifier
    self.peer = peer
    self.lastHeard = lastHeard
    self.highestPrivilege = highestPrivilege
  }

  /// Who logged in.
  var userName: [UInt8] { user.map { Array($0.name.utf8) } ?? exchange?.userName ?? [] }

  var isActive: Bool { keys != nil || isActivated }

  func isExpired(at now: ContinuousClock.Instant) -> Bool {
    now - lastHeard > (isActive ? BMCResponder.idleLimit : BMCResponder.loginLimit)
  }

  /// The next packet to the console; `isForAnother`: with a session number that is not the console's.
  mutating func seal(
    _ payload: [UInt8], _ type: PayloadType, keys: SessionKeys, isForAnother: Bool = false,
    using crypto: any IPMICrypto, random: inout some RandomNumberGenerator
  ) -> [UInt8] {
    let sequence = nextSequence
    nextSequence &+= 1
    return keys.seal(
      payload, type: type, sessionID: isForAnother ? consoleSessionID &+ 1 : consoleSessionID, sequence: sequence,
      initializationVector: random.bytes(keys.isEncrypted ? 16 : 0), using: crypto)
  }
}
