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

extension BMCResponder {
  mutating func answerAboutWatchdog(_ message: IPMIMessage, at now: ContinuousClock.Instant) throws -> Outcome? {
    let data = message.data.span
    var offset = 0
    switch message.command {
    case SetWatchdogTimer.command:
      let use = try data.byte(at: &offset)
      let action = try data.byte(at: &offset)
      let preTimeout = try data.byte(at: &offset)
      let cleared = try data.byte(at: &offset)
      let countdown = try data.word(at: &offset)
      // Bit 6: it goes on, with the new time.
      let isRunning = use & 0x40 != 0 && watchdog?.deadline != nil
      let expired = (watchdog?.expired ?? 0) & ~cleared
      watchdog = SimulatedWatchdog(
        use: use, action: action, preTimeout: preTimeout, countdown: countdown,
        running: isRunning ? now + .milliseconds(100 * Int(countdown)) : nil)
      watchdog?.expired = expired
      return (.success, [])
    case ResetWatchdogTimer.command:
      guard watchdog != nil else { return (ResetWatchdogTimer.uninitialized, []) }
      watchdog?.start(at: now)
      return (.success, [])
    case GetWatchdogTimer.command:
      let timer = watchdog ?? SimulatedWatchdog(use: 0, action: 0, preTimeout: 0, countdown: 0, running: nil)
      var bytes = [timer.use | (timer.deadline == nil ? 0 : 0x40), timer.action, timer.preTimeout, timer.expired]
      let remaining = timer.remaining(at: now)
      for value in [timer.countdown, remaining] {
        bytes += [UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8)]
      }
      return (.success, bytes)
    default: return nil
    }
  }
}
