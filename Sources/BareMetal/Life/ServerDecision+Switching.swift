import Wire

extension ServerDecision {
  /// The last switching, if it was for this.
  func record(_ purpose: SwitchRecord.Purpose, of subject: String) -> SwitchRecord? {
    status.switching.flatMap { $0.purpose == purpose && $0.subject == subject ? $0 : nil }
  }

  /// When the machine may be switched for this at the earliest, by what was done before; `nil`: now.
  ///
  /// - Parameter pause: how long to wait after that many attempts, the last of which is not known to have failed.
  func earliest(
    _ purpose: SwitchRecord.Purpose, of subject: String, pause: (SwitchRecord) -> Duration
  ) -> Timestamp? {
    var moments: [Timestamp] = []
    if let record = record(purpose, of: subject) {
      moments.append(record.at.advanced(by: record.outcome == .failed ? retryDelay(record) : pause(record)))
    }
    if purpose != .powerOff, let last = status.switching {
      let restarted = last.purpose != .powerOff && last.outcome != .failed ? last.at : last.lastRestart
      if let restarted { moments.append(restarted.advanced(by: configuration.restartInterval)) }
    }
    return moments.max().flatMap { $0 > now ? $0 : nil }
  }

  /// Writes down that the machine is switched now, and says how.
  mutating func start(_ purpose: SwitchRecord.Purpose, of subject: String, _ actions: [ServerAction]) {
    var lastRestart = status.switching?.lastRestart
    if let last = status.switching, last.purpose != .powerOff, last.outcome != .failed { lastRestart = last.at }
    var new =
      record(purpose, of: subject) ?? SwitchRecord(purpose, of: subject, at: now, lastRestart: lastRestart)
    new.lastRestart = lastRestart
    new.attempts += 1
    new.at = now
    new.outcome = .pending
    status.switching = new
    plan.actions = actions
  }

  /// From the network, the next time only.
  var pxeOnce: ServerAction { .setBoot(BootOverride(.pxe, mode: server.spec.pxeMode ?? configuration.pxeMode)) }

  /// Twice as long after each attempt.
  func growing(_ first: Duration, _ attempts: Int) -> Duration {
    first * min(1 << min(max(attempts, 1) - 1, 10), ServerPlan.Limits.longestPause)
  }

  private func retryDelay(_ record: SwitchRecord) -> Duration {
    let failures = max(record.failures ?? 1, 1)
    return min(ServerPlan.Limits.longestRetry, ServerPlan.Limits.firstRetry * (1 << min(failures - 1, 10)))
  }
}

extension Timestamp {
  func advanced(by duration: Duration) -> Timestamp { advanced(bySeconds: duration.components.seconds) }
}
