/// A simulated machine's watchdog timer, once it has been set. IPMI v2.0 §27.
struct SimulatedWatchdog: Hashable, Sendable {
  /// Table 27-1, as they were set.
  var use: UInt8
  var action: UInt8
  var preTimeout: UInt8
  var expired: UInt8

  /// In 100 ms.
  var countdown: UInt16

  /// `nil`: it stands still.
  private(set) var deadline: ContinuousClock.Instant?

  init(use: UInt8, action: UInt8, preTimeout: UInt8, countdown: UInt16, running deadline: ContinuousClock.Instant?) {
    self.use = use & 0xbf
    self.action = action
    self.preTimeout = preTimeout
    self.countdown = countdown
    self.deadline = deadline
    expired = 0
  }

  mutating func start(at now: ContinuousClock.Instant) { deadline = now + .milliseconds(100 * Int(countdown)) }

  /// What to do to the machine when the time is up, once.
  mutating func expire(at now: ContinuousClock.Instant) -> WatchdogTimer.Action? {
    guard let due = deadline, now >= due else { return nil }
    deadline = nil
    expired |= 1 << (use & 7)
    return WatchdogTimer.Action(rawValue: action & 7)
  }

  /// In 100 ms.
  func remaining(at now: ContinuousClock.Instant) -> UInt16 {
    deadline.map { UInt16(clamping: Int(max(.zero, $0 - now) / .milliseconds(100))) } ?? countdown
  }
}
