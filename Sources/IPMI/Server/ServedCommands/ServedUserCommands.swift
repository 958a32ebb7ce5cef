/// User commands, read and written the other way round.
extension GetUserAccess: ServedCommand {
  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    self.init(channel: try data.byte(at: &offset), user: try data.byte(at: &offset))
  }

  public func responseData(_ response: Response) -> [UInt8] {
    var access = response.privilege.rawValue
    if response.isCallbackOnly { access |= 0x40 }
    if response.allowsLinkAuthentication { access |= 0x20 }
    if response.allowsMessaging { access |= 0x10 }
    let state: UInt8 = response.isEnabled.map { $0 ? 0x40 : 0x80 } ?? 0
    return [
      UInt8(clamping: response.mostUsers) & 0x3f, state | UInt8(clamping: response.enabledUsers) & 0x3f,
      UInt8(clamping: response.fixedNames) & 0x3f, access,
    ]
  }
}

extension GetUserName: ServedCommand {
  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    self.init(user: try data.byte(at: &offset))
  }

  public func responseData(_ response: String) -> [UInt8] { KeyMaterial(password: response).padded(to: 16) }
}

extension SetUserAccess: ServedCommand {
  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let first = try data.byte(at: &offset)
    let user = try data.byte(at: &offset)
    self.init(channel: first, user: user, privilege: PrivilegeLevel(rawValue: try data.byte(at: &offset)))
    isCallbackOnly = first & 0x40 != 0
    allowsLinkAuthentication = first & 0x20 != 0
    allowsMessaging = first & 0x10 != 0
  }
}

extension SetUserName: ServedCommand {
  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    user = try data.byte(at: &offset) & 0x3f
    name = Array(try data.bytes(16, at: &offset).prefix { $0 != 0 })
  }
}

extension SetUserPassword: ServedCommand {
  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let first = try data.byte(at: &offset)
    let number = try data.byte(at: &offset) & 0x03
    isPadded = number < 2 && data.count > 2
    user = first & 0x3f
    isPadded = false
    let isLong = first & 0x80 != 0
    switch number {
    case 0: operation = .disable
    case 1: operation = .enable
    default:
      // Zeros at the end are padding.
      var bytes = try data.bytes(isLong ? 20 : 16, at: &offset)
      while bytes.last == 0 { bytes.removeLast() }
      guard let password = Password(KeyMaterial(bytes), isLong: isLong) else {
        throw .length(field: "password", value: bytes.count)
      }
      operation = number == 2 ? .set(password) : .test(password)
    }
  }
}
