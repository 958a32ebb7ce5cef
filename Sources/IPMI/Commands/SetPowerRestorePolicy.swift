/// What a machine does when mains power comes back.
public enum PowerRestorePolicy: UInt8, Hashable, Sendable {
  case stayOff = 0
  case previousState = 1
  case turnOn = 2
}

/// Sets what happens when mains power comes back. IPMI v2.0 §28.8, NetFn Chassis, command 06h.
public struct SetPowerRestorePolicy: ServedCommand {
  public static let networkFunction = NetworkFunction.chassis
  public static let command: UInt8 = 0x06

  /// `nil` changes nothing and only asks what is supported.
  public var policy: PowerRestorePolicy?

  public init(_ policy: PowerRestorePolicy?) { self.policy = policy }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    policy = PowerRestorePolicy(rawValue: try data.byte(at: &offset) & 0x07)
  }

  public var requestData: [UInt8] { [policy?.rawValue ?? 3] }

  /// The policies the machine can have.
  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Set<PowerRestorePolicy> {
    var offset = 0
    let bits = try data.byte(at: &offset)
    return Set([.stayOff, .previousState, .turnOn].filter { bits & 1 << $0.rawValue != 0 })
  }

  public func responseData(_ response: Set<PowerRestorePolicy>) -> [UInt8] {
    [response.reduce(0) { $0 | 1 << $1.rawValue }]
  }
}
