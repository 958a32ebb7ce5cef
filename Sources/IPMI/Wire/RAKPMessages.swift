import Wire

/// Who wants in, and the console's random number. IPMI v2.0 §13.20.
struct RAKPMessage1: Hashable, Sendable {
  var tag: UInt8
  var bmcSessionID: UInt32
  /// 16 bytes
  var consoleRandom: [UInt8]
  /// The requested privilege in bits 0…3; bit 4: look the user up by name alone, not by name and privilege.
  var role: UInt8
  /// At most 16 bytes.
  var userName: [UInt8]

  init(tag: UInt8, bmcSessionID: UInt32, consoleRandom: [UInt8], role: UInt8, userName: [UInt8]) {
    self.tag = tag
    self.bmcSessionID = bmcSessionID
    self.consoleRandom = consoleRandom
    self.role = role
    self.userName = userName
  }

  init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    tag = try bytes.byte(at: &offset)
    _ = try bytes.bytes(3, at: &offset)
    bmcSessionID = try bytes.doubleWord(at: &offset)
    consoleRandom = try bytes.bytes(16, at: &offset)
    role = try bytes.byte(at: &offset)
    _ = try bytes.word(at: &offset)
    let length = Int(try bytes.byte(at: &offset))
    guard length <= 16 else { throw .length(field: "user name", value: length) }
    userName = try bytes.bytes(length, at: &offset)
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = [tag, 0, 0, 0]
    bytes.append(littleEndian: bmcSessionID)
    return bytes + consoleRandom + [role, 0, 0, UInt8(clamping: userName.count)] + userName
  }
}

/// The BMC's random number and GUID, and its proof that it knows the password. IPMI v2.0 §13.21.
///
/// With a status other than success only the first two bytes are counted on: some BMCs send nothing behind them.
struct RAKPMessage2: Hashable, Sendable {
  var tag: UInt8
  var status: RAKPStatus
  var consoleSessionID: UInt32 = 0
  /// 16 bytes
  var bmcRandom: [UInt8] = []
  /// 16 bytes, in the order sent; not all BMCs' is unique.
  var guid: [UInt8] = []
  /// As long as the suite says, which is for the reader to check.
  var code: [UInt8] = []

  init(tag: UInt8, status: RAKPStatus, consoleSessionID: UInt32) {
    self.tag = tag
    self.status = status
    self.consoleSessionID = consoleSessionID
  }

  init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    tag = try bytes.byte(at: &offset)
    status = RAKPStatus(rawValue: try bytes.byte(at: &offset))
    guard status == .success else { return }
    _ = try bytes.word(at: &offset)
    consoleSessionID = try bytes.doubleWord(at: &offset)
    bmcRandom = try bytes.bytes(16, at: &offset)
    guid = try bytes.bytes(16, at: &offset)
    code = bytes.rest(at: &offset)
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = [tag, status.rawValue, 0, 0]
    bytes.append(littleEndian: consoleSessionID)
    return bytes + bmcRandom + guid + code
  }
}

/// The console's proof, or why it gives up: then the BMC can free the session at once. IPMI v2.0 §13.22.
struct RAKPMessage3: Hashable, Sendable {
  var tag: UInt8
  var status: RAKPStatus
  var bmcSessionID: UInt32
  var code: [UInt8]

  init(tag: UInt8, status: RAKPStatus, bmcSessionID: UInt32, code: [UInt8]) {
    self.tag = tag
    self.status = status
    self.bmcSessionID = bmcSessionID
    self.code = code
  }

  init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    tag = try bytes.byte(at: &offset)
    status = RAKPStatus(rawValue: try bytes.byte(at: &offset))
    _ = try bytes.word(at: &offset)
    bmcSessionID = try bytes.doubleWord(at: &offset)
    code = bytes.rest(at: &offset)
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = [tag, status.rawValue, 0, 0]
    bytes.append(littleEndian: bmcSessionID)
    return bytes + code
  }
}

/// The BMC's proof that it has the same session key. IPMI v2.0 §13.23.
struct RAKPMessage4: Hashable, Sendable {
  var tag: UInt8
  var status: RAKPStatus
  var consoleSessionID: UInt32 = 0
  var checkValue: [UInt8] = []

  init(tag: UInt8, status: RAKPStatus, consoleSessionID: UInt32, checkValue: [UInt8] = []) {
    self.tag = tag
    self.status = status
    self.consoleSessionID = consoleSessionID
    self.checkValue = checkValue
  }

  init(parsing bytes: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    tag = try bytes.byte(at: &offset)
    status = RAKPStatus(rawValue: try bytes.byte(at: &offset))
    guard status == .success else { return }
    _ = try bytes.word(at: &offset)
    consoleSessionID = try bytes.doubleWord(at: &offset)
    checkValue = bytes.rest(at: &offset)
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = [tag, status.rawValue, 0, 0]
    bytes.append(littleEndian: consoleSessionID)
    return bytes + checkValue
  }
}
