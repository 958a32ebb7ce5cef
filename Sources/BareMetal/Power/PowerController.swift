/// One machine's switch, and what its management controller (BMC) knows.
///
/// A value for each way to reach it: IPMI, Redfish, Sidero's HTTP management API, wake-on-LAN, and `manual`, which can
/// do nothing and says so: no driver ever pretends.
public protocol PowerController: Sendable {
  /// Does what is asked.
  ///
  /// Whatever changes the machine is carried out at most once: when it cannot be known whether it was, the failure is
  /// ``BMCFailure/Kind/uncertain``.
  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer

  /// Connects to the machine's serial port. Takes it from whoever has it only with `takingOver`.
  func openConsole(takingOver: Bool) async throws(BMCFailure) -> any SerialConsole
}

extension PowerController {
  public func openConsole(takingOver: Bool) async throws(BMCFailure) -> any SerialConsole {
    throw BMCFailure(.unsupported, "there is no serial console by this way of management")
  }

  /// Whether the machine is on.
  public func powerState() async throws(BMCFailure) -> PowerState {
    guard case .power(let state) = try await perform(.powerStatus) else { return .unknown }
    return state
  }

  /// Switches the machine, and waits until it is as asked when `waits`.
  @discardableResult
  public func power(_ action: PowerAction, waits: Bool = true) async throws(BMCFailure) -> PowerState {
    guard case .power(let state) = try await perform(.power(action, waits: waits)) else { return .unknown }
    return state
  }

  /// Says what the machine boots next.
  public func setBoot(_ override: BootOverride) async throws(BMCFailure) { _ = try await perform(.setBoot(override)) }
}

/// What can be asked of a machine's management controller.
public enum BMCRequest: Codable, Hashable, Sendable {
  case powerStatus
  /// - Parameter waits: until the state asked for is seen (on, off, soft). The others are done when the controller has
  ///   confirmed them.
  case power(PowerAction, waits: Bool)
  case boot
  case setBoot(BootOverride)
  /// Blinks the chassis' light for so many seconds; 0 ends it.
  case identify(seconds: UInt8)
  case information
  case sensors
  case eventLog
  case clearEventLog
  case inventory
  case users
}

/// What it answered; the case of the same name, or `done`.
public enum BMCAnswer: Codable, Hashable, Sendable {
  /// After a change that was not waited for: what the state is as far as known.
  case power(PowerState)
  /// `nil`: no override.
  case boot(BootOverride?)
  case information(BMCInformation)
  case sensors([SensorReading])
  case eventLog([EventLogEntry])
  case inventory([InventoryItem])
  case users([BMCUser])
  case done
}

/// How a machine is switched.
public enum PowerAction: String, Codable, Hashable, Sendable, CaseIterable {
  case on
  /// At once, like pulling the plug.
  case off
  /// The controller's own power cycle; where it has none: off, seen to be off, and on. A machine that is off is switched
  /// on.
  case cycle
  /// Restarts without cutting power. A machine that is off stays off, and that is a failure.
  case reset
  /// Asks the operating system to shut down.
  case soft
}

/// What a machine boots instead of what its firmware is set up to.
public struct BootOverride: Codable, Hashable, Sendable {
  public enum Device: String, Codable, Hashable, Sendable, CaseIterable {
    /// As the firmware is set up: takes an override back.
    case none
    case pxe, disk, cd, setup
  }

  public var device: Device
  /// For every boot from now on; else for the next one only.
  public var isPersistent: Bool
  /// `nil`: as the controller had it, or does by itself.
  public var mode: PXEMode?

  public init(_ device: Device, isPersistent: Bool = false, mode: PXEMode? = nil) {
    self.device = device
    self.isPersistent = isPersistent
    self.mode = mode
  }
}

/// A machine's serial port, connected.
public protocol SerialConsole: Sendable {
  /// What the machine writes, until the console is closed. Bounded: a reader too slow loses the oldest and is told.
  var output: AsyncStream<ConsoleOutput> { get }

  /// Sends what was typed; returns when it was taken.
  func type(_ bytes: [UInt8]) async throws(BMCFailure)

  /// Sends a break (SysRq).
  func sendBreak() async throws(BMCFailure)

  /// Lets go of the port.
  func close() async
}

/// What comes from a console.
public enum ConsoleOutput: Codable, Hashable, Sendable {
  case bytes([UInt8])
  /// Characters were lost: by the machine's BMC, or because they were not read in time.
  case lost
  case sentBreak
  /// It is over; the stream ends.
  case ended(reason: String)
}
