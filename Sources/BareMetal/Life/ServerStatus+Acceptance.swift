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
    guard !inUse, !isClean, wipe?.isOpen != true,
      conditions.condition(ServerCondition.wipeNeeded)?.reason != "ReleasedWithoutIntent",
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
}
