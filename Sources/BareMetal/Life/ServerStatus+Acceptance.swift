public import Wire

extension ServerStatus {
  /// Takes note that a person has accepted the Server. Acceptance is the first reason to wipe: asked for once for each,
  /// and only of a machine whose agent reported here.
  ///
  /// - Parameters:
  ///   - server: whose status this is, or is to be.
  ///   - isPaused: it is left as it is for now.
  ///   - id: made at random, for the intent.
  ///   - now: whole seconds, as it is stored.
  /// - Returns: whether a wipe is asked for now.
  public mutating func noteAcceptance(
    of server: Server, isPaused: Bool, mode: WipePolicy.Mode, id: String, now: Timestamp
  ) -> Bool {
    let accepted = conditions.condition(ServerCondition.accepted)
    conditions.set(ServerCondition.accepted, .true, now: now)
    guard !inUse, !isClean, wipe?.isOpen != true, !mayBeAtWork,
      conditions.isTrue(ServerCondition.discovered), server.knowsDisks,
      server.metadata.deletionTimestamp == nil, !isPaused
    else { return false }
    if let wipe {
      guard let accepted, accepted.status == .false || wipe.requestedAt < accepted.lastTransitionTime else {
        return false
      }
    }
    var current = server
    current.status = self
    wipe = WipeStatus.intent(for: current, reason: .accepted, mode: mode, id: id, now: now)
    return true
  }

  /// Takes note that nothing is known of a Server that was known before: its status was lost, as when it is moved to another
  /// cluster or restored. Acceptance is no reason to wipe such a machine, for it may be at work.
  ///
  /// - Parameter server: as it is stored, before this look at it.
  public mutating func noteLoss(of server: Server, now: Timestamp) {
    guard server.spec.accepted, server.hasLostStatus else { return }
    conditions.set(
      ServerCondition.wipeNeeded, .true, reason: "StatusLost",
      message: "its status was lost, as when it is moved or restored: it may be at work; "
        + "if not, 'siderite wipe \(server.metadata.name)' wipes it", now: now)
  }

  /// Whether it was in use when it was last known, and nobody released it: only a person knows more.
  var mayBeAtWork: Bool {
    let reason = conditions.condition(ServerCondition.wipeNeeded)?.reason
    return reason == "ReleasedWithoutIntent" || reason == "StatusLost"
  }
}

extension Resource where Kind == ServerKind {
  /// Whether it was kept here or elsewhere before, and nothing is known of that: one that a person has just written down has
  /// no finalizer yet, one that registers has a status.
  fileprivate var hasLostStatus: Bool {
    metadata.finalizers?.contains(Server.storageFinalizer) == true && !status.isClean && status.wipe == nil
      && [ServerCondition.accepted, ServerCondition.discovered, ServerCondition.powerCycle].allSatisfy {
        status.conditions.condition($0) == nil
      }
  }
}
