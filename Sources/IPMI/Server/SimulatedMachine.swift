/// The machine behind a ``BMCResponder``: what chassis commands see and change.
public struct SimulatedMachine: Hashable, Sendable {
  /// How long things take; nothing, unless told otherwise or a specification says so.
  public struct Timing: Hashable, Sendable {
    public var powerOn: Duration = .zero
    public var powerOff: Duration = .zero
    /// Until the operating system has shut down.
    public var softShutdown: Duration = .zero
    /// Between off and on of a power cycle: a second at least. IPMI v2.0 §28.3
    public var cycle: Duration = .seconds(1)

    public init() {}
  }

  /// What happened to the machine.
  public enum Event: Hashable, Sendable {
    case poweredOn
    case poweredOff
    case reset
    case interrupted
  }

  public var isOn = false
  public var timing = Timing()
  public var restorePolicy = PowerRestorePolicy.previousState
  public var restartCause = GetSystemRestartCause.Cause.unknown

  /// The lamp; see ``lightLamp(_:at:)``.
  public internal(set) var identify = ChassisIdentify.State.off

  /// Boot options by parameter number. All machines share the first ones.
  public var bootOptions = Self.initialBootOptions

  /// Every chassis control that was carried out, oldest first, at most ``longestHistory``: what a test counts.
  public private(set) var history: [ChassisControl.Action] = []

  /// How many chassis controls were carried out.
  public private(set) var controlCount = 0

  /// How often it began to boot.
  public private(set) var startCount = 0

  /// What it booted from last.
  public private(set) var lastBootDevice = BootFlags.Device.noOverride

  public static let longestHistory = 64

  /// Boot flags that no start uses are taken back after so long. IPMI v2.0 §28.12, parameter 3
  public static let bootFlagsLimit: Duration = .seconds(60)

  private static let initialBootOptions: [UInt8: [UInt8]] = [
    0: [0], 1: [0], 2: [0], 3: [0], 4: [0, 0], 5: [0, 0, 0, 0, 0], 6: [0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]

  private struct Pending: Hashable, Sendable {
    var at: ContinuousClock.Instant
    var event: Event
  }

  /// What is still to happen, soonest first; two things at most.
  private var pending: [Pending] = []
  private var lampLimit: ContinuousClock.Instant?
  private var bootFlagsDeadline: ContinuousClock.Instant?

  public init() {}

  /// When ``advance(to:)`` has something to do.
  var deadline: ContinuousClock.Instant? {
    [pending.first?.at, lampLimit, bootFlagsDeadline].compactMap(\.self).min()
  }

  /// Begins to carry out a chassis control; a code other than success when it makes no sense now.
  ///
  /// Switching on what is on does nothing, not even when it is about to go off: as real ones behave. Everything else
  /// takes the place of what was still to happen.
  mutating func carryOut(_ action: ChassisControl.Action, at now: ContinuousClock.Instant) -> CompletionCode {
    switch action {
    case .powerUp:
      if !isOn { pending = [Pending(at: now + timing.powerOn, event: .poweredOn)] }
    case .powerDown: pending = isOn ? [Pending(at: now + timing.powerOff, event: .poweredOff)] : []
    case .softShutdown: pending = isOn ? [Pending(at: now + timing.softShutdown, event: .poweredOff)] : []
    case .powerCycle:
      guard isOn else { return .wrongState }
      let off = now + timing.powerOff
      pending = [
        Pending(at: off, event: .poweredOff), Pending(at: off + timing.cycle + timing.powerOn, event: .poweredOn),
      ]
    case .hardReset:
      guard isOn else { return .wrongState }
      pending = [Pending(at: now, event: .reset)]
    case .diagnosticInterrupt:
      guard isOn else { return .wrongState }
      pending.insert(Pending(at: now, event: .interrupted), at: 0)
    }
    controlCount += 1
    if history.count == Self.longestHistory { history.removeFirst() }
    history.append(action)
    return .success
  }

  /// Does what is due by now; says what happened, in order.
  mutating func advance(to now: ContinuousClock.Instant) -> [Event] {
    if let limit = lampLimit, now >= limit {
      identify = .off
      lampLimit = nil
    }
    if let limit = bootFlagsDeadline, now >= limit {
      takeBackBootFlags()
    }
    var events = [Event]()
    while let next = pending.first, now >= next.at {
      pending.removeFirst()
      switch next.event {
      case .poweredOn: start(.chassisControl)
      case .poweredOff: isOn = false
      case .reset: start(.chassisControl)
      case .interrupted: break
      }
      events.append(next.event)
    }
    return events
  }

  /// What the watchdog timer does, at once.
  mutating func expireWatchdog(_ action: WatchdogTimer.Action) -> [Event] {
    guard isOn, action != .none else { return [] }
    pending = []
    switch action {
    case .none: return []
    case .powerDown:
      isOn = false
      return [.poweredOff]
    case .hardReset:
      start(.watchdog)
      return [.reset]
    case .powerCycle:
      start(.watchdog)
      return [.poweredOff, .poweredOn]
    }
  }

  /// Boots: firmware reads the boot flags, and takes them back unless they are for every boot.
  private mutating func start(_ cause: GetSystemRestartCause.Cause) {
    isOn = true
    restartCause = cause
    startCount += 1
    bootFlagsDeadline = nil
    guard let flags = bootFlags, flags.isValid else {
      lastBootDevice = .noOverride
      return
    }
    lastBootDevice = flags.device
    if !flags.isPersistent { takeBackBootFlags() }
  }

  // MARK: Boot options

  /// The boot flags as they are now.
  public var bootFlags: BootFlags? {
    bootOptions[5].flatMap { bytes in try? BootFlags(parsing: bytes.span) }
  }

  private mutating func takeBackBootFlags() {
    bootFlagsDeadline = nil
    bootOptions[5] = [0, 0, 0, 0, 0]
  }

  mutating func setBootOption(_ command: SetSystemBootOptions, at now: ContinuousClock.Instant) -> CompletionCode {
    guard let present = bootOptions[command.parameter] else { return SetSystemBootOptions.parameterNotSupported }
    if command.parameter == 0, command.data.first == 1, present == [1] {
      return SetSystemBootOptions.alreadyInProgress
    }
    guard !command.data.isEmpty else { return .success }
    guard command.data.count >= present.count else { return .requestLength }
    bootOptions[command.parameter] = Array(command.data.prefix(present.count))
    if command.parameter == 5 {
      // Parameter 3, bit 3: they stay.
      let isKept = (bootOptions[3]?.first ?? 0) & 0x08 != 0
      bootFlagsDeadline = bootFlags?.isValid == true && !isKept ? now + Self.bootFlagsLimit : nil
    }
    return .success
  }

  // MARK: The lamp

  mutating func lightLamp(_ command: ChassisIdentify, at now: ContinuousClock.Instant) {
    lampLimit = nil
    if command.isForced {
      identify = .on
    } else {
      let seconds = command.seconds ?? 15
      identify = seconds == 0 ? .off : .temporary
      if seconds != 0 { lampLimit = now + .seconds(Int(seconds)) }
    }
  }
}
