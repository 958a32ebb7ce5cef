/// The machine behind a ``BMCResponder``: what chassis commands see and change.
public struct SimulatedMachine: Hashable, Sendable {
  public var isOn = false
  public var restorePolicy = PowerRestorePolicy.previousState
  public var identify = ChassisIdentify.State.off
  public var restartCause = GetSystemRestartCause.Cause.unknown

  /// Boot options by parameter number.
  public var bootOptions: [UInt8: [UInt8]] = [
    0: [0], 1: [0], 2: [0], 3: [0], 4: [0, 0], 5: [0, 0, 0, 0, 0], 6: [0, 0, 0, 0, 0, 0, 0, 0, 0],
  ]

  /// Every chassis control that was carried out, oldest first, at most ``longestHistory``: what a test counts.
  public private(set) var history: [ChassisControl.Action] = []

  /// How many chassis controls were carried out.
  public private(set) var controlCount = 0

  public static let longestHistory = 64

  public init() {}

  /// Carries out a chassis control, at once; `nil` when it makes no sense now.
  mutating func carryOut(_ action: ChassisControl.Action) -> CompletionCode {
    switch action {
    case .powerUp:
      if !isOn { restartCause = .chassisControl }
      isOn = true
    case .powerDown, .softShutdown: isOn = false
    case .powerCycle, .hardReset, .diagnosticInterrupt:
      guard isOn else { return .wrongState }
      restartCause = .chassisControl
    }
    controlCount += 1
    if history.count == Self.longestHistory { history.removeFirst() }
    history.append(action)
    return .success
  }

  /// The boot flags as they are now.
  public var bootFlags: BootFlags? {
    bootOptions[5].flatMap { bytes in try? BootFlags(parsing: bytes.span) }
  }

  mutating func setBootOption(_ command: SetSystemBootOptions) -> CompletionCode {
    guard let present = bootOptions[command.parameter] else { return SetSystemBootOptions.parameterNotSupported }
    if command.parameter == 0, command.data.first == 1, present == [1] {
      return SetSystemBootOptions.alreadyInProgress
    }
    guard !command.data.isEmpty else { return .success }
    guard command.data.count >= present.count else { return .requestLength }
    bootOptions[command.parameter] = Array(command.data.prefix(present.count))
    return .success
  }
}
