import Wire

/// What it can do.
extension BMCResponder {
  /// A completion code and what follows it.
  typealias Outcome = (CompletionCode, [UInt8])

  /// The response to a request within a session; the same as before if it came before.
  mutating func answer(
    _ message: IPMIMessage, in session: inout ResponderSession, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) -> IPMIMessage {
    if !configuration.faults.carriesOutRepeats, let last = session.last, last.request == message {
      return last.response
    }
    guard busyAnswersGiven >= configuration.faults.busyAnswers else {
      busyAnswersGiven += 1
      return IPMIMessage(to: message, code: .nodeBusy, data: [])
    }
    counters.requests &+= 1
    let code: CompletionCode
    let data: [UInt8]
    do {
      (code, data) =
        if session.privilege < Self.privilege(for: message) {
          (.insufficientPrivilege, [])
        } else {
          try carryOut(message, in: &session, at: now, random: &random)
        }
    } catch {
      (code, data) = (.requestLength, [])
    }
    // What it set off at once shall show in the next answer, and on the serial port.
    advance(to: now)
    let response = IPMIMessage(to: message, code: code, data: data)
    session.last = (message, response)
    return response
  }

  /// What a command takes; IPMI v2.0 appendix G.
  private static func privilege(for message: IPMIMessage) -> PrivilegeLevel {
    switch (message.networkFunction, message.command) {
    case (.application, setUserAccess), (.application, setUserName), (.application, setUserPassword),
      (.application, setChannelAccess), (.application, setUserPayloadAccess), (.application, coldReset),
      (.application, warmReset), (.transport, SetLANConfiguration.command), (.transport, setSOLConfiguration):
      .administrator
    case (.application, GetUserAccess.command), (.application, GetUserName.command),
      (.application, SetWatchdogTimer.command), (.application, ResetWatchdogTimer.command),
      (.application, getUserPayloadAccess), (.application, setGlobalEnables),
      (.transport, GetLANConfiguration.command), (.storage, ClearSEL.command), (.storage, setLogTime),
      (.storage, addLogEntry):
      .operator
    case (.chassis, GetChassisStatus.command), (.chassis, GetSystemRestartCause.command),
      (.chassis, getChassisCapabilities), (.chassis, getPowerOnHours):
      .user
    case (.chassis, _): .operator
    case (.application, SetSessionPrivilegeLevel.command), (.application, CloseSession.command),
      (.application, GetChannelAuthenticationCapabilities.command), (.application, getSystemGUID):
      .callback
    default: .user
    }
  }

  private mutating func carryOut(
    _ message: IPMIMessage, in session: inout ResponderSession, at now: ContinuousClock.Instant,
    random: inout some RandomNumberGenerator
  ) throws -> Outcome {
    let outcome: Outcome? =
      switch message.networkFunction {
      case .application:
        try answerAboutSessions(message, in: &session) ?? answerAboutDevice(message)
          ?? answerAboutChannels(message) ?? answerAboutUsers(message)
          ?? answerAboutPayloads(message, in: session, random: &random) ?? answerAboutWatchdog(message, at: now)
      case .chassis: try answerAboutChassis(message, at: now)
      case .sensorEvent: try answerAboutSensors(message)
      case .storage:
        try answerAboutLog(message, at: now) ?? answerAboutRecords(message) ?? answerAboutInventory(message)
      case .transport: try answerAboutLAN(message)
      default: nil
      }
    return outcome ?? (.invalidCommand, [])
  }

  // MARK: The session itself

  static let getSessionInfo: UInt8 = 0x3d

  private mutating func answerAboutSessions(_ message: IPMIMessage, in session: inout ResponderSession) throws
    -> Outcome?
  {
    let data = message.data.span
    switch message.command {
    case SetSessionPrivilegeLevel.command:
      let request = try SetSessionPrivilegeLevel(request: data)
      if request.privilege.rawValue != 0 {
        guard request.privilege <= session.highestPrivilege else {
          return (SetSessionPrivilegeLevel.exceedsLimit, [])
        }
        session.privilege = request.privilege
      }
      return (.success, request.responseData(session.privilege))
    case CloseSession.command:
      let request = try CloseSession(request: data)
      if request.sessionID == session.identifier {
        session.isClosed = true
        return (.success, [])
      }
      guard let other = sessions[request.sessionID], other.isActive else { return (CloseSession.invalidSessionID, []) }
      // Others' sessions are an administrator's business; an operator may end what is left of its own.
      guard session.privilege >= .administrator || session.privilege >= .operator && other.userName == session.userName
      else { return (.insufficientPrivilege, []) }
      end(request.sessionID)
      return (.success, [])
    case Self.getSessionInfo:
      // IPMI v2.0 §22.20. Index 0 is the session that asks; there are no handles.
      var offset = 0
      guard try data.byte(at: &offset) == 0 else { return (.invalidField, []) }
      let name = session.userName
      let place = configuration.users.firstIndex { Array($0.name.utf8) == name } ?? 0
      let active = UInt8(clamping: sessions.values.count { $0.isActive })
      return (
        .success,
        [
          1, UInt8(clamping: configuration.sessionLimit), active, UInt8(clamping: place + 2),
          session.privilege.rawValue, (session.keys == nil ? 0 : 0x10) | 0x01,
        ] + [UInt8](repeating: 0, count: 12)
      )
    default: return nil
    }
  }

