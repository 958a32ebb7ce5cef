/// What may be written while the management cluster cannot be reached: what a boot host finds out, and what makes
/// machines boot. It is told to the cluster later (``WriteConflict`` says how).
///
/// Nothing that a person or the cluster decides, and nothing destructive: what is known may be old. A Server may be in use
/// by now, or not ours any more. So no deletion, no allocation, no release, no new intent to wipe, no switching of a
/// machine but on for whom it is allocated to.
public enum OfflineWrite {
  /// Why the object may not be made now; `nil` when it may: a Server, for a machine that registers.
  public static func obstacle<Kind: ResourceKind>(toCreating resource: Resource<Kind>) -> String? {
    guard let server = resource as? Server else { return "\(Kind.plural) are made in the cluster" }
    return server.status.wipe == nil ? nil : "an intent to wipe is recorded in the cluster"
  }

  /// Why metadata and spec of `old` may not become those of `new`; `nil` when they may.
  public static func obstacle<Kind: ResourceKind>(toMaking new: Resource<Kind>, of old: Resource<Kind>) -> String? {
    let allowed: Bool
    if let old = old as? Server, let new = new as? Server {
      // A BMC that is set up was none before; another one is a person's decision.
      let keepsBMC = old.spec.bmc == new.spec.bmc || (old.spec.bmc == nil && old.spec.managementApi == nil)
      allowed = keepsBMC && old.taking(from: new, base: old).isSame(as: new)
    } else if let old = old as? ServerBinding, let new = new as? ServerBinding {
      allowed = old.taking(from: new, base: old).isSame(as: new)
    } else {
      allowed = false
    }
    return allowed ? nil : "that is decided in the cluster"
  }

  /// Why the status of `old` may not become that of `new`; `nil` when it may.
  public static func obstacle<Kind: ResourceKind>(toStatusOf old: Resource<Kind>, _ new: Resource<Kind>) -> String? {
    if let old = old as? Server, let new = new as? Server { return obstacle(to: old.status, new.status) }
    return old is ServerBinding ? nil : "that is kept in the cluster"
  }

  private static func obstacle(to old: ServerStatus, _ new: ServerStatus) -> String? {
    if let wipe = new.wipe, wipe.id != old.wipe?.id { return "an intent to wipe is recorded in the cluster" }
    // Written before it is done; what came of it has the same time.
    if let record = new.switching, record.purpose != .boot, record.outcome == .pending,
      record.at != old.switching?.at
    {
      return "a machine is switched off, or to be wiped, on the cluster's latest word only"
    }
    return nil
  }
}

extension Resource<ServerBindingKind> {
  /// This binding with what a boot host has found out: where the machine is, and whether it is installed.
  func taking(from ours: ServerBinding, base: ServerBinding?) -> ServerBinding {
    var result = self
    if ours.spec.addresses != base?.spec.addresses { result.spec.addresses = ours.spec.addresses }
    if ours.spec.hostname != base?.spec.hostname { result.spec.hostname = ours.spec.hostname }
    let note = ours.metadata.annotations?[Self.installedAnnotation]
    if note != base?.metadata.annotations?[Self.installedAnnotation] {
      result.metadata.annotations = result.metadata.annotations ?? [:]
      result.metadata.annotations?[Self.installedAnnotation] = note
      if result.metadata.annotations?.isEmpty == true { result.metadata.annotations = nil }
    }
    result.metadata.addFinalizers(of: ours.metadata, notIn: base?.metadata)
    return result
  }
}

extension Resource {
  /// Whether what an update can change is the same.
  fileprivate func isSame(as other: Resource<Kind>) -> Bool {
    spec == other.spec && metadata.hasSameContent(as: other.metadata)
  }
}

extension ObjectMeta {
  /// Whether what an update can change is the same.
  public func hasSameContent(as other: ObjectMeta) -> Bool {
    (labels ?? [:]) == (other.labels ?? [:]) && (annotations ?? [:]) == (other.annotations ?? [:])
      && (finalizers ?? []) == (other.finalizers ?? []) && (ownerReferences ?? []) == (other.ownerReferences ?? [])
  }
}
