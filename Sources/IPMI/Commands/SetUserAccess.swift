/// Lets a user use a channel, or not. IPMI v2.0 §22.26, NetFn App, command 43h.
public struct SetUserAccess: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x43

  public var channel: UInt8
  public var user: UInt8
  public var privilege: PrivilegeLevel
  public var isCallbackOnly = false
  public var allowsLinkAuthentication = false
  public var allowsMessaging = true

  public init(channel: UInt8 = 0x0e, user: UInt8, privilege: PrivilegeLevel) {
    self.channel = channel & 0x0f
    self.user = user & 0x3f
    self.privilege = privilege
  }

  /// Bit 7 says that the three flags count.
  public var requestData: [UInt8] {
    var first = 0x80 | channel
    if isCallbackOnly { first |= 0x40 }
    if allowsLinkAuthentication { first |= 0x20 }
    if allowsMessaging { first |= 0x10 }
    return [first, user, privilege.rawValue]
  }

  public typealias Response = NoResponse
}
