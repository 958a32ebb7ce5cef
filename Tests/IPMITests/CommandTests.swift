import BMC
import Testing
import Wire

@testable import IPMI

struct CommandTests {
  private func bytes(_ hex: String) throws -> [UInt8] { try #require(Hexadecimal.bytes(hex)) }

  private func parse<Command: IPMICommand>(_ command: Command, _ hex: String) throws -> Command.Response {
    let data = try bytes(hex)
    return try command.parse(data.span)
  }

  private func sensorRecord(_ bytes: [UInt8]) throws -> SensorRecord? { try SensorRecord.parse(bytes.span) }

  private func presence(_ bytes: [UInt8]) throws -> PresencePong { try PresencePong(parsing: bytes.span) }

  private func inventory(_ bytes: [UInt8]) throws -> FRUInventory { try FRUInventory(parsing: bytes.span) }

  /// Every length short of `hex` throws or reads, and so does every flipped bit: nothing traps.
  private func shake<Command: IPMICommand>(_ command: Command, _ hex: String) throws {
    let good = try bytes(hex)
    for length in 0..<good.count { _ = try? command.parse(Array(good.prefix(length)).span) }
    for bit in 0..<good.count * 8 {
      var bad = good
      bad[bit / 8] ^= 1 << (bit % 8)
      _ = try? command.parse(bad.span)
    }
  }

  @Test("Get Device ID as ipmi_sim answers it")
  func deviceID() throws {
    let hex = "00 03 09 08 02 9f 911200 020f 00000000"
    let response = try parse(GetDeviceID(), hex)
    #expect(response.ipmiVersionText == "2.0")
    #expect(response.firmwareVersionText == "9.08")
    #expect(response.manufacturer == 0x1291)
    #expect(response.product == 0x0f02)
    #expect(try GetDeviceID().responseData(response) == bytes(hex))
    #expect(throws: IPMIParseError.truncated(offset: 9, needed: 2, available: 1)) {
      try parse(GetDeviceID(), "00 03 09 08 02 9f 911200 02")
    }
    try shake(GetDeviceID(), hex)
  }

  @Test(
    "chassis status: power, restore policy, identify",
    arguments: [
      // on, policy: always on, identify supported and temporary
      ("41 10 50", true, PowerRestorePolicy.turnOn, ChassisIdentify.State.temporary),
      // off, policy unknown, identify not told
      ("60 00 00", false, nil, nil),
    ] as [(String, Bool, PowerRestorePolicy?, ChassisIdentify.State?)])
  func chassisStatus(hex: String, isOn: Bool, policy: PowerRestorePolicy?, identify: ChassisIdentify.State?) throws {
    let response = try parse(GetChassisStatus(), hex)
    #expect(response.isOn == isOn)
    #expect(response.restorePolicy == policy)
    #expect(response.identify == identify)
    #expect(try GetChassisStatus().responseData(response) == bytes(hex))
    try shake(GetChassisStatus(), hex)
  }

  @Test(
    "boot flags as ipmitool sends them",
    arguments: [
      // ipmitool chassis bootdev pxe options=efiboot
      ("05 a0 04 00 00 00", BootFlags(.pxe, isUEFI: true)),
      // ipmitool chassis bootdev disk options=persistent
      ("05 c0 08 00 00 00", BootFlags(.disk, isPersistent: true, isUEFI: false)),
      // ipmitool chassis bootdev bios
      ("05 80 18 00 00 00", BootFlags(.setup, isUEFI: false)),
      // ipmitool chassis bootdev cdrom
      ("05 80 14 00 00 00", BootFlags(.cd, isUEFI: false)),
    ])
  func bootFlags(hex: String, flags: BootFlags) throws {
    #expect(try SetSystemBootOptions.flags(flags).requestData == bytes(hex))
    let request = try bytes(hex)
    let read = try SetSystemBootOptions(request: request.span)
    #expect(read == .flags(flags))
    #expect(try parse(GetSystemBootOptions.flags, "01" + hex).flags() == flags)
    try shake(GetSystemBootOptions.flags, "01" + hex)
  }