  // MARK: The device

  static let coldReset: UInt8 = 0x02
  static let warmReset: UInt8 = 0x03
  private static let getSelfTestResults: UInt8 = 0x04
  private static let getPowerState: UInt8 = 0x07
  private static let getDeviceGUID: UInt8 = 0x08
  static let setGlobalEnables: UInt8 = 0x2e
  private static let getGlobalEnables: UInt8 = 0x2f

  /// IPMI v2.0 §20, §22.1, §22.2
  private mutating func answerAboutDevice(_ message: IPMIMessage) throws -> Outcome? {
    switch message.command {
    case GetDeviceID.command: return (.success, GetDeviceID().responseData(configuration.device))
    case Self.coldReset, Self.warmReset:
      endAll()
      return (.success, [])
    // All tests passed.
    case Self.getSelfTestResults: return (.success, [0x55, 0x00])
    // ACPI: S0/G0 or S5/G2; device D0.
    case Self.getPowerState: return (.success, [machine.isOn ? 0x00 : 0x05, 0x00])
    case Self.getDeviceGUID: return (.success, configuration.guid)
    case Self.setGlobalEnables: return (.success, [])
    // The event log is on.
    case Self.getGlobalEnables: return (.success, [0x08])
    default: return nil
    }
  }

  // MARK: The chassis

  static let getChassisCapabilities: UInt8 = 0x00
  static let getPowerOnHours: UInt8 = 0x0f

  /// IPMI v2.0 §28
  private mutating func answerAboutChassis(_ message: IPMIMessage, at now: ContinuousClock.Instant) throws -> Outcome? {
    let data = message.data.span
    switch message.command {
    case Self.getChassisCapabilities:
      let address = IPMIMessage.bmcAddress
      return (.success, [0x00, address, address, address, address])
    case GetChassisStatus.command:
      let response = GetChassisStatus.Response(
        isOn: machine.isOn, restorePolicy: machine.restorePolicy,
        lastPowerEvent: machine.isOn && machine.controlCount > 0 ? 0x10 : 0, identify: machine.identify)
      return (.success, GetChassisStatus().responseData(response))
    case ChassisControl.command: return (machine.carryOut(try ChassisControl(request: data).action, at: now), [])
    case ChassisIdentify.command:
      machine.lightLamp(try ChassisIdentify(request: data), at: now)
      return (.success, [])
    case SetPowerRestorePolicy.command:
      let request = try SetPowerRestorePolicy(request: data)
      if let policy = request.policy { machine.restorePolicy = policy }
      return (.success, request.responseData([.stayOff, .previousState, .turnOn]))
    case GetSystemRestartCause.command:
      let response = GetSystemRestartCause.Response(cause: machine.restartCause, channel: 1)
      return (.success, GetSystemRestartCause().responseData(response))
    case SetSystemBootOptions.command:
      return (machine.setBootOption(try SetSystemBootOptions(request: data), at: now), [])
    case GetSystemBootOptions.command:
      let request = try GetSystemBootOptions(request: data)
      guard let value = machine.bootOptions[request.parameter] else {
        return (SetSystemBootOptions.parameterNotSupported, [])
      }
      let response = GetSystemBootOptions.Response(
        parameter: request.parameter, isParameterValid: true, data: value)
      return (.success, request.responseData(response))
    case Self.getPowerOnHours:
      // Counts of 60 minutes, as old as its number says.
      var bytes: [UInt8] = [60]
      bytes.append(littleEndian: UInt32(configuration.identity.number(for: 5) % 40_000))
      return (.success, bytes)
    default: return nil
    }
  }
}
