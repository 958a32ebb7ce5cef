import Wire

/// What becomes of a write that the management cluster has not seen, when it can be reached again.
///
/// The rule, where both have changed what was there:
///
/// | what | who wins |
/// |---|---|
/// | what people want: accepted, cordoned, patches, labels, classes, … | the cluster |
/// | hostname, how the BMC is reached, the boot host, the reported UUID | the cluster, where it changed it; else ours |
/// | hardware | ours |
/// | status: power, addresses, what the switching and the wipe came to | ours |
/// | a condition | the later one |
/// | `inUse`, `ready` | the cluster, where it changed it; else ours |
/// | `wipe` | the cluster's, where another intent was recorded there; else ours |
/// | `isClean` | ours, unless the machine was allocated, disowned or to be wiped anew meanwhile |
/// | finalizers | those of both; what is being deleted takes no more |
///
/// An object that was deleted meanwhile stays deleted; only a machine that registered for the first time gets its Server.
/// Where another Server of that name was made meanwhile, it is a new life: facts of the machine go into it, what became of
/// the old one does not.
public enum WriteConflict {
  public enum Resolution<Kind: ResourceKind>: Hashable, Sendable {
    /// To be made, as it is not there.
    case create(Resource<Kind>)
    /// To be written over what the cluster has: with its metadata, and so its version.
    case write(Resource<Kind>)
    /// The cluster has everything already.
    case settled
    /// It is not told to the cluster at all; why.
    case dropped(String)
  }

  /// - Parameters:
  ///   - theirs: what the cluster has now.
  public static func resolve<Kind: ResourceKind>(
    _ pending: PendingWrite<Kind>, theirs: Resource<Kind>?
  ) -> Resolution<Kind> {
    guard let theirs else {
      return pending.base == nil ? .create(pending.ours) : .dropped("it was deleted meanwhile")
    }
    let isSameLife = pending.base.map { $0.metadata.uid == theirs.metadata.uid } ?? false
    let base = isSameLife ? pending.base : nil
    guard let merged = merge(ours: pending.ours, base: base, theirs: theirs) else {
      return .dropped("the cluster has changed it, and decides")
    }
    return merged == theirs ? .settled : .write(merged)
  }

  private static func merge<Kind: ResourceKind>(
    ours: Resource<Kind>, base: Resource<Kind>?, theirs: Resource<Kind>
  ) -> Resource<Kind>? {
    if let ours = ours as? Server, let theirs = theirs as? Server {
      var merged = theirs.taking(from: ours, base: base as? Server)
      merged.status = theirs.status.merging(ours.status, base: (base as? Server)?.status, of: theirs)
      return merged as? Resource<Kind>
    }
    // A binding that was made anew is another allocation.
    if let ours = ours as? ServerBinding, let base = base as? ServerBinding, let theirs = theirs as? ServerBinding {
      var merged = theirs.taking(from: ours, base: base)
      merged.status.ready = pick(ours.status.ready, base.status.ready, theirs.status.ready)
      merged.status.conditions = later(ours.status.conditions, base.status.conditions, theirs.status.conditions)
      return merged as? Resource<Kind>
    }
    return nil
  }

  /// The cluster's, where it changed it; else ours.
  fileprivate static func pick<Value: Equatable>(_ ours: Value, _ base: Value, _ theirs: Value) -> Value {
    theirs == base ? ours : theirs
  }

  /// Of each type: whose it is that changed; of both, the later one. What one took away is gone, unless the other has
  /// changed it.
  fileprivate static func later(
    _ ours: [Condition]?, _ base: [Condition]?, _ theirs: [Condition]?
  ) -> [Condition]? {
    var merged = theirs ?? []
    let types = Set(((ours ?? []) + (base ?? [])).map(\.type))
    for type in types.sorted() {
      let (our, old, their) = (ours.condition(type), base.condition(type), theirs.condition(type))
      guard our != old else { continue }
      if their != old, let their, our.map({ $0.lastTransitionTime < their.lastTransitionTime }) ?? true { continue }
      if let place = merged.firstIndex(where: { $0.type == type }) {
        if let our { merged[place] = our } else { merged.remove(at: place) }
      } else if let our {
        merged.append(our)
      }
    }
    return merged.isEmpty ? nil : merged
  }
}

extension ServerStatus {
  /// - Parameter base: `nil`: theirs is another life of the machine's Server; only where it is and what it is made of
  ///   counts.
  fileprivate func merging(_ ours: ServerStatus, base: ServerStatus?, of server: Server) -> ServerStatus {
    var merged = self
    guard let base else {
      if let addresses = ours.addresses { merged.addresses = addresses }
      if let power = ours.power { merged.power = power }
      let seen = [ours.conditions.condition(ServerCondition.discovered)].compactMap(\.self)
      let doubted = [ours.conditions.condition(ServerCondition.quarantined)].compactMap(\.self)
      merged.conditions = WriteConflict.later(seen + doubted, nil, conditions)
      return merged
    }
    if ours.addresses != base.addresses { merged.addresses = ours.addresses }
    if ours.power != base.power { merged.power = ours.power }
    if ours.hardwareChanges != base.hardwareChanges { merged.hardwareChanges = ours.hardwareChanges }
    if ours.switching != base.switching,
      switching == base.switching || (switching?.at ?? .first) <= (ours.switching?.at ?? .first)
    {
      merged.switching = ours.switching
    }
    merged.inUse = WriteConflict.pick(ours.inUse, base.inUse, inUse)
    merged.ready = WriteConflict.pick(ours.ready, base.ready, ready)
    merged.conditions = WriteConflict.later(ours.conditions, base.conditions, conditions)
    let isAnotherWipe = wipe?.id != base.wipe?.id
    if !isAnotherWipe, ours.wipe != base.wipe { merged.wipe = ours.wipe }
    if ours.isClean != base.isClean {
      merged.isClean = ours.isClean && !isAnotherWipe && !merged.inUse && server.spec.accepted
    }
    return merged
  }
}

extension Timestamp {
  fileprivate static var first: Timestamp { Timestamp(milliseconds: .min) }
}
