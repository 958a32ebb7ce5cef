import Wire

/// What a channel leads to. IPMI v2.0 §22.24, NetFn App, command 42h.
public struct GetChannelInfo: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x42

  /// 0…11; 0x0E: the one this is asked on. Channels that do not exist answer 0xCC or 0xC9.
  public var channel: UInt8

  public init(channel: UInt8) { self.channel = channel & 0x0f }

  public var requestData: [UInt8] { [channel] }

  /// Table 6-3. Values that are not named here are kept.
  public struct Medium: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8
    /// The low seven bits of `rawValue`.
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x7f }

    public static let ipmb = Medium(rawValue: 1)
    /// 802.3
    public static let lan = Medium(rawValue: 4)
    public static let serial = Medium(rawValue: 5)
    public static let otherLAN = Medium(rawValue: 6)
    public static let systemInterface = Medium(rawValue: 12)
  }

  public struct Response: Hashable, Sendable {
    /// The channel's real number, also when it was asked as 0x0E.
    public var channel: UInt8
    public var medium: Medium
    /// Table 6-2: 1 IPMB-1.0, 5 KCS, …
    public var channelProtocol: UInt8
    /// Sessions open on it now.
    public var activeSessions: Int

    public init(channel: UInt8, medium: Medium, channelProtocol: UInt8 = 1, activeSessions: Int = 0) {
      self.channel = channel
      self.medium = medium
      self.channelProtocol = channelProtocol
      self.activeSessions = activeSessions
    }
  }

  /// The vendor's number and bytes behind the sessions are not read.
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    return Response(
      channel: try data.byte(at: &offset) & 0x0f, medium: Medium(rawValue: try data.byte(at: &offset)),
      channelProtocol: try data.byte(at: &offset) & 0x1f, activeSessions: Int(try data.byte(at: &offset) & 0x3f))
  }
}
