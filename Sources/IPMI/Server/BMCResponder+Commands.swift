/// What it can do.
extension BMCResponder {
  /// The response to a request within a session; the same as before if it came before.
  mutating func answer(_ message: IPMIMessage, in session: inout ResponderSession) -> IPMIMessage {
    if let last = session.last, last.request == message { return last.response }
    requests &+= 1
    let code: CompletionCode
    let data: [UInt8]
    do {
      (code, data) = try carryOut(message, in: &session)
    } catch {
      (code, data) = (.requestLength, [])
    }
    let response = IPMIMessage(to: message, code: code, data: data)
    session.last = (message, response)
    return response
  }

  private mutating func carryOut(
    _ message: IPMIMessage, in session: inout ResponderSession
  ) throws -> (CompletionCode, [UInt8]) {
    let data = message.data.span
    switch (message.networkFunction, message.command) {
    case (.application, GetDeviceID.command):
      return (.success, GetDeviceID().responseData(configuration.device))
    case (.application, SetSessionPrivilegeLevel.command):
      let request = try SetSessionPrivilegeLevel(request: data)
      if request.privilege.rawValue != 0 {
        guard request.privilege <= session.highestPrivilege else {
          return (SetSessionPrivilegeLevel.exceedsLimit, [])
        }
        session.privilege = request.privilege
      }
      return (.success, request.responseData(session.privilege))
    case (.application, CloseSession.command):
      let request = try CloseSession(request: data)
      guard request.sessionID == session.identifier else { return (CloseSession.invalidSessionID, []) }
      session.isClosed = true
      return (.success, [])
    case (.application, GetChannelAuthenticationCapabilities.command):
      let request = try GetChannelAuthenticationCapabilities(request: data)
      let response = GetChannelAuthenticationCapabilities.Response(
        authentications: configuration.authentications, isKeySet: configuration.bmcKey != nil,
        supportsVersion20: configuration.supportsVersion20)
      return (.success, request.responseData(response))

    case (.chassis, GetChassisStatus.command):
      let response = GetChassisStatus.Response(
        isOn: machine.isOn, restorePolicy: machine.restorePolicy, identify: machine.identify)
      return (.success, GetChassisStatus().responseData(response))
    case (.chassis, GetSystemRestartCause.command):
      let response = GetSystemRestartCause.Response(cause: machine.restartCause, channel: 1)
      return (.success, GetSystemRestartCause().responseData(response))
    case (.chassis, _) where session.privilege < .operator:
      return (.insufficientPrivilege, [])
    case (.chassis, ChassisControl.command):
      return (machine.carryOut(try ChassisControl(request: data).action), [])
    case (.chassis, ChassisIdentify.command):
      let request = try ChassisIdentify(request: data)
      machine.identify = request.isForced ? .on : request.seconds == 0 ? .off : .temporary
      return (.success, [])
    case (.chassis, SetPowerRestorePolicy.command):
      let request = try SetPowerRestorePolicy(request: data)
      if let policy = request.policy { machine.restorePolicy = policy }
      return (.success, request.responseData([.stayOff, .previousState, .turnOn]))
    case (.chassis, SetSystemBootOptions.command):
      return (machine.setBootOption(try SetSystemBootOptions(request: data)), [])
    case (.chassis, GetSystemBootOptions.command):
      let request = try GetSystemBootOptions(request: data)
      guard let value = machine.bootOptions[request.parameter] else {
        return (SetSystemBootOptions.parameterNotSupported, [])
      }
      let response = GetSystemBootOptions.Response(
        parameter: request.parameter, isParameterValid: true, data: value)
      return (.success, request.responseData(response))
    default: return (.invalidCommand, [])
    }
  }
}
