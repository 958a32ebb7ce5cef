import Wire

/// The watchdog timer. IPMI v2.0 §27.
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
