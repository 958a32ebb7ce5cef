import Wire

/// A ``ServerPlan`` in the making.
struct ServerDecision {
  let server: Server
  let binding: ServerBinding?
  let hold: BindingHold?
  let power: PowerState?
  /// Whole seconds, as it is stored.
  let now: Timestamp
  let configuration: ServerPlan.Configuration
  let intentID: String
  var plan: ServerPlan

  var status: ServerStatus {
    get { plan.status }
    set { plan.status = newValue }
  }

  var name: String { server.metadata.name }
  private var isPaused: Bool { server.metadata.isPaused || binding?.metadata.isPaused == true || hold != nil }

  mutating func decide() {
    noteAllocation()
    noteHold()
    if server.metadata.isSet(Server.identityConfirmedAnnotation),
      status.conditions.remove(ServerCondition.quarantined)?.status == .true
    {
      event("Server Registration", "its identity is confirmed: out of quarantine")
    }
    guard server.spec.accepted, !status.conditions.isTrue(ServerCondition.quarantined) else {
      refuse()
      return
    }
    noteAcceptance()
    // Whoever asked for the wipe means a machine that is not clean.
    if status.wipe?.isOpen == true { status.isClean = false }
    status.ready = status.inUse || status.isClean
    // Whoever is deleted or paused has a true status, and nothing more.
    guard !isPaused, server.metadata.deletionTimestamp == nil else { return }
    if let binding {
      keepRunning(for: binding)
    } else if status.isClean {
      keepOff()
    } else {
      wipe()
    }
  }

  // MARK: In use, or not

  private mutating func noteAllocation() {
    let wasInUse = status.inUse
    status.inUse = binding != nil
    if let binding {
      status.isClean = false
      if binding.isInstalled, !status.conditions.isTrue(ServerCondition.pxeBooted) {
        status.conditions.set(ServerCondition.pxeBooted, .true, now: now)
        event(BootOccurrence.step, "installed: boots from its disk from now on")
      }
      return
    }
    if status.conditions.remove(ServerCondition.pxeBooted) != nil || wasInUse {
      event("Server Allocation", "marked as unallocated")
    }
    // Only the binding's finalizer, or a person, asks for a wipe. A binding that went without it (a cluster moved, a
    // store restored, a finalizer torn out) may have left a machine at work.
    if wasInUse, server.spec.accepted, status.wipe?.isOpen != true {
      status.conditions.set(
        ServerCondition.wipeNeeded, .true, reason: "ReleasedWithoutIntent",
        message: "its ServerBinding is gone without having been released: it may be at work; "
          + "if not, 'siderite wipe \(name)' wipes it", now: now)
    }
  }

  private mutating func noteHold() {
    guard let hold else {
      status.conditions.remove(ServerCondition.paused)
      return
    }
    status.conditions.set(
      ServerCondition.paused, .true, reason: hold.conditionReason,
      message: "\(hold.reason): nothing is done to the machine", now: now)
  }

  // MARK: Acceptance

  private mutating func refuse() {
    status.ready = false
    status.switching = nil
    stopAsking()
    // Whoever is in quarantine keeps what was known: it may be lifted.
    guard !server.spec.accepted else { return }
    status.isClean = false
    status.conditions.remove(ServerCondition.wipeNeeded)
    if status.wipe?.isOpen == true {
      status.failWipe("acceptance was taken back", now: now)
      stopAsking()
    }
    // One that a person wrote down, whose agent never reported, is told from one whose status was lost.
    if status.conditions.isTrue(ServerCondition.accepted) || !status.conditions.isTrue(ServerCondition.discovered) {
      status.conditions.set(ServerCondition.accepted, .false, now: now)
    }
  }

  private mutating func noteAcceptance() {
    if !status.inUse { status.noteLoss(of: server, now: now) }
    let isAsked = status.noteAcceptance(
      of: server, isPaused: isPaused, mode: configuration.wipeMode, id: intentID, now: now)
    if isAsked { event(BootOccurrence.step, "accepted: to be wiped") }
  }

  // MARK: What all states use

  mutating func event(_ reason: String, _ message: String, isWarning: Bool = false) {
    plan.events.append(.lifecycle(reason: reason, message: message, isWarning: isWarning))
  }

  /// Looks again after that, or earlier.
  mutating func lookAgain(after delay: Duration) {
    plan.requeue = min(plan.requeue ?? delay, max(delay, .seconds(1)))
  }

  /// The condition `PowerCycle` that asks a person.
  mutating func ask(_ reason: String, _ message: String, severity: String = "Warning") {
    if status.conditions.condition(ServerCondition.powerCycle)?.reason != reason {
      event("Server Management", message, isWarning: true)
    }
    status.conditions.set(
      ServerCondition.powerCycle, .false, reason: reason, severity: severity, message: message, now: now)
  }

  /// Takes back what a person was asked, or what was under way.
  mutating func stopAsking(except reason: String? = nil) {
    guard let condition = status.conditions.condition(ServerCondition.powerCycle), condition.status == .false,
      reason == nil || condition.reason != reason
    else { return }
    status.conditions.remove(ServerCondition.powerCycle)
  }
}
