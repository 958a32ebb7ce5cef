/// Lights the lamp by which a person finds the machine. IPMI v2.0 §28.5, NetFn Chassis, command 04h.
public struct ChassisIdentify: ServedCommand {
  public static let networkFunction = NetworkFunction.chassis
  public static let command: UInt8 = 0x04

  public enum State: UInt8, Hashable, Sendable {
    case off = 0
    case temporary = 1
    case on = 2
  }

  /// Seconds; 0 puts it out. `nil`: the BMC's default of 15.
  public var seconds: UInt8?

  /// Until told otherwise. A BMC without this answers 0xC7 or 0xCC, then ask for 255 seconds.
  public var isForced: Bool

  public init(seconds: UInt8? = nil, isForced: Bool = false) {
    self.seconds = seconds
    self.isForced = isForced
  }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let bytes = data.rest(at: &offset)
    seconds = bytes.first
    isForced = bytes.count > 1 && bytes[1] & 1 != 0
  }

  public var requestData: [UInt8] {
    if isForced { return [seconds ?? 0, 1] }
    return seconds.map { [$0] } ?? []
  }

  public typealias Response = NoResponse
}
