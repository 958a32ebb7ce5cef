import Wire

extension ServerDecision {
  // MARK: Free and clean

  mutating func keepOff() {
    status.conditions.remove(ServerCondition.wipeNeeded)
    let isFull = server.managementAbility == .full
    stopAsking(except: isFull ? "PowerOffFailed" : nil)
    guard isFull else { return }
    let subject = status.wipe?.id ?? ""
    if status.power == .off, power != .on {
      stopAsking()
      if record(.powerOff, of: subject) != nil { status.switching = nil }
      return
    }
    guard !watchAgentPowerOff() else { return }
    guard let power else {
      plan.actions = [.askPower]
      return
    }
    guard power == .on else { return lookAgain(after: ServerPlan.Limits.recheck) }
    let attempts = record(.powerOff, of: subject)?.attempts ?? 0
    if let moment = earliest(.powerOff, of: subject, pause: { growing(configuration.restartInterval, $0.attempts) }) {
      return lookAgain(after: moment.since(now))
    }
    guard attempts < ServerPlan.Limits.attempts else {
      ask("PowerOffFailed", "it does not stay off, \(attempts) times: look who switches it on")
      return lookAgain(after: ServerPlan.Limits.recheck)
    }
    start(.powerOff, of: subject, [.power(.off)])
  }

  /// The agent, told to switch the machine off, does it by itself: seen soon, so that nobody is told for long that a
  /// machine is on which is not.
  /// - Returns: whether it has its time still.
  mutating func watchAgentPowerOff() -> Bool {
    guard let finished = status.wipe?.finishedAt else { return false }
    let end = finished.advanced(by: ServerPlan.Limits.agentPowersOff)
    guard end > now else { return false }
    let counted = finished.advanced(by: ServerPlan.Limits.agentCountsDown)
    if counted > now {
      lookAgain(after: counted.since(now))
    } else if power == nil {
      plan.actions = [.askPower]
    } else {
      lookAgain(after: min(ServerPlan.Limits.agentRecheck, end.since(now)))
    }
    return true
  }

  // MARK: In use

  mutating func keepRunning(for binding: ServerBinding) {
    // Whatever it does: it is about to be released.
    guard binding.metadata.deletionTimestamp == nil else { return }
    if status.wipe?.isOpen == true { return keepUnbooted() }
    status.conditions.remove(ServerCondition.wipeNeeded)
    let isInstalled = status.conditions.isTrue(ServerCondition.pxeBooted)
    let subject = binding.metadata.uid ?? binding.metadata.name
    switch server.managementAbility {
    case .byHand:
      if isInstalled {
        stopAsking()
      } else {
        ask("ManualPowerCycleNeeded", "power-cycle it by hand: allocated, it boots its Environment from the network")
      }
    case .wakes: wake(for: subject, isInstalled: isInstalled)
    case .full: switchOn(for: subject, isInstalled: isInstalled)
    }
  }

  /// An open wipe of a machine that was allocated all the same: nothing is installed over what should have been erased.
  private mutating func keepUnbooted() {
    status.ready = false
    status.conditions.remove(ServerCondition.pxeBooted)
    status.conditions.set(
      ServerCondition.wipeNeeded, .true, reason: "AllocatedBeforeWiped",
      message: "it was allocated before it was wiped: it boots nothing until it is released, which wipes it", now: now)
  }

  private mutating func wake(for subject: String, isInstalled: Bool) {
    guard !isInstalled else { return stopAsking() }
    if let moment = earliest(.boot, of: subject, pause: { growing(ServerPlan.Limits.recheck, $0.attempts) }) {
      return lookAgain(after: moment.since(now))
    }
    let attempts = record(.boot, of: subject)?.attempts ?? 0
    guard attempts < ServerPlan.Limits.attempts else {
      return ask(
        "ManualPowerCycleNeeded",
        "power-cycle it by hand: woken \(attempts) times, it was not seen to boot its Environment from the network")
    }
    start(.boot, of: subject, [.power(.on)])
  }

  private mutating func switchOn(for subject: String, isInstalled: Bool) {
    lookAgain(after: ServerPlan.Limits.recheck)
    guard let power else {
      plan.actions = [.askPower]
      return
    }
    switch power {
    case .unknown: return
    case .on:
      stopAsking()
      if let last = status.switching, last.at.advanced(by: ServerPlan.Limits.stable) <= now { status.switching = nil }
    case .off:
      if let moment = earliest(.boot, of: subject, pause: { growing(configuration.restartInterval, $0.attempts) }) {
        return lookAgain(after: moment.since(now))
      }
      let attempts = record(.boot, of: subject)?.attempts ?? 0
      guard attempts < ServerPlan.Limits.attempts else {
        return ask(
          "PowerOnFailed", "it does not stay on, \(attempts) times: look at its console ('siderite console \(name)')",
          severity: "Error")
      }
      // An installed machine is left to its own boot order; the boot host sends it to its disk in any case.
      let fromNetwork = !isInstalled || server.spec.pxeBootAlways == true
      start(.boot, of: subject, (fromNetwork ? [pxeOnce] : []) + [.power(.on)])
      event("Server Management", "allocated and off: powered on\(fromNetwork ? ", PXE set" : "")")
    }
  }
}
