import Testing
import Wire

@testable import IPMI

@Suite("The BMC's half: what it answers")
struct ResponderCommandTests {
  private func session(_ change: (inout BMCResponder.Configuration) -> Void = { _ in }) -> Conversation {
    var talk = Conversation(.test { $0.privilege = .administrator }, .test(change))
    talk.login()
    return talk
  }

  @Test("a password that was set is the one that the next login takes, also with 20 bytes")
  func passwords() throws {
    var talk = session()
    let long = try #require(SetUserPassword.Password(KeyMaterial(password: "12345678901234567890"), isLong: true))
    let short = try #require(SetUserPassword.Password(KeyMaterial(password: "1234567890123456"), isLong: false))
    _ = try talk.ask(SetUserPassword(user: 2, .set(long)))
    _ = try talk.ask(SetUserPassword(user: 2, .test(long)))
    #expect(throws: IPMICommandError.refused(SetUserPassword.lengthDiffers)) {
      try talk.ask(SetUserPassword(user: 2, .test(short)))
    }
    let other = try #require(SetUserPassword.Password(KeyMaterial(password: "other"), isLong: true))
    #expect(throws: IPMICommandError.refused(SetUserPassword.passwordDiffers)) {
      try talk.ask(SetUserPassword(user: 2, .test(other)))
    }
    var next = Conversation(
      .test { $0.password = KeyMaterial(password: "12345678901234567890") }, talk.bmc.configuration)
    next.login()
    #expect(next.isEstablished)
    var old = Conversation(.test(), talk.bmc.configuration)
    old.login()
    #expect(old.failure != nil && !old.isEstablished)
    // What tells the BMC is still on its way.
    old.run { $0.bmc.openSessions == 0 }
    #expect(old.bmc.counters.wrongPasswords == 1 && old.bmc.counters.logins == 0)
  }

  @Test("a user is made in a free place: name, password, access; disabled, it does not get in")
  func newUser() throws {
    var talk = session()
    #expect(try talk.ask(GetUserName(user: 5)) == "")
    _ = try talk.ask(try #require(SetUserName(user: 5, name: "sidero")))
    #expect(try talk.ask(GetUserName(user: 5)) == "sidero")
    let password = try #require(SetUserPassword.Password(KeyMaterial(password: "new"), isLong: false))
    _ = try talk.ask(SetUserPassword(user: 5, .set(password)))
    _ = try talk.ask(SetUserAccess(user: 5, privilege: .administrator))
    func login(_ bmc: BMCResponder) -> Bool {
      var next = Conversation(
        .test {
          $0.userName = "sidero"
          $0.password = KeyMaterial(password: "new")
        }, bmc.configuration)
      next.login()
      return next.isEstablished
    }
    #expect(!login(talk.bmc))
    _ = try talk.ask(SetUserPassword(user: 5, .enable))
    let access = try talk.ask(GetUserAccess(user: 5))
    #expect(access.mostUsers == 16 && access.enabledUsers == 3 && access.isEnabled == true)
    #expect(access.privilege == .administrator && access.allowsMessaging)
    #expect(login(talk.bmc))
    _ = try talk.ask(SetUserPassword(user: 5, .disable))
    #expect(!login(talk.bmc))
  }

  @Test("the user table has as many places as it says, the null user among them")
  func userPlaces() throws {
    var talk = session { $0.userLimit = 63 }
    #expect(try talk.ask(GetUserAccess(user: 1)).mostUsers == 63)
    #expect(try talk.ask(GetUserAccess(user: 1)).isEnabled == false)
    _ = try talk.ask(try #require(SetUserName(user: 63, name: "last")))
    #expect(try talk.ask(GetUserName(user: 63)) == "last")
    #expect(throws: IPMICommandError.refused(.invalidField)) {
      try talk.ask(try #require(SetUserName(user: 1, name: "null")))
    }
    #expect(throws: IPMICommandError.refused(.parameterOutOfRange)) { try talk.ask(GetUserAccess(user: 0)) }
    var small = session { $0.userLimit = 10 }
    #expect(throws: IPMICommandError.refused(.parameterOutOfRange)) { try small.ask(GetUserAccess(user: 11)) }
  }

  @Test("who is no administrator does not change users, who is no operator does not clear the log")
  func privileges() throws {
    var guest = Conversation(
      .test {
        $0.userName = "guest"
        $0.password = KeyMaterial(password: "guest")
        $0.privilege = .user
      }, .test())
    guest.login()
    #expect(throws: IPMICommandError.refused(.insufficientPrivilege)) {
      try guest.ask(SetUserPassword(user: 2, .disable))
    }
    #expect(throws: IPMICommandError.refused(.insufficientPrivilege)) {
      try guest.ask(ClearSEL(reservation: 1, .begin))
    }
    #expect(throws: IPMICommandError.refused(.insufficientPrivilege)) { try guest.ask(GetUserName(user: 2)) }
    #expect(try guest.ask(GetSELInfo()).entries == 2)
  }

  @Test("boot flags go after 60 seconds unless parameter 3 says otherwise or the machine starts")
  func bootFlagsExpire() throws {
    var talk = session()
    _ = try talk.ask(SetSystemBootOptions.flags(BootFlags(.pxe, isUEFI: true)))
    talk.now += .seconds(59)
    #expect(try talk.ask(GetSystemBootOptions.flags).flags()?.device == .pxe)
    talk.now += .seconds(2)
    #expect(try talk.ask(GetSystemBootOptions.flags).flags()?.isValid == false)

    _ = try talk.ask(SetSystemBootOptions.keepFlagsPastTimeout)
    _ = try talk.ask(SetSystemBootOptions.flags(BootFlags(.pxe, isUEFI: true)))
    talk.bmc.advance(to: talk.now + .seconds(3600))
    #expect(talk.bmc.machine.bootFlags?.isValid == true)
  }

  @Test("a start uses boot flags that are for once, and keeps those that are for good")
  func bootFlagsUsed() throws {
    var talk = session()
    _ = try talk.ask(SetSystemBootOptions.flags(BootFlags(.pxe, isUEFI: true)))
    _ = try talk.ask(ChassisControl(.powerUp))
    #expect(talk.bmc.machine.lastBootDevice == .pxe && talk.bmc.machine.startCount == 1)
    #expect(talk.bmc.machine.bootFlags?.isValid == false)
    _ = try talk.ask(SetSystemBootOptions.flags(BootFlags(.disk, isPersistent: true, isUEFI: true)))
    _ = try talk.ask(ChassisControl(.powerCycle))
    #expect(try !talk.ask(GetChassisStatus()).isOn)
    talk.now += .seconds(1)
    _ = try talk.ask(ChassisControl(.hardReset))
    #expect(talk.bmc.machine.lastBootDevice == .disk && talk.bmc.machine.startCount == 3)
    #expect(talk.bmc.machine.history == [.powerUp, .powerCycle, .hardReset])
  }

  @Test("switching takes its time: a soft shutdown, a power cycle")
  func timing() throws {
    var talk = session {
      $0.identity = SimulatedIdentity(seed: 1, number: 3)
    }
    talk.bmc.machine.isOn = true
    talk.bmc.machine.timing.softShutdown = .seconds(10)
    talk.bmc.machine.timing.powerOff = .seconds(2)
    talk.bmc.machine.timing.cycle = .seconds(5)
    _ = try talk.ask(ChassisControl(.softShutdown))
    let soon = talk.now + .seconds(9)
    talk.bmc.advance(to: soon)
    #expect(talk.bmc.machine.isOn)
    talk.bmc.advance(to: soon + .seconds(2))
    #expect(!talk.bmc.machine.isOn)
    talk.bmc.machine.isOn = true
    talk.now = soon + .seconds(2)
    _ = try talk.ask(ChassisControl(.powerCycle))
    let deadline = try #require(talk.bmc.deadline)
    talk.bmc.advance(to: deadline)
    #expect(!talk.bmc.machine.isOn)
    talk.bmc.advance(to: deadline + .seconds(5))
    #expect(talk.bmc.machine.isOn && talk.bmc.machine.startCount == 1)
  }

  @Test("the event log tells what happened to the machine, and is cleared with a reservation only")
  func eventLog() throws {
    var talk = session()
    _ = try talk.ask(ChassisControl(.powerUp))
    var records: [SELRecord] = []
    var next = GetSELEntry.first
    repeat {
      let answer = try talk.ask(GetSELEntry(record: next))
      records.append(answer.record)
      next = answer.next
    } while next != GetSELEntry.last
    #expect(records.count == 3)
    #expect(records.last?.sensorType == 0x09 && records.last?.isDeassertion == true)
    #expect(records.last?.timestamp.map { $0 >= talk.bmc.configuration.startTime } == true)
    #expect(throws: IPMICommandError.refused(.reservationCancelled)) {
      try talk.ask(ClearSEL(reservation: 0x1234, .begin))
    }
    let reservation = try talk.ask(ReserveSEL())
    #expect(try talk.ask(ClearSEL(reservation: reservation, .begin)))
    #expect(try talk.ask(ClearSEL(reservation: reservation, .askProgress)))
    #expect(try talk.ask(GetSELInfo()).entries == 1)
    #expect(throws: IPMICommandError.refused(.notPresent)) { try talk.ask(GetSELEntry(record: 2)) }
  }

  @Test("a full event log drops what comes and says so")
  func fullLog() {
    var log = SimulatedEventLog()
    for _ in 0..<SimulatedEventLog.capacity { log.add(sensorType: 9, sensor: 1, data: [0], at: 1) }
    #expect(!log.hasOverflowed && log.freeBytes == 0)
    log.add(sensorType: 9, sensor: 1, data: [0], at: 1)
    #expect(log.hasOverflowed && log.count == SimulatedEventLog.capacity)
  }

  @Test("sensor records are read in parts, as one answer does not hold a whole one; every analog one has a reading")
  func sensors() throws {
    var talk = session()
    talk.bmc.machine.isOn = true
    #expect(throws: IPMICommandError.refused(.cannotReturnBytes)) { try talk.ask(GetSDR(record: 2)) }
    let reservation = try talk.ask(ReserveSDRRepository())
    var names: Set<String> = []
    var next = GetSDR.first
    repeat {
      let head = try talk.ask(GetSDR(reservation: reservation, record: next, offset: 0, count: 5))
      var bytes = head.data
      let whole = 5 + Int(bytes[4])
      while bytes.count < whole {
        let count = min(16, whole - bytes.count)
        bytes += try talk.ask(
          GetSDR(reservation: reservation, record: next, offset: UInt8(bytes.count), count: UInt8(count))
        ).data
      }
      next = head.next
      guard let record = try SensorRecord.parse(bytes.span) else { continue }
      names.insert(record.name)
      let reading = try talk.ask(GetSensorReading(sensor: record.number))
      if let conversion = record.conversion {
        let value = try #require(reading.raw.flatMap { conversion.value(of: $0) })
        let limit = try #require(record.thresholds?.upperCritical ?? record.thresholds?.lowerCritical.map { $0 * 20 })
        #expect(value > 0 && value < limit, "\(record.name)")
      }
    } while next != GetSDR.last
    #expect(names.count == SimulatedSensor.all.count && names.contains("Inlet Temp") && names.contains("12V"))
    #expect(try talk.ask(GetSDRRepositoryInfo()).records == SimulatedSensor.all.count + 1)
    talk.bmc.machine.isOn = false
    #expect(try talk.ask(GetSensorReading(sensor: 0x31)).raw == nil)
    #expect(try talk.ask(GetSensorReading(sensor: 0x10)).raw != nil)
    #expect(throws: IPMICommandError.refused(.notPresent)) { try talk.ask(GetSensorReading(sensor: 0xfe)) }
    #expect(throws: IPMICommandError.refused(.reservationCancelled)) {
      try talk.ask(GetSDR(reservation: reservation &+ 1, record: 1, offset: 5, count: 5))
    }
  }

  @Test("inventories are well-formed, and differ between machines")
  func inventory() throws {
    var serials: Set<String> = []
    for number in [0, 1, 99_999] {
      var talk = session { $0.identity = SimulatedIdentity(seed: 3, number: number) }
      let info = try talk.ask(GetFRUInventoryInfo())
      var bytes: [UInt8] = []
      while bytes.count < info.size {
        bytes += try talk.ask(ReadFRUInventory(offset: UInt16(bytes.count), count: 16))
      }
      let inventory = try FRUInventory(parsing: bytes.span)
      serials.insert(try #require(inventory.product?.serialNumber))
      #expect(inventory.product?.assetTag == SimulatedIdentity(seed: 3, number: number).name)
      #expect(inventory.chassis?.type == 0x17 && inventory.board?.manufacturer == "Siderite")
      #expect(throws: IPMICommandError.refused(.cannotReturnBytes)) {
        try talk.ask(ReadFRUInventory(offset: 0, count: 200))
      }
    }
    #expect(serials.count == 3)
  }

  @Test("network settings and channels are told")
  func network() throws {
    var talk = session {
      $0.identity = SimulatedIdentity(seed: 1, number: 7)
      $0.address = IPv4Address(rawValue: 0x7f0a_0008)
    }
    #expect(try talk.ask(GetLANConfiguration(.address)) == .address(IPv4Address(rawValue: 0x7f0a_0008)))
    #expect(try talk.ask(GetLANConfiguration(.addressSource)) == .addressSource(.static))
    #expect(
      try talk.ask(GetLANConfiguration(.macAddress)) == .macAddress(SimulatedIdentity(seed: 1, number: 7).macAddress))
    #expect(try talk.ask(GetLANConfiguration(.primaryPort)) == .primaryPort(623))
    #expect(try talk.ask(GetLANConfiguration(.vlan)) == .vlan(nil))
    #expect(throws: IPMICommandError.refused(.invalidField)) {
      try talk.ask(GetLANConfiguration(channel: 3, .address))
    }
    #expect(throws: IPMICommandError.refused(SetLANConfiguration.readOnly)) {
      try talk.ask(SetLANConfiguration(channel: 1, parameter: .address, data: [1, 2, 3, 4]))
    }
    let channel = IPMIRequest(networkFunction: .application, command: 0x42, data: [0x0e])
    #expect(try talk.reply(to: channel)?.data.prefix(2) == [0x01, 0x04])
    let nowhere = IPMIRequest(networkFunction: .application, command: 0x42, data: [0x05])
    #expect(try talk.reply(to: nowhere)?.code == .invalidField)
  }

  @Test("the watchdog resets a machine that says nothing, and the log knows")
  func watchdog() throws {
    var talk = session()
    talk.bmc.machine.isOn = true
    #expect(throws: IPMICommandError.refused(ResetWatchdogTimer.uninitialized)) { try talk.ask(ResetWatchdogTimer()) }
    _ = try talk.ask(SetWatchdogTimer(WatchdogTimer(use: .os, action: .hardReset, countdown: .seconds(30))))
    #expect(try talk.ask(GetWatchdogTimer()).isRunning == false)
    _ = try talk.ask(ResetWatchdogTimer())
    talk.now += .seconds(20)
    let running = try talk.ask(GetWatchdogTimer())
    #expect(running.isRunning && running.remaining.map { $0 <= .seconds(10) && $0 > .seconds(9) } == true)
    talk.now += .seconds(11)
    #expect(try talk.ask(GetSystemRestartCause()).cause == .watchdog)
    #expect(talk.bmc.machine.startCount == 1 && talk.bmc.machine.controlCount == 0)
    #expect(try talk.ask(GetSELInfo()).entries == 4)
  }

  @Test("no bytes of a request bring it down")
  func shaken() throws {
    var talk = session()
    talk.bmc.machine.isOn = true
    var random = SeededRandom(seed: 5)
    var session = try #require(talk.bmc.sessions.values.first)
    session.privilege = .administrator
    let functions: [NetworkFunction] = [.chassis, .sensorEvent, .application, .storage, .transport]
    for function in functions {
      for command in UInt8.min...UInt8.max {
        for length in [0, 1, 2, 3, 4, 6, 8, 16, 18, 22, 40] {
          let data = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) & (length % 2 == 0 ? 0xff : 3) }
          var request = IPMIRequest(networkFunction: function, command: command, data: data)
          request.lun = UInt8.random(in: 0...3, using: &random)
          let message = IPMIMessage(request: request, sequence: UInt8.random(in: 0...63, using: &random))
          let response = talk.bmc.answer(message, in: &session, at: talk.now, random: &random)
          #expect(response.answers(message) && response.data.count <= 200)
        }
      }
    }
    #expect(talk.bmc.configuration.users.count <= 62)
  }
}

