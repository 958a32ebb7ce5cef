/// How a machine is switched.
public enum PowerOperation: Hashable, Sendable, CaseIterable {
  case on
  /// At once, like pulling the plug.
  case off
  /// The BMC's own power cycle: off for a moment, and on; a machine that is off is switched on.
  case cycle
  /// Restarts without cutting power; a machine that is off is a failure.
  case reset
  /// Asks the operating system to shut down.
  case soft
}

extension IPMIRequester {
  /// How long a machine may take to be seen on or off: power supplies that discharge, BMCs that press a button for
  /// four seconds.
  private var switchLimit: Duration { .seconds(30) }

  /// How long an operating system may take to shut down.
  private var shutdownLimit: Duration { .seconds(300) }

  /// A switch-on too soon after a switch-off is ignored by some machines: after so long in the old state it is asked
  /// for again.
  private var repeatInterval: Duration { .seconds(6) }

  /// Between two looks, at first; it doubles up to eight times that.
  private var firstLook: Duration { .milliseconds(250) }

  /// How long the answer to on and off is waited for: afterwards one looks.
  private var switchPatience: Duration { .seconds(1) }

  /// How often on and off are asked for when answers get lost.
  private var mostAttempts: Int { 8 }

  /// How long the answer to a power cycle is waited for: there must be time left to see the machine off.
  private var cyclePatience: Duration { .milliseconds(300) }

  /// How long a power cycle keeps a machine off, at least. IPMI v2.0 §28.3
  private var shortestInterval: Duration { .seconds(1) }

  /// Between two looks for that, and before one that stays unanswered is repeated: many of them may get lost within
  /// ``shortestInterval``.
  private var closeLook: Duration { .milliseconds(50) }

  /// After so many answered requests no earlier one can arrive any more: its sequence number is left of the window
  /// that a BMC accepts, 16 numbers wide below the highest (§6.12.13), twice that in some.
  private var outrunning: Int { 32 }

  /// How long after a request a machine may go off: BMCs that answer, or write their log, before they act.
  private var reactionLimit: Duration { .seconds(3) }

  /// Whether the machine is on.
  public func powerStatus() async throws(IPMIFailure) -> Bool { try await ask(GetChassisStatus()).isOn }

  /// Switches the machine, and never does anything twice.
  ///
  /// A chassis control is sent once. When it stays unanswered the request may be lost, or the answer, or the request is
  /// still on its way: after ``fence()`` it cannot arrive any more, then the machine's state says whether it was
  /// carried out, and only if not is it asked for again.
  /// - `on` and `off` say what shall be. No state is read before; a BMC that refuses because it is so already is right.
  /// - `cycle` is the BMC's own, and confirmed by its answer. The machine is on before and after, so without an answer it
  ///   is watched: a cycle keeps it off for a second at least, which looks that are closer than that do not miss. Seen
  ///   off, it was carried out. Not seen off as long as it could be, it was not: then it is made of off, seen to be off,
  ///   and on. Looks with a gap prove nothing: unanswered is a failure then (``IPMIFailure/unanswered``), to be decided
  ///   by whoever asked.
  /// - `reset` has that very trouble, and nothing to watch for. So has `soft`, unless the machine is then seen off.
  ///
  /// - Parameter waits: until the machine is seen on or off, as asked for. A BMC that says yes and changes nothing is a
  ///   failure then (``IPMIFailure/unchanged(_:)``). What a BMC confirms, `cycle` and `reset`, is done.
  /// - Returns: whether the machine is on, as far as it was seen.
  @discardableResult
  public func power(_ operation: PowerOperation, waits: Bool = true) async throws(IPMIFailure) -> Bool? {
    switch operation {
    case .on: return try await turn(on: true, waits: waits)
    case .off: return try await turn(on: false, waits: waits)
    case .cycle: return try await cycle(waits: waits)
    case .reset:
      guard try await powerStatus() else { throw .unchanged("the machine is off: a reset does not switch it on") }
      try await once(.hardReset)
      return nil
    case .soft: return try await shutDown(waits: waits)
    }
  }

  @discardableResult
  private func turn(on wanted: Bool, waits: Bool) async throws(IPMIFailure) -> Bool? {
    if try await request(on: wanted) { return wanted }
    return waits ? try await wait(for: wanted) : nil
  }

  /// Asks for a state until the BMC confirms, or the machine is seen in it: then the result is true.
  private func request(on wanted: Bool) async throws(IPMIFailure) -> Bool {
    for _ in 0..<mostAttempts {
      do throws(IPMIFailure) {
        try await once(wanted ? .powerUp : .powerDown, patience: switchPatience)
        return false
      } catch {
        switch error {
        case .unanswered, .refused:
          if try await powerStatus() == wanted { return true }
          guard error == .unanswered else { throw error }
        default: throw error
        }
      }
    }
    throw .unanswered
  }