  @Test("flags that are not understood are kept when written back")
  func keptFlags() throws {
    let all = [UInt8](repeating: 0xff, count: 5)
    let flags = try BootFlags(parsing: all.span)
    #expect(flags.bytes == all)
  }

  @Test("boot options are set and read through a session")
  func bootOptions() throws {
    var talk = Conversation(.test(), .test())
    talk.login()
    _ = try talk.ask(SetSystemBootOptions.setInProgress)
    #expect(throws: IPMICommandError.refused(SetSystemBootOptions.alreadyInProgress)) {
      try talk.ask(SetSystemBootOptions.setInProgress)
    }
    _ = try talk.ask(SetSystemBootOptions.keepFlagsPastTimeout)
    _ = try talk.ask(SetSystemBootOptions.acknowledge)
    _ = try talk.ask(SetSystemBootOptions.flags(BootFlags(.pxe, isUEFI: true)))
    _ = try talk.ask(SetSystemBootOptions.setComplete)
    #expect(try talk.ask(GetSystemBootOptions.flags).flags() == BootFlags(.pxe, isUEFI: true))
    #expect(talk.bmc.machine.bootFlags?.device == .pxe)
    #expect(throws: IPMICommandError.refused(SetSystemBootOptions.parameterNotSupported)) {
      try talk.ask(GetSystemBootOptions(parameter: 99))
    }
  }

  @Test("the other chassis commands through a session; User may only read")
  func chassis() throws {
    var talk = Conversation(.test(), .test())
    talk.login()
    #expect(try talk.ask(SetPowerRestorePolicy(.turnOn)) == [.stayOff, .previousState, .turnOn])
    _ = try talk.ask(ChassisIdentify(isForced: true))
    let status = try talk.ask(GetChassisStatus())
    #expect(status.restorePolicy == .turnOn && status.identify == .on)
    #expect(throws: IPMICommandError.refused(.wrongState)) { try talk.ask(ChassisControl(.hardReset)) }
    _ = try talk.ask(ChassisControl(.powerUp))
    #expect(try talk.ask(GetSystemRestartCause()).cause == .chassisControl)

    var guest = Conversation(
      .test {
        $0.userName = "guest"
        $0.password = KeyMaterial(password: "guest")
        $0.privilege = .user
      }, .test())
    guest.login()
    #expect(try guest.ask(GetChassisStatus()).isOn == false)
    #expect(throws: IPMICommandError.refused(.insufficientPrivilege)) { try guest.ask(ChassisControl(.powerUp)) }
  }

  @Test("what must not be repeated says so")
  func repeatable() {
    #expect(ChassisControl(.powerUp).isRepeatable && ChassisControl(.powerDown).isRepeatable)
    for action in [.powerCycle, .hardReset, .diagnosticInterrupt, .softShutdown] as [ChassisControl.Action] {
      #expect(!IPMIRequest(ChassisControl(action)).isRepeatable)
    }
  }

  @Test("cipher suite records, standard and OEM, joined from pieces")
  func cipherSuites() throws {
    // 3: C0 03 01 41 81; OEM 0x80 of IANA 0x1291: C1 80 91 12 00 03; 17: C0 11 03 44 81
    let records = try bytes("c003014181 c18091120003 c011034481")
    #expect(GetChannelCipherSuites.suites(in: records) == [3, 17])
    #expect(
      GetChannelCipherSuites.suites(in: GetChannelCipherSuites.records(of: CipherSuite.all)) == [17, 3, 8, 12, 2, 1, 0])
    #expect(GetChannelCipherSuites.suites(in: [0xc0]) == [])
    let piece = [1] + Array(records.prefix(16))
    let first = try GetChannelCipherSuites(index: 0).parse(piece.span)
    #expect(first.records.count == 16 && !first.isLast)
  }

  @Test("user access: counts are six bits")
  func userAccess() throws {
    // 32 users, 2 enabled of which this one, 1 fixed name, messaging, administrator
    let response = try parse(GetUserAccess(user: 2), "20 42 01 14")
    #expect(response.mostUsers == 32)
    #expect(response.enabledUsers == 2)
    #expect(response.isEnabled == true)
    #expect(response.privilege == .administrator && response.allowsMessaging)
    try shake(GetUserAccess(user: 2), "20 42 01 14")
    #expect(SetUserAccess(channel: 1, user: 3, privilege: .administrator).requestData == [0x91, 3, 4])
  }

  @Test("names and passwords, 16 and 20 bytes, never printed")
  func users() throws {
    #expect(try parse(GetUserName(user: 2), "61646d696e" + String(repeating: "00", count: 11)) == "admin")
    #expect(SetUserName(user: 3, name: "12345678901234567") == nil)
    #expect(SetUserName(user: 3, name: "ab")?.requestData == [3, 97, 98] + [UInt8](repeating: 0, count: 14))
    let secret = KeyMaterial(password: "ab")
    let short = try #require(SetUserPassword.Password(secret, isLong: false))
    let long = try #require(SetUserPassword.Password(secret, isLong: true))
    #expect(SetUserPassword(user: 3, .set(short)).requestData == [3, 2, 97, 98] + [UInt8](repeating: 0, count: 14))
    #expect(SetUserPassword(user: 3, .test(long)).requestData == [0x83, 3, 97, 98] + [UInt8](repeating: 0, count: 18))
    #expect(SetUserPassword(user: 3, .enable).requestData == [3, 1])
    #expect(SetUserPassword.Password(KeyMaterial(password: "12345678901234567"), isLong: false) == nil)
    let request = IPMIRequest(SetUserPassword(user: 3, .set(short)))
    for value in [SetUserPassword(user: 3, .set(short)), request, IPMIMessage(request: request, sequence: 0)] as [Any] {
      var dumped = "\(value)"
      dump(value, to: &dumped)
      #expect(!dumped.contains("97"))
    }
  }

  @Test("LAN parameters: addresses in network order, the port the other way round")
  func lan() throws {
    #expect(
      try parse(GetLANConfiguration(.address), "11 0a000001") == .address(IPv4Address(rawValue: 0x0a00_0001))
    )
    #expect(try parse(GetLANConfiguration(.primaryPort), "11 6f02") == .primaryPort(623))
    #expect(try parse(GetLANConfiguration(.vlan), "11 6480") == .vlan(100))
    #expect(try parse(GetLANConfiguration(.vlan), "11 6400") == .vlan(nil))
    #expect(
      try parse(GetLANConfiguration(.macAddress), "11 525400123456")
        == .macAddress(MACAddress(rawValue: 0x5254_0012_3456)))
    for parameter in [.address, .addressSource, .macAddress, .primaryPort, .vlan] as [GetLANConfiguration.Parameter] {
      try shake(GetLANConfiguration(parameter), "11 525400123456")
      #expect(throws: IPMIParseError.self) {
        try parse(GetLANConfiguration(parameter), "11")
      }
    }
  }

  @Test("an event record")
  func sel() throws {
    // next 2; record 1, system event, 2026-01-01, generator 0020, rev 4, temperature sensor 1, assertion of threshold
    // event upper critical going high
    let hex = "0200 0100 02 00b95569 2000 04 01 01 01 59 5a 50"
    let entry = try parse(GetSELEntry(record: 0), hex)
    #expect(entry.next == 2)
    #expect(entry.record.timestamp == 0x6955_b900)
    #expect(entry.record.sensorType == 1 && entry.record.eventType == 1 && !entry.record.isDeassertion)
    #expect(entry.record.eventData == [0x59, 0x5a, 0x50])
    try shake(GetSELEntry(record: 0), hex)
    #expect(ClearSEL(reservation: 0x1234, .begin).requestData == [0x34, 0x12, 0x43, 0x4c, 0x52, 0xaa])
  }

  /// A full record: id 1, temperature sensor 0x30 "CPU", °C, M 5, B −20 (10^1), R −1: (5x − 200) / 10.
  static let fullSensor =
    "0100 51 01 2e 20 00 30 03 01 7f 68 01 01 0000 0000 3f3f 00 01 00 00 05 00 ec c0 00 f1 00"
    + " 00 00 00 ff 00 f0 e0 d0 10 20 30 00 00 0000 00 c3 435055"

  @Test("a full sensor record: conversion and thresholds")
  func sensor() throws {
    let record = try #require(try sensorRecord(bytes(Self.fullSensor)))
    #expect(record.name == "CPU")
    #expect(record.number == 0x30 && record.type == 1 && record.unit == 1)
    #expect(record.conversion?.offset == -20)
    let reading = try parse(GetSensorReading(sensor: 0x30), "64 c0 c0")
    #expect(record.value(of: reading) == 30.0)
    #expect(record.thresholds?.upperNonRecoverable == 100.0)
    #expect(record.thresholds?.upperCritical == 92.0)
    #expect(record.thresholds?.lowerNonCritical == 4.0)
    #expect(try parse(GetSensorReading(sensor: 1), "64 e0").raw == nil)
  }

  @Test("sensor records cut anywhere or with a bit flipped never trap")
  func sensorShaken() throws {
    let good = try bytes(Self.fullSensor)
    for length in 0..<good.count {
      #expect(throws: IPMIParseError.self) { try sensorRecord(Array(good.prefix(length))) }
    }
    for bit in 0..<good.count * 8 {
      var bad = good
      bad[bit / 8] ^= 1 << (bit % 8)
      if let record = try? sensorRecord(bad) {
        for raw in 0...255 { _ = record.conversion?.value(of: UInt8(raw)) }
      }
    }
  }

  @Test(
    "readings in one's and two's complement, and reciprocal",
    arguments: [
      (SensorRecord.Conversion.Format.twosComplement, 0, 0xff, -1.0), (.onesComplement, 0, 0xfe, -1.0),
      (.unsigned, 0, 0xff, 255.0), (.unsigned, 7, 4, 0.25), (.unsigned, 8, 4, 16.0), (.unsigned, 7, 0, nil),
      (.unsigned, 1, 4, nil),
    ] as [(SensorRecord.Conversion.Format, UInt8, UInt8, Double?)])
  func conversion(format: SensorRecord.Conversion.Format, linearization: UInt8, raw: UInt8, value: Double?) {
    let conversion = SensorRecord.Conversion(
      format: format, multiplier: 1, offset: 0, offsetExponent: 0, resultExponent: 0, linearization: linearization)
    #expect(conversion.value(of: raw) == value)
  }

  /// Header; board area: 1996-01-02T00:00Z (1440 minutes), "ACME", "Board", serial "S1", part "P1" (BCD plus "12-3").
  static func fru() -> [UInt8] {
    func sealed(_ area: [UInt8]) -> [UInt8] {
      var area = area
      while area.count % 8 != 7 { area.append(0) }
      area[1] = UInt8((area.count + 1) / 8)
      return area + [0 &- area.reduce(0, &+)]
    }
    let board = sealed(
      [1, 0, 25, 0xa0, 0x05, 0x00, 0xc4] + Array("ACME".utf8) + [0xc5] + Array("Board".utf8) + [0xc2] + Array("S1".utf8)
        + [0x42, 0x12, 0xb3, 0xc0, 0xc1])
    let product = sealed(
      [1, 0, 25, 0xc4] + Array("ACME".utf8) + [0xc3] + Array("Box".utf8) + [0xc0, 0xc0, 0xc2] + Array("S2".utf8)
        // Six-bit ASCII "ABC": 21 22 23 of six bits each, low bits first
        + [0x83, 0xa1, 0x38, 0x02, 0xc0, 0xc1])
    let header: [UInt8] = [1, 0, 0, 1, UInt8(1 + board.count / 8), 0, 0]
    return header + [0 &- header.reduce(0, &+)] + board + product
  }

  @Test("a FRU's board and product areas, in all text encodings")
  func fruAreas() throws {
    let inventory = try inventory(Self.fru())
    #expect(inventory.board?.manufacturer == "ACME")
    #expect(inventory.board?.manufacturedMinutes == 1440)
    #expect(inventory.board?.serialNumber == "S1")
    #expect(inventory.board?.partNumber == "12-3")
    #expect(inventory.product?.name == "Box")
    #expect(inventory.product?.serialNumber == "S2")
    #expect(inventory.product?.assetTag == "ABC")
    #expect(inventory.chassis == nil)
  }

  @Test("a FRU cut anywhere or with a bit flipped is refused by its checksums")
  func fruShaken() {
    let good = Self.fru()
    for length in 0..<good.count {
      #expect(throws: IPMIParseError.self) { try inventory(Array(good.prefix(length))) }
    }
    for bit in 0..<good.count * 8 {
      var bad = good
      bad[bit / 8] ^= 1 << (bit % 8)
      #expect(throws: IPMIParseError.self, "bit \(bit)") { try inventory(bad) }
    }
  }

  @Test("a FRU read returns no more than was asked for")
  func fruRead() throws {
    #expect(try parse(ReadFRUInventory(offset: 0, count: 2), "02 aabb") == [0xaa, 0xbb])
    #expect(throws: IPMIParseError.self) { try parse(ReadFRUInventory(offset: 0, count: 2), "03 aabbcc") }
    #expect(throws: IPMIParseError.self) { try parse(ReadFRUInventory(offset: 0, count: 4), "04 aabbcc") }
  }

  @Test("the watchdog's time is in tenths of a second")
  func watchdog() throws {
    let timer = WatchdogTimer(use: .os, action: .powerCycle, countdown: .seconds(60))
    #expect(SetWatchdogTimer(timer).requestData == [4, 3, 0, 0x10, 0x58, 0x02])
    let response = try parse(GetWatchdogTimer(), "44 03 00 00 5802 5702")
    #expect(response.isRunning && response.timer == timer && response.remaining == .milliseconds(59_900))
    #expect(
      SetWatchdogTimer(WatchdogTimer(use: .os, action: .none, countdown: .seconds(-1))).requestData.suffix(2) == [0, 0])
    #expect(try parse(GetWatchdogTimer(), "04 03 00 00 5802").remaining == nil)
    try shake(GetWatchdogTimer(), "44 03 00 00 5802 5702")
  }

  @Test("presence: ping is answered with pong, without a session")
  func presence() throws {
    // RMCP, class ASF, IANA 4542, ping, tag 7
    #expect(try PresencePing(tag: 7).bytes == bytes("0600ff06 000011be 80 07 00 00"))
    var bmc = BMCResponder(.test(), crypto: OpenSSLCrypto())
    var random = SeededGenerator(seed: 1)
    let answer = bmc.receive(PresencePing(tag: 7).bytes.span, at: .now, random: &random)
    let pong = try #require(answer)
    // … pong, tag 7, 16 bytes: IANA, OEM, IPMI supported and ASF 1.0, interactions, reserved
    #expect(try pong == bytes("0600ff06 000011be 40 07 00 10 000011be 00000000 81 00 000000000000"))
    #expect(try presence(pong) == PresencePong(tag: 7))
    for length in 0..<pong.count {
      #expect(throws: IPMIParseError.self) { try presence(Array(pong.prefix(length))) }
    }
  }

  @Test("sequence numbers: once each, a little late, not far ahead unless signed")
  func window() {
    var window = SequenceWindow(isSigned: false)
    #expect(!window.isNew(0))
    #expect(window.isNew(1) && window.isNew(15) && !window.isNew(16))
    window.accept(10)
    #expect(window.isNew(11) && window.isNew(25) && !window.isNew(26))
    #expect(!window.isNew(10))
    // What came before the first number was never expected: a window begins at 1.
    window.accept(25)
    #expect(window.isNew(11) && window.isNew(24) && !window.isNew(10) && !window.isNew(9))
    window.accept(20)
    #expect(!window.isNew(20))
    var signed = SequenceWindow(startingAt: .max, isSigned: true)
    #expect(signed.isNew(.max))
    signed.accept(.max)
    #expect(signed.isNew(1) && !signed.isNew(0) && signed.isNew(1000))
  }
}
