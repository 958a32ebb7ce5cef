import Wire

/// How a channel lets one in; answered outside of sessions. IPMI v2.0 §22.13, NetFn App, command 38h.
public struct GetChannelAuthenticationCapabilities: ServedCommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x38

  /// 0x0E: the channel this is asked on.
  public var channel: UInt8
  public var privilege: PrivilegeLevel

  /// Bit 7 of the first byte: also tell about IPMI 2.0. Some IPMI 1.5 BMCs answer 0xCC to it: ask again without.
  public var wantsExtended: Bool

  public init(channel: UInt8 = 0x0e, privilege: PrivilegeLevel, wantsExtended: Bool = true) {
    self.channel = channel
    self.privilege = privilege
    self.wantsExtended = wantsExtended
  }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let first = try data.byte(at: &offset)
    channel = first & 0x0f
    wantsExtended = first & 0x80 != 0
    privilege = PrivilegeLevel(rawValue: try data.byte(at: &offset))
  }

  public var requestData: [UInt8] { [(wantsExtended ? 0x80 : 0) | channel & 0x0f, privilege.rawValue] }

  public struct Response: Hashable, Sendable {
    public var channel: UInt8

    /// IPMI 1.5's authentication types that are enabled for the privilege asked.
    public var authentications: Set<AuthenticationType>

    /// Kg is set: two-key logins.
    public var isKeySet: Bool
    public var isPerMessageAuthenticationDisabled: Bool
    public var isUserLevelAuthenticationDisabled: Bool
    public var hasNamedUsers: Bool
    public var hasNullUsers: Bool
    public var hasAnonymousLogin: Bool

    /// Whether RMCP+ sessions can be opened.
    public var supportsVersion20: Bool

    /// The maker of extensions, an IANA enterprise number of 24 bits, and what it says.
    public var oemEnterprise: UInt32
    public var oemData: UInt8

    public init(
      channel: UInt8 = 1, authentications: Set<AuthenticationType>, isKeySet: Bool = false,
      isPerMessageAuthenticationDisabled: Bool = false, isUserLevelAuthenticationDisabled: Bool = false,
      hasNamedUsers: Bool = true, hasNullUsers: Bool = false, hasAnonymousLogin: Bool = false,
      supportsVersion20: Bool = true, oemEnterprise: UInt32 = 0, oemData: UInt8 = 0
    ) {
      self.channel = channel
      self.authentications = authentications
      self.isKeySet = isKeySet
      self.isPerMessageAuthenticationDisabled = isPerMessageAuthenticationDisabled
      self.isUserLevelAuthenticationDisabled = isUserLevelAuthenticationDisabled
      self.hasNamedUsers = hasNamedUsers
      self.hasNullUsers = hasNullUsers
      self.hasAnonymousLogin = hasAnonymousLogin
      self.supportsVersion20 = supportsVersion20
      self.oemEnterprise = oemEnterprise
      self.oemData = oemData
    }
  }

  private static let types: [AuthenticationType] = [.none, .md2, .md5, .straight, .oem]

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    let channel = try data.byte(at: &offset)
    let types = try data.byte(at: &offset)
    let status = try data.byte(at: &offset)
    let extended = try data.byte(at: &offset)
    // OEM fields are missing from some IPMI 1.5 answers.
    let oem = data.rest(at: &offset)
    return Response(
      channel: channel & 0x0f, authentications: Set(Self.types.filter { types & 1 << $0.rawValue != 0 }),
      isKeySet: status & 0x20 != 0, isPerMessageAuthenticationDisabled: status & 0x10 != 0,
      isUserLevelAuthenticationDisabled: status & 0x08 != 0, hasNamedUsers: status & 0x04 != 0,
      hasNullUsers: status & 0x02 != 0, hasAnonymousLogin: status & 0x01 != 0,
      supportsVersion20: types & 0x80 != 0 && extended & 0x02 != 0,
      oemEnterprise: oem.count >= 3 ? UInt32(oem[0]) | UInt32(oem[1]) << 8 | UInt32(oem[2]) << 16 : 0,
      oemData: oem.count >= 4 ? oem[3] : 0)
  }

  public func responseData(_ response: Response) -> [UInt8] {
    var types: UInt8 = wantsExtended ? 0x80 : 0
    for type in Self.types where response.authentications.contains(type) { types |= 1 << type.rawValue }
    var status: UInt8 = response.isKeySet ? 0x20 : 0
    if response.isPerMessageAuthenticationDisabled { status |= 0x10 }
    if response.isUserLevelAuthenticationDisabled { status |= 0x08 }
    if response.hasNamedUsers { status |= 0x04 }
    if response.hasNullUsers { status |= 0x02 }
    if response.hasAnonymousLogin { status |= 0x01 }
    let extended: UInt8 = wantsExtended ? (response.supportsVersion20 ? 0x03 : 0x01) : 0
    var bytes: [UInt8] = [response.channel, types, status, extended]
    bytes.append(littleEndian: response.oemEnterprise)
    return bytes.dropLast() + [response.oemData]
  }
}
