extension Resource<ServerKind> {
  /// Annotations that a boot host writes.
  private static var ownAnnotations: [String] { [reportedUUIDAnnotation, ObjectMeta.bootHostAnnotation] }

  /// This Server with what a boot host has found out, and nothing that a person decides: of `ours`, what is not as it is
  /// in `base`. Where the cluster's is not as in `base` either, `base` being what ours was made from, people win.
  ///
  /// What the machine is made of is ours; its hostname, how its BMC is reached and which boot host saw it are the
  /// cluster's, where that has changed them.
  func taking(from ours: Server, base: Server?) -> Server {
    var result = self
    if ours.spec.hardware != base?.spec.hardware { result.spec.hardware = ours.spec.hardware }
    if ours.spec.hostname != base?.spec.hostname, spec.hostname == base?.spec.hostname {
      result.spec.hostname = ours.spec.hostname
    }
    if ours.spec.bmc != base?.spec.bmc, spec.bmc == base?.spec.bmc, spec.managementApi == base?.spec.managementApi {
      result.spec.bmc = ours.spec.bmc
    }
    for annotation in Self.ownAnnotations {
      let value = ours.metadata.annotations?[annotation]
      guard value != base?.metadata.annotations?[annotation], value != nil,
        metadata.annotations?[annotation] == base?.metadata.annotations?[annotation]
      else { continue }
      result.metadata.annotations = (result.metadata.annotations ?? [:]).merging([annotation: value ?? ""]) { $1 }
    }
    result.metadata.addFinalizers(of: ours.metadata, notIn: base?.metadata)
    return result
  }
}

extension ObjectMeta {
  /// Whoever holds an object holds it; what is being deleted takes no more.
  mutating func addFinalizers(of ours: ObjectMeta, notIn base: ObjectMeta?) {
    guard deletionTimestamp == nil else { return }
    let known = Set((base?.finalizers ?? []) + (finalizers ?? []))
    let added = (ours.finalizers ?? []).filter { !known.contains($0) }
    if !added.isEmpty { finalizers = (finalizers ?? []) + added }
  }
}