@Suite("Responder: closing sessions")
struct ResponderCloseTests {
  /// A session is left behind by one user, and another session asks to close it.
  private func close(
    _ first: IPMISessionConfiguration, by second: IPMISessionConfiguration
  ) throws -> (code: CompletionCode?, left: Int, again: CompletionCode?) {
    var talk = Conversation(first, .test())
    talk.login()
    let old = talk.session.bmcSessionID
    var next = Conversation(second, talk.bmc.configuration, seed: 2)
    next.bmc = talk.bmc
    next.login()
    let code = try next.reply(to: IPMIRequest(CloseSession(sessionID: old)))?.code
    let left = next.bmc.openSessions
    return (code, left, try next.reply(to: IPMIRequest(CloseSession(sessionID: old)))?.code)
  }

  private var guest: IPMISessionConfiguration {
    .test {
      $0.userName = "guest"
      $0.password = KeyMaterial(password: "guest")
      $0.privilege = .user
    }
  }

  @Test("an operator ends what is left of its own, and asking again is answered that there is none")
  func own() throws {
    let outcome = try close(.test(), by: .test())
    #expect(outcome.code == .success)
    #expect(outcome.left == 1)
    #expect(outcome.again == CloseSession.invalidSessionID)
  }

  @Test("an administrator ends anybody's; an operator does not, nor does a user its own")
  func others() throws {
    #expect(try close(guest, by: .test { $0.privilege = .administrator }).code == .success)
    let outcome = try close(guest, by: .test())
    #expect(outcome.code == .insufficientPrivilege)
    #expect(outcome.left == 2)
    #expect(try close(guest, by: guest).code == .insufficientPrivilege)
  }
}
