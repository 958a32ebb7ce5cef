import Wire

/// Channels, and the network settings of channel 1. IPMI v2.0 §22.13, §22.14, §22.15, §22.22 to §22.24, §23.
extension BMCResponder {
  static let getSystemGUID: UInt8 = 0x37
  static let setChannelAccess: UInt8 = 0x40
  private static let getChannelAccess: UInt8 = 0x41
  private static let getChannelInfo: UInt8 = 0x42

  private static let lanChannel: UInt8 = 1
  private static let systemInterface: UInt8 = 0x0f
  private static let presentChannel: UInt8 = 0x0e

  /// The channel meant, of the two there are.
  private static func channel(_ number: UInt8) -> UInt8? {
    switch number & 0x0f {
    case presentChannel, lanChannel: lanChannel
    case systemInterface: systemInterface
    default: nil
    }
  }

  /// Some of this is also answered outside of sessions.
  mutating func answerAboutChannels(_ message: IPMIMessage) throws -> Outcome? {
    let data = message.data.span
    switch message.command {
    case GetChannelAuthenticationCapabilities.command:
      let request = try GetChannelAuthenticationCapabilities(request: data)
      guard Self.channel(request.channel) == Self.lanChannel else { return (.invalidField, []) }
      let response = GetChannelAuthenticationCapabilities.Response(
        authentications: configuration.authentications, isKeySet: configuration.bmcKey != nil,
        supportsVersion20: configuration.supportsVersion20)
      return (.success, request.responseData(response))
    case GetChannelCipherSuites.command:
      let request = try GetChannelCipherSuites(request: data)
      guard Self.channel(request.channel) == Self.lanChannel else { return (.invalidField, []) }
      let records = GetChannelCipherSuites.records(of: advertisedSuites)
      let piece = Array(records.dropFirst(Int(request.index) * 16).prefix(16))
      return (.success, request.responseData(GetChannelCipherSuites.Response(records: piece)))
    case Self.getSystemGUID: return (.success, configuration.guid)
    case Self.setChannelAccess: return (.success, [])
    case Self.getChannelAccess:
      var offset = 0
      guard Self.channel(try data.byte(at: &offset)) == Self.lanChannel else { return (.invalidField, []) }
      // Always available, up to administrator.
      return (.success, [0x02, PrivilegeLevel.administrator.rawValue])
    case Self.getChannelInfo:
      var offset = 0
      // Number, medium, protocol, sessions, IPMI's enterprise number 7154, interrupts (none).
      switch Self.channel(try data.byte(at: &offset)) {
      case Self.lanChannel:
        let active = UInt8(clamping: sessions.values.count { $0.isActive }) & 0x3f
        return (.success, [Self.lanChannel, 0x04, 0x01, 0x80 | active, 0xf2, 0x1b, 0x00, 0, 0])
      case Self.systemInterface:
        return (.success, [Self.systemInterface, 0x0c, 0x05, 0x00, 0xf2, 0x1b, 0x00, 0xff, 0xff])
      default: return (.invalidField, [])
      }
    default: return nil
    }
  }

  private var advertisedSuites: [CipherSuite] { configuration.advertisedSuites ?? configuration.cipherSuites }

  // MARK: LAN and serial-over-LAN parameters

  static let setSOLConfiguration: UInt8 = 0x21
  private static let getSOLConfiguration: UInt8 = 0x22

  mutating func answerAboutLAN(_ message: IPMIMessage) throws -> Outcome? {
    let data = message.data.span
    var offset = 0
    switch message.command {
    case SetLANConfiguration.command:
      _ = try data.bytes(2, at: &offset)
      return (SetLANConfiguration.readOnly, [])
    case Self.setSOLConfiguration:
      _ = try data.bytes(2, at: &offset)
      return (SetLANConfiguration.readOnly, [])
    case GetLANConfiguration.command, Self.getSOLConfiguration:
      let first = try data.byte(at: &offset)
      let parameter = try data.byte(at: &offset)
      guard Self.channel(first) == Self.lanChannel else { return (.invalidField, []) }
      // The parameters' revision; bit 7 asks for nothing else.
      let revision: UInt8 = 0x11
      guard first & 0x80 == 0 else { return (.success, [revision]) }
      let value =
        message.command == Self.getSOLConfiguration ? solParameter(parameter) : lanParameter(parameter)
      return value.map { (.success, [revision] + $0) } ?? (GetLANConfiguration.parameterNotSupported, [])
    default: return nil
    }
  }

  /// Table 23-4. The two ports are the least significant byte first.
  private func lanParameter(_ number: UInt8) -> [UInt8]? {
    let types = configuration.authentications.reduce(0 as UInt8) { $0 | 1 << min($1.rawValue, 7) }
    switch number {
    case 0: return [0]
    case 1: return [types]
    case 2: return [types, types, types, types, 0]
    case 3: return configuration.address.bytes
    case 4: return [GetLANConfiguration.AddressSource.static.rawValue]
    case 5: return configuration.identity.macAddress.bytes
    case 6: return configuration.subnetMask.bytes
    // Time to live 64, do not fragment, precedence 0, type of service 16.
    case 7: return [0x40, 0x40, 0x10]
    case 8: return word(configuration.port)
    case 9: return [0x98, 0x02]  // 664
    // The BMC answers ARP, and says nothing unasked.
    case 10: return [0x02]
    case 11: return [0x00]
    case 12: return configuration.gateway.bytes
    case 13, 15: return MACAddress.zero.bytes
    case 14: return IPv4Address.any.bytes
    case 16: return KeyMaterial(password: "public").padded(to: 18)
    case 17: return [0]
    case 20: return [0, 0]
    case 21: return [0]
    case 22: return [UInt8(clamping: advertisedSuites.count)]
    case 23: return [0] + KeyMaterial(advertisedSuites.map(\.identifier)).padded(to: 16)
    // Administrator for each of 16 suites, four bits each.
    case 24: return [0] + [UInt8](repeating: 0x44, count: 8)
    // No lock-out for wrong passwords.
    case 26: return [0, 0, 0, 0, 0, 0]
    default: return nil
    }
  }

  /// Table 26-5.
  private func solParameter(_ number: UInt8) -> [UInt8]? {
    switch number {
    case 0: [0]
    case 1: [1]
    case 2: [PrivilegeLevel.user.rawValue]
    // Characters are sent after 60 ms, or when there are 96.
    case 3: [12, 96]
    // 7 times, after 500 ms.
    case 4: [7, 50]
    // 115.2 kbit/s
    case 5, 6: [0x0a]
    case 7: [Self.lanChannel]
    case 8: word(configuration.port)
    default: nil
    }
  }
}
