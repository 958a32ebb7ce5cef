public import BareMetal
public import Wire

/// Holds every ServerBinding by a finalizer, and makes its deletion a release: the intent to wipe the machine is recorded
/// with the Server, its Secrets go, and then the binding does.
///
/// A binding that is paused (Cluster API's annotation, as when a cluster is moved) is left alone, deleted or not; if it goes
/// without its finalizer, nothing is wiped.
public struct ServerBindingReconciler: Reconciler {
  public let name = "serverbinding"
  public let sources = [WatchSource(ServerBindingKind.self), WatchSource(ServerKind.self)]

  private let store: any ResourceStore
  private let secrets: any SecretStore
  private let journal: any BootEventSink
  private let wipeMode: WipePolicy.Mode
  private let now: @Sendable () -> Timestamp
  private let newID: @Sendable () -> String

  /// - Parameters:
  ///   - wipeMode: for Servers whose policy says nothing.
  ///   - now: the wall clock.
  ///   - newID: an id that nobody can guess.
  public init(
    store: any ResourceStore, secrets: any SecretStore, journal: any BootEventSink, wipeMode: WipePolicy.Mode,
    now: @escaping @Sendable () -> Timestamp, newID: @escaping @Sendable () -> String = { WipeStatus.newID() }
  ) {
    self.store = store
    self.secrets = secrets
    self.journal = journal
    self.wipeMode = wipeMode
    self.now = now
    self.newID = newID
  }

  public func reconcile(_ name: String) async throws -> Requeue {
    guard var binding = try await store.get(ServerBindingKind.self, named: name), !binding.metadata.isPaused else {
      return .never
    }
    let isHeld = binding.metadata.finalizers?.contains(ServerBinding.releaseFinalizer) == true
    guard binding.metadata.deletionTimestamp == nil else {
      if isHeld { try await release(binding) }
      return .never
    }
    if !isHeld {
      binding.metadata.finalizers = (binding.metadata.finalizers ?? []) + [ServerBinding.releaseFinalizer]
      binding = try await store.update(binding)
    }
    let ready = try await store.get(ServerKind.self, named: name) != nil
    if binding.status.ready != ready {
      binding.status.ready = ready
      _ = try await store.updateStatus(binding)
    }
    return .never
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
      .lifecycle(reason: "Server Wipe", message: "released: to be wiped", isWarning: false), of: server.bootSubject)
  }
}
