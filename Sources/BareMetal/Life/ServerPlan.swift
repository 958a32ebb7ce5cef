public import Wire

/// What is to be done about a Server now: its status, what to do to the machine, and when to look again.
///
/// Pure: the same Server, binding, power and time give the same plan. Sidero's states (its README calls it the lifecycle):
///
/// | state | done | ready |
/// |---|---|---|
/// | not accepted, or quarantined | nothing | no |
/// | free and clean | switched off when on | yes |
/// | in use | switched on when off, into its Environment until it is installed | yes |
/// | free and not clean, wipe asked for | brought to the agent, again when that is not heard of | no |
/// | free and not clean, wipe not asked for | nothing; a condition says what a person can do | no |
///
/// The status is to be written before the actions are carried out, and only if the Server is still what the plan was made
/// from.
public struct ServerPlan: Hashable, Sendable {
  public var status: ServerStatus
  /// In this order; when one fails, not those after it.
  public var actions: [ServerAction] = []
  /// When to look again if nothing changes.
  public var requeue: Duration?
  /// For the journal, once the status is written.
  public var events: [BootOccurrence] = []

  /// - Parameters:
  ///   - binding: the ServerBinding of the Server's name.
  ///   - hold: why nothing is done to the binding's machine.
  ///   - power: what the machine's management controller has just said; `nil`: it was not asked.
  ///   - intentID: made at random, for an intent to wipe if one is to be recorded.
  public init(
    for server: Server, binding: ServerBinding?, hold: BindingHold? = nil, power: PowerState?, now: Timestamp,
    configuration: Configuration, intentID: String
  ) {
    status = server.status
    var decision = ServerDecision(
      server: server, binding: binding, hold: hold, power: power, now: Timestamp(seconds: now.seconds),
      configuration: configuration, intentID: intentID, plan: self)
    decision.decide()
    self = decision.plan
  }
}

extension ServerPlan {
  /// How a life is led.
  public struct Configuration: Hashable, Sendable {
    /// How long a machine may take to boot the agent, or be silent: Sidero's `--server-reboot-timeout`.
    public var rebootTimeout: Duration
    /// Sidero's `--ipmi-pxe-method`.
    public var pxeMode: PXEMode
    /// How a wipe is made whose Server's policy says nothing: Sidero's `--insecure-wipe`.
    public var wipeMode: WipePolicy.Mode
    /// Between two moments at which a machine is made to boot, whatever for: a fan curve, a disk array and a person who
    /// pulls a cable have their time.
    public var restartInterval: Duration

    public init(
      rebootTimeout: Duration = .seconds(1200), pxeMode: PXEMode = .uefi, wipeMode: WipePolicy.Mode = .fast,
      restartInterval: Duration = .seconds(60)
    ) {
      self.rebootTimeout = rebootTimeout
      self.pxeMode = pxeMode
      self.wipeMode = wipeMode
      self.restartInterval = restartInterval
    }
  }

  /// Times and numbers that are not for configuration.
  public enum Limits {
    /// Before a person is asked: five boots that lead nowhere are no accident.
    public static let attempts = 5
    /// How much longer than the reboot timeout it is waited after the later ones at most.
    public static let longestPause = 8
    /// Sidero's: between two looks at a machine that is in use.
    public static let recheck = Duration.seconds(300)
    /// A machine that was on for so long has booted; what came before does not count any more.
    public static let stable = Duration.seconds(600)
    /// The agent, told to switch the machine off, gets this long before it is done from here.
    public static let agentPowersOff = Duration.seconds(30)
    /// Of that, it counts down so long for whoever is at the console; then it is looked at now and then.
    public static let agentCountsDown = Duration.seconds(10)
    public static let agentRecheck = Duration.seconds(4)
    /// After a management controller said no, doubled for each time in a row, up to the last.
    public static let firstRetry = Duration.seconds(10)
    public static let longestRetry = Duration.seconds(600)
  }
}

/// What is done to a machine.
public enum ServerAction: Hashable, Sendable {
  /// Nothing: it is asked whether the machine is on, and planned again.
  case askPower
  case setBoot(BootOverride)
  case power(PowerAction)

  /// What the machine's management controller is asked.
  public var request: BMCRequest {
    switch self {
    case .askPower: .powerStatus
    case .setBoot(let override): .setBoot(override)
    case .power(let action): .power(action, waits: true)
    }
  }
}
