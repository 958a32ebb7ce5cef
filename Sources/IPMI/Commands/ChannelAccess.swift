import Wire

/// How a channel may be used, whoever uses it. IPMI v2.0 §22.22, §22.23.
///
/// ```
/// | … alerting off:1 per-message authentication off:1 user-level authentication off:1 mode:3 | … privilege limit:4 |
/// ```
public struct ChannelAccess: Hashable, Sendable {
  public enum Mode: UInt8, Hashable, Sendable {
    case disabled = 0
    /// Until the machine's operating system starts.
    case preBoot = 1
    case always = 2
    /// Shared with the system, for serial ports.
    case shared = 3
  }

  /// Which of the two settings: the one now in force, or the one after the BMC starts anew.
  public enum Storage: UInt8, Hashable, Sendable {
    case nonVolatile = 1
    case volatile = 2
  }

  /// `nil`: a value without a meaning.
  public var mode: Mode?
  public var privilegeLimit: PrivilegeLevel
  public var isAlertingDisabled = false
  public var isPerMessageAuthenticationDisabled = false
  public var isUserLevelAuthenticationDisabled = false

  public init(mode: Mode, privilegeLimit: PrivilegeLevel) {
    self.mode = mode
    self.privilegeLimit = privilegeLimit
  }

  init(parsing data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let first = try data.byte(at: &offset)
    privilegeLimit = PrivilegeLevel(rawValue: try data.byte(at: &offset))
    mode = Mode(rawValue: first & 0x07)
    isAlertingDisabled = first & 0x20 != 0
    isPerMessageAuthenticationDisabled = first & 0x10 != 0
    isUserLevelAuthenticationDisabled = first & 0x08 != 0
  }

  func bytes(_ storage: Storage) -> [UInt8] {
    var first = storage.rawValue << 6 | (mode?.rawValue ?? 0)
    // Without a mode only the limit is set.
    if mode == nil { first = 0 }
    if isAlertingDisabled { first |= 0x20 }
    if isPerMessageAuthenticationDisabled { first |= 0x10 }
    if isUserLevelAuthenticationDisabled { first |= 0x08 }
    return [first, storage.rawValue << 6 | privilegeLimit.rawValue]
  }
}

/// Reads a channel's access. IPMI v2.0 §22.23, NetFn App, command 41h.
public struct GetChannelAccess: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x41

  public var channel: UInt8
  public var storage: ChannelAccess.Storage

  public init(channel: UInt8 = 0x0e, _ storage: ChannelAccess.Storage = .volatile) {
    self.channel = channel & 0x0f
    self.storage = storage
  }

  public var requestData: [UInt8] { [channel, storage.rawValue << 6] }
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> ChannelAccess { try ChannelAccess(parsing: data) }
}

/// Sets a channel's access; who may not use it any more is not asked. IPMI v2.0 §22.22, NetFn App, command 40h.
public struct SetChannelAccess: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x40

  public var channel: UInt8
  public var storage: ChannelAccess.Storage
  public var access: ChannelAccess

  public init(channel: UInt8, _ storage: ChannelAccess.Storage, _ access: ChannelAccess) {
    self.channel = channel & 0x0f
    self.storage = storage
    self.access = access
  }

  public var requestData: [UInt8] { [channel] + access.bytes(storage) }
  public typealias Response = NoResponse
}
