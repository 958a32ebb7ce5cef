/// Switches the machine. IPMI v2.0 §28.3, NetFn Chassis, command 02h.
public struct ChassisControl: ServedCommand {
  public static let networkFunction = NetworkFunction.chassis
  public static let command: UInt8 = 0x02

  public enum Action: UInt8, Hashable, Sendable {
    /// Off at once, like pulling the plug.
    case powerDown = 0
    case powerUp = 1

    /// Off, and on after at least a second. Of a machine that is off: BMCs differ, some refuse, some switch it on.
    case powerCycle = 2
    case hardReset = 3

    /// Diagnostic interrupt (NMI).
    case diagnosticInterrupt = 4

    /// Asks the operating system to shut down, as a short press of the power button does.
    case softShutdown = 5
  }

  public var action: Action

  public init(_ action: Action) { self.action = action }

  public init(request data: Span<UInt8>) throws(IPMIParseError) {
    var offset = 0
    let value = try data.byte(at: &offset) & 0x0f
    guard let action = Action(rawValue: value) else { throw .value(field: "chassis control", Int(value)) }
    self.action = action
  }

  public var requestData: [UInt8] { [action.rawValue] }

  /// On and off say what shall be; the others do something each time: a lost answer must not do it twice.
  public var isRepeatable: Bool { action == .powerUp || action == .powerDown }

  public typealias Response = NoResponse
}
