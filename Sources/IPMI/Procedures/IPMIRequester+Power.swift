/// How a machine is switched.
public enum PowerOperation: Hashable, Sendable, CaseIterable {
  case on
  /// At once, like pulling the plug.
  case off
  /// Off and on; a machine that is off is switched on.
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

  /// Whether the machine is on.
  public func powerStatus() async throws(IPMIFailure) -> Bool { try await ask(GetChassisStatus()).isOn }

  /// Switches the machine, and never does anything twice.
  ///
  /// A chassis control is sent once. When it stays unanswered the request may be lost, or the answer, or the request is
  /// still on its way: after ``fence()`` it cannot arrive any more, then the machine's state says whether it was
  /// carried out, and only if not is it asked for again.
  /// - `on` and `off` say what shall be. No state is read before; a BMC that refuses because it is so already is right.
  /// - `cycle` that waits is off, seen to be off, and on: it was carried out for certain, once, however much is lost. One
  ///   that does not wait is the BMC's own power cycle, with half the requests. A lost answer to that cannot be told from
  ///   a lost request, as the machine is on before and after: unless it is then seen off, unanswered is a failure
  ///   (``IPMIFailure/unanswered``), to be decided by whoever asked.
  /// - `reset` has that very trouble and no way around it. So has `soft`, unless the machine is then seen off.
  ///
  /// - Parameter waits: until the machine is seen as asked for. A BMC that says yes and changes nothing is a failure then
  ///   (``IPMIFailure/unchanged(_:)``).
  /// - Returns: whether the machine is on, as far as it was seen.
  @discardableResult
  public func power(_ operation: PowerOperation, waits: Bool = true) async throws(IPMIFailure) -> Bool? {
    switch operation {
    case .on: return try await turn(on: true, waits: waits)
    case .off: return try await turn(on: false, waits: waits)
    case .cycle where !waits: return try await cycle()
    case .cycle:
      try await turn(on: false, waits: true)
      return try await turn(on: true, waits: true)
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
    var request = IPMIRequest(ChassisControl(action))
    request.isRepeatable = false
    request.patience = patience
    let reply: IPMIReply
    do throws(IPMIFailure) {
      reply = try await patiently(request)
    } catch {
      guard error == .unanswered else { throw error }
      try await fence()
      throw error
    }
    // The BMC gave up on its own inside: it may have been carried out.
    if reply.code == .timeout { throw .unanswered }
    guard reply.code == .success else { throw .refused(command: "ChassisControl", reply.code) }
  }

  /// The BMC's own power cycle.
  private func cycle() async throws(IPMIFailure) -> Bool? {
    do throws(IPMIFailure) {
      try await once(.powerCycle)
      return nil
    } catch {
      switch error {
      // Of a machine that is off some BMCs refuse it; and one that is off after it is between off and on.
      case .refused, .unanswered:
        guard try await !powerStatus() else { throw error }
        return try await turn(on: true, waits: false)
      default: throw error
      }
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
