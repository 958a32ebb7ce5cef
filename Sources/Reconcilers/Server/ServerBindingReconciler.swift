public import BareMetal
public import Wire

/// Holds every ServerBinding by a finalizer, and makes its deletion a release: the intent to wipe the machine is recorded
/// with the Server, its Secrets go, and then the binding does.
///
/// A binding that is paused, or whose cluster is (as when it is moved), is left alone, deleted or not; if it goes without its
/// finalizer, nothing is wiped. One whose MetalMachine is not here any more was moved away, or torn out: it is let go, but not
/// released, for its machine may be at work elsewhere.
public struct ServerBindingReconciler: Reconciler {
  public let name = "serverbinding"
  public let sources: [WatchSource]

  private let store: any ResourceStore
  private let latest: any ResourceStore
  private let secrets: any SecretStore
  private let journal: any BootEventSink
  private let wipeMode: WipePolicy.Mode
  private let jurisdiction: Jurisdiction
  private let now: @Sendable () -> Timestamp
  private let newID: @Sendable () -> String

  /// - Parameters:
  ///   - latest: where the cluster itself is asked, before a machine is released, whether it may be; `store` otherwise.
  ///   - wipeMode: for Servers whose policy says nothing.
  ///   - jurisdiction: whose Servers' bindings are held and released here: their Secrets are.
  ///   - now: the wall clock.
  ///   - newID: an id that nobody can guess.
  public init(
    store: any ResourceStore, latest: (any ResourceStore)? = nil, secrets: any SecretStore,
    journal: any BootEventSink, wipeMode: WipePolicy.Mode, jurisdiction: Jurisdiction = .all,
    now: @escaping @Sendable () -> Timestamp,
    newID: @escaping @Sendable () -> String = { WipeStatus.newID() }
  ) {
    sources = [WatchSource(ServerKind.self)] + ClusterMembers().sources
    self.store = store
    self.latest = latest ?? store
    self.secrets = secrets
    self.journal = journal
    self.jurisdiction = jurisdiction
    self.wipeMode = wipeMode
    self.now = now
    self.newID = newID
  }

  public func reconcile(_ name: String) async throws -> Requeue {
    guard var binding = try await store.get(ServerBindingKind.self, named: name) else { return .never }
    let server = try await store.get(ServerKind.self, named: name)
    guard jurisdiction.covers(server) else { return jurisdiction.recheck(server).map { .after($0) } ?? .never }
    var hold = try await BindingHold(of: binding, in: store)
    let isHeld = binding.metadata.finalizers?.contains(ServerBinding.releaseFinalizer) == true
    guard binding.metadata.deletionTimestamp == nil else {
      // What is known here may be older than the pause that came before the deletion.
      if isHeld, hold == nil { hold = try await BindingHold(of: binding, in: latest) }
      switch hold {
      case nil: if isHeld { try await release(binding) }
      case .machineUnknown(let reason)?: if isHeld { try await letGo(binding, reason) }
      case .paused?: break
      }
      return .never
    }
    guard hold == nil else { return .never }
    var kept = binding
    if !isHeld { kept.metadata.finalizers = (kept.metadata.finalizers ?? []) + [ServerBinding.releaseFinalizer] }
    kept.noteInstallation()
    if kept.metadata != binding.metadata { binding = try await store.update(kept) }
    let before = binding.status
    binding.status.ready = server != nil
    if binding.isInstalled, !binding.status.conditions.isTrue(BindingCondition.installed) {
      // Its conditions were lost in a move.
      binding.status.conditions.set(BindingCondition.installed, .true, now: now())
    }
    if binding.status != before { _ = try await store.updateStatus(binding) }
    return .never
  }

  /// Without an intent to wipe: the Server's own reconciler tells a person about it.
  private func letGo(_ binding: ServerBinding, _ reason: String) async throws(StoreError) {
    var binding = binding
    binding.metadata.finalizers?.removeAll { $0 == ServerBinding.releaseFinalizer }
    _ = try await store.update(binding)
    journal.report(
      .lifecycle(
        reason: "Server Allocation", message: "its ServerBinding was deleted, and it is not wiped: \(reason)",
        isWarning: true), of: BootSubject(uuid: SystemUUID(binding.metadata.name)))
  }

  /// In this order: whoever is cut short in between does the rest again, and the wipe is asked for once.
  private func release(_ binding: ServerBinding) async throws(StoreError) {
    let name = binding.metadata.name
    try await askForWipe(name)
    let configurations = [.machineConfig(ofServer: name), Allocation.config(of: binding)].compactMap(\.self)
    for secret in [.bootToken(ofServer: name)] + configurations { try await secrets.setSecret(secret, to: nil) }
    var binding = binding
    binding.metadata.finalizers?.removeAll { $0 == ServerBinding.releaseFinalizer }
    _ = try await store.update(binding)
  }

  /// Nothing is asked for of a machine that nobody accepts any more, or whose disks nobody knows.
  private func askForWipe(_ name: String) async throws(StoreError) {
    guard var server = try await store.get(ServerKind.self, named: name), server.spec.accepted, server.knowsDisks,
      server.metadata.deletionTimestamp == nil, server.status.wipe?.isOpen != true
    else { return }
    server.status.wipe = WipeStatus.intent(
      for: server, reason: .released, mode: wipeMode, id: newID(), now: Timestamp(seconds: now().seconds))
    server.status.isClean = false
    server = try await store.updateStatus(server)
    journal.report(
      .lifecycle(reason: BootOccurrence.step, message: "released: to be wiped", isWarning: false),
      of: server.bootSubject)
  }
}

extension Resource where Kind == ServerBindingKind {
  /// Keeps what the machine said of its installation where a move takes it along.
  fileprivate mutating func noteInstallation() {
    let said = status.conditions.condition(BindingCondition.installed)?.status
    guard let said, (said == .true) != metadata.isSet(Self.installedAnnotation) else { return }
    metadata.annotations = metadata.annotations ?? [:]
    metadata.annotations?[Self.installedAnnotation] = said == .true ? "true" : nil
    if metadata.annotations?.isEmpty == true { metadata.annotations = nil }
  }
}
