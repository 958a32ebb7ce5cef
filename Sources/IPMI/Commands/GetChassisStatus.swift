/// Whether the machine is on, and why it went off. IPMI v2.0 §28.2, NetFn Chassis, command 01h.
public struct GetChassisStatus: ServedCommand {
  public static let networkFunction = NetworkFunction.chassis
  public static let command: UInt8 = 0x01

  public init() {}
  public init(request data: Span<UInt8>) throws(IPMIParseError) {}

  public var requestData: [UInt8] { [] }

  public struct Response: Hashable, Sendable {
    public var isOn: Bool
    public var isOverloaded: Bool
    public var isInterlocked: Bool
    public var hasPowerFault: Bool
    public var hasControlFault: Bool

    /// What happens when mains power comes back; `nil` when the BMC does not know.
    public var restorePolicy: PowerRestorePolicy?

    /// Bit 0 mains failed, 1 overload, 2 interlock, 3 fault, 4 switched on by IPMI.
    public var lastPowerEvent: UInt8
    public var isIntrusionDetected: Bool
    public var isFrontPanelLocked: Bool
    public var hasDriveFault: Bool
    public var hasCoolingFault: Bool

    /// `nil` when the BMC does not tell.
    public var identify: ChassisIdentify.State?

    public init(
      isOn: Bool, isOverloaded: Bool = false, isInterlocked: Bool = false, hasPowerFault: Bool = false,
      hasControlFault: Bool = false, restorePolicy: PowerRestorePolicy? = nil, lastPowerEvent: UInt8 = 0,
      isIntrusionDetected: Bool = false, isFrontPanelLocked: Bool = false, hasDriveFault: Bool = false,
      hasCoolingFault: Bool = false, identify: ChassisIdentify.State? = nil
    ) {
      self.isOn = isOn
      self.isOverloaded = isOverloaded
      self.isInterlocked = isInterlocked
      self.hasPowerFault = hasPowerFault
      self.hasControlFault = hasControlFault
      self.restorePolicy = restorePolicy
      self.lastPowerEvent = lastPowerEvent
      self.isIntrusionDetected = isIntrusionDetected
      self.isFrontPanelLocked = isFrontPanelLocked
      self.hasDriveFault = hasDriveFault
      self.hasCoolingFault = hasCoolingFault
      self.identify = identify
    }
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    let power = try data.byte(at: &offset)
    let event = try data.byte(at: &offset)
    let state = try data.byte(at: &offset)
    return Response(
      isOn: power & 0x01 != 0, isOverloaded: power & 0x02 != 0, isInterlocked: power & 0x04 != 0,
      hasPowerFault: power & 0x08 != 0, hasControlFault: power & 0x10 != 0,
      restorePolicy: PowerRestorePolicy(rawValue: power >> 5 & 0x03), lastPowerEvent: event & 0x1f,
      isIntrusionDetected: state & 0x01 != 0, isFrontPanelLocked: state & 0x02 != 0,
      hasDriveFault: state & 0x04 != 0, hasCoolingFault: state & 0x08 != 0,
      identify: state & 0x40 != 0 ? ChassisIdentify.State(rawValue: state >> 4 & 0x03) : nil)
  }

  public func responseData(_ response: Response) -> [UInt8] {
    var power: UInt8 = (response.restorePolicy?.rawValue ?? 3) << 5
    if response.isOn { power |= 0x01 }
    if response.isOverloaded { power |= 0x02 }
    if response.isInterlocked { power |= 0x04 }
    if response.hasPowerFault { power |= 0x08 }
    if response.hasControlFault { power |= 0x10 }
    var state: UInt8 = response.isIntrusionDetected ? 0x01 : 0
    if response.isFrontPanelLocked { state |= 0x02 }
    if response.hasDriveFault { state |= 0x04 }
    if response.hasCoolingFault { state |= 0x08 }
    if let identify = response.identify { state |= 0x40 | identify.rawValue << 4 }
    return [power, response.lastPowerEvent & 0x1f, state]
  }
}
