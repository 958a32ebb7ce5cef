import Wire

/// Payloads beside IPMI messages, of which there is one: serial-over-LAN. IPMI v2.0 §24.
extension BMCResponder {
  private static let getActivationStatus: UInt8 = 0x4a
  private static let getInstanceInfo: UInt8 = 0x4b
  static let setUserPayloadAccess: UInt8 = 0x4c
  static let getUserPayloadAccess: UInt8 = 0x4d
  private static let getPayloadSupport: UInt8 = 0x4e
  private static let getPayloadVersion: UInt8 = 0x4f

  mutating func answerAboutPayloads(
    _ message: IPMIMessage, in session: ResponderSession, random: inout some RandomNumberGenerator
  ) throws -> Outcome? {
    let data = message.data.span
    var offset = 0
    switch message.command {
    case ActivateSOL.command:
      // The payload's type comes first.
      guard try data.byte(at: &offset) == PayloadType.serialOverLAN.rawValue, let keys = session.keys else {
        return (.invalidField, [])
      }
      let request = try ActivateSOL(request: data)
      guard request.instance == 1 else { return (ActivateSOL.limitReached, []) }
      guard serialPort == nil || serialPort?.session == session.identifier && !configuration.faults.carriesOutRepeats
      else {
        return (ActivateSOL.alreadyActive, [])
      }
      guard request.isEncrypted == keys.isEncrypted else {
        return (keys.isEncrypted ? ActivateSOL.mustEncrypt : ActivateSOL.cannotEncrypt, [])
      }
      serialPort = SimulatedSerialPort(session: session.identifier)
      let most = UInt16(SimulatedSerialPort.mostCharacters + 4)
      return (
        .success,
        request.responseData(
          ActivateSOL.Response(mostBytesToBMC: most, mostBytesFromBMC: most, port: configuration.port))
      )
    case DeactivateSOL.command:
      guard try data.byte(at: &offset) == PayloadType.serialOverLAN.rawValue else { return (.invalidField, []) }
      guard let holder = serialPort?.session else { return (DeactivateSOL.alreadyDeactivated, []) }
      if holder != session.identifier,
        let packet = seal(SimulatedSerialPort.deactivation, .serialOverLAN, for: holder, random: &random)
      {
        outbox.append(packet)
      }
      serialPort = nil
      return (.success, [])
    case Self.getActivationStatus:
      guard try data.byte(at: &offset) == PayloadType.serialOverLAN.rawValue else { return (.invalidField, []) }
      return (.success, [1, serialPort == nil ? 0 : 1, 0])
    case Self.getInstanceInfo:
      guard try data.byte(at: &offset) == PayloadType.serialOverLAN.rawValue else { return (.invalidField, []) }
      var bytes = [UInt8]()
      bytes.append(littleEndian: serialPort?.session ?? 0)
      return (.success, bytes + [1] + [UInt8](repeating: 0, count: 7))
    case Self.setUserPayloadAccess: return (.success, [])
    case Self.getUserPayloadAccess: return (.success, [0x02, 0, 0, 0])
    // Types 0 and 1, and those of a login.
    case Self.getPayloadSupport: return (.success, [0x03, 0, 0x3f, 0, 0, 0, 0, 0])
    // 1.0
    case Self.getPayloadVersion: return (.success, [0x10])
    default: return nil
    }
  }
}
