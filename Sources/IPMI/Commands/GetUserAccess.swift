/// What a user may do on a channel, and how many users there can be. IPMI v2.0 §22.27, NetFn App, command 44h.
public struct GetUserAccess: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x44

  public var channel: UInt8
  /// 1…63; 1 is the null user.
  public var user: UInt8

  public init(channel: UInt8 = 0x0e, user: UInt8) {
    self.channel = channel & 0x0f
    self.user = user & 0x3f
  }

  public var requestData: [UInt8] { [channel, user] }

  public struct Response: Hashable, Sendable {
    /// How many users the BMC can have. All three counts are 6 bits: masks of 5 make a BMC with 32 users seem full.
    public var mostUsers: Int
    public var enabledUsers: Int
    public var fixedNames: Int

    /// `nil`: the BMC does not tell (older than this field).
    public var isEnabled: Bool?
    public var isCallbackOnly: Bool
    public var allowsLinkAuthentication: Bool
    public var allowsMessaging: Bool
    public var privilege: PrivilegeLevel
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    let most = try data.byte(at: &offset)
    let enabled = try data.byte(at: &offset)
    let fixed = try data.byte(at: &offset)
    let access = try data.byte(at: &offset)
    let isEnabled: Bool? =
      switch enabled >> 6 {
      case 1: true
      case 2: false
      default: nil
      }
    return Response(
      mostUsers: Int(most & 0x3f), enabledUsers: Int(enabled & 0x3f), fixedNames: Int(fixed & 0x3f),
      isEnabled: isEnabled, isCallbackOnly: access & 0x40 != 0, allowsLinkAuthentication: access & 0x20 != 0,
      allowsMessaging: access & 0x10 != 0, privilege: PrivilegeLevel(rawValue: access))
  }
}
