@testable import IPMI

/// Codes that every message has right, and a cipher that changes nothing: what lies behind them is reached.
private struct NoCrypto: IPMICrypto {
  func authenticationCode(of message: [UInt8], key: KeyMaterial, hash: HashFunction) -> [UInt8] {
    switch hash {
    case .md5: [UInt8](repeating: 0, count: 16)
    case .sha1: [UInt8](repeating: 0, count: 20)
    case .sha256: [UInt8](repeating: 0, count: 32)
    }
  }
  func md5(_ message: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: 16) }
  func encryptAES128(_ blocks: [UInt8], key: KeyMaterial, initializationVector: [UInt8]) -> [UInt8] { blocks }
  func decryptAES128(_ blocks: [UInt8], key: KeyMaterial, initializationVector: [UInt8]) -> [UInt8] { blocks }
}

@Sendable func feedIPMISession(_ bytes: [UInt8]) {
  var script = FuzzScript(bytes)
  var configuration = IPMISessionConfiguration(userName: "admin", password: KeyMaterial(password: "secret"))
  configuration.allowsUnauthenticated = true
  switch script.byte() & 3 {
  case 1: configuration.version = .version20
  case 2: configuration.version = .version15(.md5)
  case 3: configuration.version = .version15(.none)
  default: break
  }
  var session = IPMISession(configuration, crypto: NoCrypto())
  // The same numbers always: answers must repeat some, which mutations then can learn.
  var random = SeededGenerator(seed: 0)
  var now = ContinuousClock.now
  _ = session.start(at: now, random: &random)
  var asked = 0
  while !script.isEmpty {
    let datagram = script.message()
    let how = script.byte()
    for action in session.receive(datagram.span, at: now, random: &random) {
      switch action {
      case .send(let answer): hold(!answer.isEmpty && answer.count < 1024, "a datagram is sent")
      case .response(_, let reply): _ = try? reply.response(to: GetDeviceID())
      default: break
      }
    }
    if how & 1 == 0, asked < 8 {
      asked += 1
      _ = session.send(IPMIRequest(GetDeviceID()), at: now, random: &random)
    }
    now += .milliseconds(Int(how) * 4)
    _ = session.timeout(at: now, random: &random)
    hold(session.isEnded || session.deadline != nil, "a session that is not over waits for something")
    hold(session.outstandingRequests <= IPMISession.longestQueue + 1, "no more requests wait than allowed")
  }
  _ = session.close(at: now, random: &random)
}

private func read<Command: IPMICommand>(_ data: [UInt8], of command: Command) { _ = try? command.parse(data.span) }

@Sendable func feedIPMIAnswers(_ bytes: [UInt8]) {
  let commands: [any IPMICommand] = [
    ActivateSOL(), GetChannelAccess(), GetChannelAuthenticationCapabilities(privilege: .administrator),
    GetChannelCipherSuites(index: 0), GetChannelInfo(channel: 1), GetChassisStatus(), GetDeviceID(),
    GetDeviceSDR(GetSDR(record: 0)), GetFRUInventoryInfo(), GetLANConfiguration(.address),
    GetPayloadActivationStatus(), GetPayloadInstanceInfo(), GetSDR(record: 0), GetSDRRepositoryInfo(),
    GetSELEntry(record: 0), GetSELEntryPart(reservation: 0, record: 0, offset: 0, count: 16), GetSELInfo(),
    GetSensorReading(sensor: 1), GetSessionChallenge(authentication: .md5, userName: []),
    GetSystemBootOptions(parameter: 5), GetSystemGUID(), GetSystemRestartCause(), GetUserAccess(user: 2),
    GetUserName(user: 2), GetWatchdogTimer(), ReadFRUInventory(offset: 0, count: 16), ReserveSDRRepository(),
    ReserveSEL(), ReserveDeviceSDRRepository(),
  ]
  for command in commands { read(bytes, of: command) }
}

@Sendable func feedIPMIRecords(_ bytes: [UInt8]) {
  _ = try? FRUInventory(parsing: bytes.span)
  // With checksums that are right, which no mutation finds.
  if bytes.count >= 8 {
    var inventory = bytes
    inventory[7] = 0 &- inventory[..<7].reduce(0, &+)
    for area in inventory[2...4] where area != 0 {
      let start = Int(area) * 8
      guard start + 2 <= inventory.count else { continue }
      let end = start + Int(inventory[start + 1]) * 8
      guard end <= inventory.count, end > start + 2 else { continue }
      inventory[end - 1] = 0 &- inventory[start..<(end - 1)].reduce(0, &+)
    }
    _ = try? FRUInventory(parsing: inventory.span)
  }
  if let sensor = try? SensorRecord.parse(bytes.span) { _ = sensor.name }
  _ = try? PresencePong(parsing: bytes.span)
  _ = try? IPMIMessage(parsing: bytes.span)
}
