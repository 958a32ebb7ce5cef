import Wire

extension ServerDecision {
  /// Free and not clean: to the agent, if it is to be wiped.
  mutating func wipe() {
    guard let wipe = status.wipe, wipe.isOpen else { return explain() }
    status.conditions.remove(ServerCondition.wipeNeeded)
    if let moment = quiet(wipe) {
      if record(.wipe, of: wipe.id)?.outcome != .failed { noteUnderWay() }
      // Sidero's: a third of the time, so that a condition is never older than that.
      return lookAgain(after: min(moment.since(now), configuration.rebootTimeout / 3))
    }
    let attempts = record(.wipe, of: wipe.id)?.attempts ?? 0
    switch server.managementAbility {
    case .byHand:
      ask(
        "ManualPowerCycleNeeded",
        "power-cycle it by hand: it is wiped when it boots the agent from the network")
    case .wakes:
      ask(
        "ManualPowerCycleNeeded",
        "power-cycle it by hand if it is on (it can only be woken): it is wiped when it boots the agent from the network"
      )
      if attempts < ServerPlan.Limits.attempts { start(.wipe, of: wipe.id, [.power(.on)]) }
    case .full:
      guard attempts < ServerPlan.Limits.attempts else {
        return ask(
          "PowerCycleFailed",
          "power-cycled \(attempts) times, it did not get wiped: look at its console ('siderite console \(name)') and "
            + "'siderite boots'; 'siderite wipe \(name)' begins anew", severity: "Error")
      }
      start(.wipe, of: wipe.id, [pxeOnce, .power(.cycle)])
      status.conditions.set(
        ServerCondition.powerCycle, .false, reason: "InProgress", severity: "Info", now: now, renewed: true)
      event("Server Management", "\(wipe.reason.words)to be wiped: power cycled, PXE set")
    }
  }

  /// Until when the machine is left alone: its agent was heard of, or it was switched and has not had its time yet.
  private func quiet(_ wipe: WipeStatus) -> Timestamp? {
    let timeout = configuration.rebootTimeout
    let heard = (wipe.heartbeat ?? wipe.startedAt)?.advanced(by: timeout)
    let switched = earliest(.wipe, of: wipe.id) { record in
      switch record.outcome {
      // Not known to be done: a machine that it was done to boots within a quarter of what it may take.
      case .pending: max(configuration.restartInterval, timeout / 4)
      case .done, .failed: growing(timeout, record.attempts)
      }
    }
    return [heard, switched].compactMap(\.self).max().flatMap { $0 > now ? $0 : nil }
  }

  private mutating func noteUnderWay() {
    guard server.managementAbility == .full || status.wipe?.heartbeat != nil else { return }
    let condition = status.conditions.condition(ServerCondition.powerCycle)
    guard condition?.status != .false || condition?.reason != "InProgress" else { return }
    status.conditions.set(
      ServerCondition.powerCycle, .false, reason: "InProgress", severity: "Info", now: now)
  }

  /// Not clean, and nobody has asked for a wipe: why, and what a person can do.
  private mutating func explain() {
    if status.conditions.condition(ServerCondition.powerCycle)?.reason == "InProgress" { stopAsking() }
    if status.mayBeAtWork { return }
    guard status.conditions.isTrue(ServerCondition.discovered), server.knowsDisks else {
      return ask(
        "NotDiscovered",
        "it has not booted the agent here, so its disks are not known: boot it from the network once "
          + "('siderite power cycle \(name)')")
    }
    if let wipe = status.wipe, wipe.phase == .failed {
      if server.managementAbility == .full, status.power != .off || power == .on { _ = watchAgentPowerOff() }
      status.conditions.set(
        ServerCondition.wipeNeeded, .true, reason: "WipeFailed",
        message: "\(wipe.message ?? "its wipe failed"); 'siderite wipe \(name)' begins anew", now: now)
    } else {
      status.conditions.set(
        ServerCondition.wipeNeeded, .true, reason: "NotClean",
        message: "it is not clean, and nothing says why it should be wiped: 'siderite wipe \(name)' wipes it", now: now)
    }
  }
}

extension WipeStatus.Reason {
  /// How the Event begins that says it.
  fileprivate var words: String {
    switch self {
    case .accepted: "accepted, "
    case .released: "released, "
    case .requested: ""
    }
  }
}
