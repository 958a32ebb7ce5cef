import Wire

/// What the watchdog timer is for and does. IPMI v2.0 §27.
public struct WatchdogTimer: Hashable, Sendable {
  public enum Use: UInt8, Hashable, Sendable {
    case firmware = 1
    case post = 2
    case osLoad = 3
    case os = 4
    case oem = 5
  }

  public enum Action: UInt8, Hashable, Sendable {
    case none = 0
    case hardReset = 1
    case powerDown = 2
    case powerCycle = 3
  }

  public var use: Use
  public var action: Action

  /// In units of 100 ms on the wire, at most 6553.5 s.
  public var countdown: Duration

  /// Setting it stops the timer unless this is set.
  public var keepsRunning: Bool
  public var isLogged: Bool

  public init(
    use: Use, action: Action, countdown: Duration, keepsRunning: Bool = false, isLogged: Bool = true
  ) {
    self.use = use
    self.action = action
    self.countdown = countdown
    self.keepsRunning = keepsRunning
    self.isLogged = isLogged
  }
}

/// Sets the watchdog timer; ``ResetWatchdogTimer`` starts it. IPMI v2.0 §27.6, NetFn App, command 24h.
public struct SetWatchdogTimer: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x24

  public var timer: WatchdogTimer

  public init(_ timer: WatchdogTimer) { self.timer = timer }

  /// No pre-timeout interrupt; the expiration flag of this use is cleared.
  public var requestData: [UInt8] {
    let ticks = max(0, min(timer.countdown / .milliseconds(100), 65535))
    var bytes: [UInt8] = [
      (timer.isLogged ? 0 : 0x80) | (timer.keepsRunning ? 0x40 : 0) | timer.use.rawValue, timer.action.rawValue, 0,
      1 << timer.use.rawValue,
    ]
    bytes.append(littleEndian: UInt16(ticks))
    return bytes
  }

  public typealias Response = NoResponse
}

/// Starts the watchdog timer, or starts it over. IPMI v2.0 §27.5, NetFn App, command 22h.
public struct ResetWatchdogTimer: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x22

  /// There is nothing to start: it was never set.
  public static let uninitialized = CompletionCode(rawValue: 0x80)

  public init() {}
  public var requestData: [UInt8] { [] }
  public typealias Response = NoResponse
}

/// Reads the watchdog timer. IPMI v2.0 §27.7, NetFn App, command 25h.
public struct GetWatchdogTimer: IPMICommand {
  public static let networkFunction = NetworkFunction.application
  public static let command: UInt8 = 0x25

  public init() {}
  public var requestData: [UInt8] { [] }

  public struct Response: Hashable, Sendable {
    /// `nil` when use or action have a value that is not named.
    public var timer: WatchdogTimer?
    public var isRunning: Bool
    /// `nil` when it is not told: `ipmi_sim` leaves it out.
    public var remaining: Duration?
  }

  public func parse(_ data: Span<UInt8>) throws(IPMIParseError) -> Response {
    var offset = 0
    let use = try data.byte(at: &offset)
    let action = try data.byte(at: &offset)
    _ = try data.word(at: &offset)
    let initial = Duration.milliseconds(100 * Int(try data.word(at: &offset)))
    let remaining: Duration? =
      offset < data.count ? .milliseconds(100 * Int(try data.word(at: &offset))) : nil
    var timer: WatchdogTimer?
    if let knownUse = WatchdogTimer.Use(rawValue: use & 7),
      let knownAction = WatchdogTimer.Action(rawValue: action & 7)
    {
      timer = WatchdogTimer(use: knownUse, action: knownAction, countdown: initial, isLogged: use & 0x80 == 0)
    }
    return Response(timer: timer, isRunning: use & 0x40 != 0, remaining: remaining)
  }
}
