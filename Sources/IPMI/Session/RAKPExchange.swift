import Wire

/// What both ends of a login know, and the codes that follow from it. IPMI v2.0 §13.31.
///
/// Console and BMC compute the same; each compares what the other sent. `role` is the whole byte of RAKP message 1,
/// lookup bit included. User names are not padded, GUID and random numbers are in the order sent.
public struct RAKPExchange: Sendable {
  public var suite: CipherSuite
  public var consoleSessionID: UInt32
  public var bmcSessionID: UInt32
  public var consoleRandom: [UInt8]
  public var bmcRandom: [UInt8]
  public var guid: [UInt8]
  public var role: UInt8
  public var userName: [UInt8]

  /// K[UID], at most 20 bytes. HMAC pads keys with zeros, so the padding to 20 bytes changes nothing.
  public var password: KeyMaterial

  /// K[G], at most 20 bytes; `nil` for one-key logins, where the password takes its place.
  public var bmcKey: KeyMaterial?

  public init(
    suite: CipherSuite, consoleSessionID: UInt32, bmcSessionID: UInt32, consoleRandom: [UInt8], bmcRandom: [UInt8],
    guid: [UInt8], role: UInt8, userName: [UInt8], password: KeyMaterial, bmcKey: KeyMaterial?
  ) {
    self.suite = suite
    self.consoleSessionID = consoleSessionID
    self.bmcSessionID = bmcSessionID
    self.consoleRandom = consoleRandom
    self.bmcRandom = bmcRandom
    self.guid = guid
    self.role = role
    self.userName = userName
    self.password = password
    self.bmcKey = bmcKey
  }

  /// The BMC's proof in RAKP message 2: HMAC by the password of SIDM, SIDC, RM, RC, GUIDC, RoleM, ULengthM, UNameM.
  public func bmcCode(using crypto: any IPMICrypto) -> [UInt8] {
    var message = [UInt8]()
    message.append(littleEndian: consoleSessionID)
    message.append(littleEndian: bmcSessionID)
    return code(of: message + consoleRandom + bmcRandom + guid + identity, key: password, using: crypto)
  }

  /// The console's proof in RAKP message 3: HMAC by the password of RC, SIDM, RoleM, ULengthM, UNameM.
  public func consoleCode(using crypto: any IPMICrypto) -> [UInt8] {
    var message = bmcRandom
    message.append(littleEndian: consoleSessionID)
    return code(of: message + identity, key: password, using: crypto)
  }

  /// SIK: HMAC by K[G] of RM, RC, RoleM, ULengthM, UNameM.
  public func integrityKey(using crypto: any IPMICrypto) -> KeyMaterial {
    KeyMaterial(code(of: consoleRandom + bmcRandom + identity, key: bmcKey ?? password, using: crypto))
  }

  /// The BMC's proof in RAKP message 4: HMAC by SIK of RM, SIDC, GUIDC, cut short.
  public func checkValue(using crypto: any IPMICrypto) -> [UInt8] {
    var message = consoleRandom
    message.append(littleEndian: bmcSessionID)
    let value = code(of: message + guid, key: integrityKey(using: crypto), using: crypto)
    return Array(value.prefix(suite.authentication.checkLength))
  }

  private var identity: [UInt8] { [role, UInt8(clamping: userName.count)] + userName }

  private func code(of message: [UInt8], key: KeyMaterial, using crypto: any IPMICrypto) -> [UInt8] {
    guard let hash = suite.authentication.hash else { return [] }
    return crypto.authenticationCode(of: message, key: key, hash: hash)
  }
}