  /// Sends a chassis control once; when there is no answer, makes sure that it cannot be carried out any more.
  private func once(_ action: ChassisControl.Action, patience: Duration? = nil) async throws(IPMIFailure) {
    do throws(IPMIFailure) {
      try await send(action, patience: patience)
    } catch {
      guard error == .unanswered else { throw error }
      do throws(IPMIFailure) { try await fence() } catch {
        // Without it nothing may follow, and what came of the rest nobody knows.
        throw ChassisControl(action).isRepeatable ? error : .unanswered
      }
      throw .unanswered
    }
  }

  /// Sends a chassis control once.
  private func send(_ action: ChassisControl.Action, patience: Duration?) async throws(IPMIFailure) {
    var request = IPMIRequest(ChassisControl(action))
    request.isRepeatable = false
    request.patience = patience
    let reply = try await patiently(request)
    // The BMC gave up on its own inside: it may have been carried out.
    if reply.code == .timeout { throw .unanswered }
    guard reply.code == .success else { throw .refused(command: "ChassisControl", reply.code) }
  }

  /// The power cycle of a machine that is off is refused (§28.3 recommends so): it is switched on.
  private func cycle(waits: Bool) async throws(IPMIFailure) -> Bool? {
    try await connect()
    let start = await now
    do throws(IPMIFailure) {
      try await send(.powerCycle, patience: cyclePatience)
      return nil
    } catch {
      switch error {
      case .unanswered:
        guard let isCarriedOut = try await isSeenOff(since: start) else {
          try? await fence()
          throw .unanswered
        }
        if isCarriedOut, try await look(for: true, within: switchLimit) { return true }
        // The window ends what is on its way; to close the session does so too where a BMC keeps none.
        try await fence()
        if isCarriedOut { return try await turn(on: true, waits: waits) }
      // Off; or busy, or it has no such thing (pyghmi's BMC). Nothing was done.
      case .refused(_, let code) where code != .insufficientPrivilege:
        guard try await powerStatus() else { return try await turn(on: true, waits: waits) }
      default: throw error
      }
    }
    try await turn(on: false, waits: true)
    return try await turn(on: true, waits: waits)
  }

  /// Watches a machine that may have been told to go off and on at `start` or later; whether it goes off, or
  /// `nil` when that may have been missed.
  ///
  /// Until the request cannot arrive any more, and for as long after that as it may take to act. Two looks that are
  /// answered within ``shortestInterval``, from the first one's question to the second one's answer, miss nothing in
  /// between. A session does not change unseen: to give one up takes longer.
  private func isSeenOff(since start: ContinuousClock.Instant) async throws(IPMIFailure) -> Bool? {
    var covered = start
    var looks = 0
    var outrunAt: ContinuousClock.Instant?
    while true {
      let asked = await now
      let isOn: Bool
      do throws(IPMIFailure) { isOn = try await ask(GetChassisStatus(), patience: closeLook).isOn } catch {
        if case .session = error { return nil }
        throw error
      }
      guard isOn else { return true }
      guard await now - covered < shortestInterval else { return nil }
      covered = asked
      looks += 1
      if looks == outrunning { outrunAt = await now }
      if let outrunAt, asked - outrunAt >= reactionLimit { return false }
      try await pause(for: closeLook)
    }
  }

  private func shutDown(waits: Bool) async throws(IPMIFailure) -> Bool? {
    do throws(IPMIFailure) {
      try await once(.softShutdown)
    } catch {
      switch error {
      case .refused:
        guard try await !powerStatus() else { throw error }
        return false
      case .unanswered where waits:
        guard try await look(for: false, within: shutdownLimit) else { throw error }
        return false
      default: throw error
      }
    }
    guard waits else { return nil }
    guard try await look(for: false, within: shutdownLimit) else {
      throw .unchanged("the operating system has not shut down within \(shutdownLimit.components.seconds) seconds")
    }
    return false
  }

  private func wait(for wanted: Bool) async throws(IPMIFailure) -> Bool {
    var waited = Duration.zero
    while waited < switchLimit {
      if try await look(for: wanted, within: repeatInterval) { return wanted }
      waited += repeatInterval
      if waited < switchLimit, try await request(on: wanted) { return wanted }
    }
    throw .unchanged(
      "the BMC took the command and the machine is still \(wanted ? "off" : "on") after \(switchLimit.components.seconds) seconds"
    )
  }

  /// Looks at the state again and again; whether it is as wanted in time.
  private func look(for wanted: Bool, within limit: Duration) async throws(IPMIFailure) -> Bool {
    var waited = Duration.zero
    var interval = firstLook
    while true {
      if try await powerStatus() == wanted { return true }
      guard waited < limit else { return false }
      let pause = min(interval, limit - waited)
      try await self.pause(for: pause)
      waited += pause
      interval = min(interval * 2, firstLook * 8)
    }
  }
}
