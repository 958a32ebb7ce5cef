/// Why the machine last started. IPMI v2.0 §28.11, NetFn Chassis, command 07h.
public struct GetSystemRestartCause: ServedCommand {
  public static let networkFunction = NetworkFunction.chassis
  public static let command: UInt8 = 0x07

  public init() {}
  public init(request data: Span<UInt8>) throws(IPMIParseError) {}

  public var requestData: [UInt8] { [] }

  /// Values that are not named here are kept.
  public struct Cause: RawRepresentable, Hashable, Sendable {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue & 0x0f }

    public static let unknown = Cause(rawValue: 0)
    public static let chassisControl = Cause(rawValue: 1)
    public static let resetButton = Cause(rawValue: 2)
    public static let powerButton = Cause(rawValue: 3)
    public static let watchdog = Cause(rawValue: 4)
    public static let oem = Cause(rawValue: 5)
    public static let powerRestored = Cause(rawValue: 6)
    public static let powerRestoredPreviousState = Cause(rawValue: 7)
    public static let eventFilterReset = Cause(rawValue: 8)
    public static let eventFilterPowerCycle = Cause(rawValue: 9)
    public static let softReset = Cause(rawValue: 10)
    public static let realTimeClock = Cause(rawValue: 11)
  }

  public struct Response: Hashable, Sendable {
    public var cause: Cause
    /// The channel that the command came in on, if one did.
    public var channel: UInt8

    public init(cause: Cause, channel: UInt8) {
      self.cause = cause
      self.channel = channel
    }
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    return Response(cause: Cause(rawValue: try data.byte(at: &offset)), channel: try data.byte(at: &offset))
  }

  public func responseData(_ response: Response) -> [UInt8] { [response.cause.rawValue, response.channel] }
}
