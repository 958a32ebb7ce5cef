import BareMetal
import FoundationEssentials
import Logging
import Reconcilers
import SQLiteStore
import Wire

/// Where everything is kept: in databases under the state directory, or resources and BMC credentials in the management
/// cluster, with what is known of them here.
struct Stores: Sendable {
  let resources: any ResourceStore
  let leases: SQLiteLeaseStore
  let secrets: any SecretStore
  /// Tokens, and everything else that never leaves this host; without a cluster, all Secrets.
  let ownSecrets: SQLiteSecretStore
  /// Of the cluster; `nil` without one.
  let mirror: MirroredResourceStore?
  private let closeAll: @Sendable () -> Void

  /// What is mirrored: everything that machines boot by, and what the provider makes of it.
  static let mirroredKinds: [any ResourceKind.Type] = [
    ServerKind.self, ServerBindingKind.self, ServerClassKind.self, EnvironmentKind.self, MetalMachineKind.self,
    MetalClusterKind.self,
  ]
  /// Cluster API's own, which is not everywhere.
  static let clusterKinds: [any ResourceKind.Type] = [ClusterKind.self, MachineKind.self]

  /// Opens or creates them.
  /// - Parameter syncsLeases: whether each lease is on the disk before its client is told.
  init(directory: String, syncsLeases: Bool) throws(StoreError) {
    let resources = try SQLiteResourceStore(path: "\(directory)/resources.sqlite", now: { .now })
    let leases = try SQLiteLeaseStore(path: "\(directory)/leases.sqlite", isSynced: syncsLeases)
    let secrets = try SQLiteSecretStore(path: "\(directory)/secrets.sqlite")
    self.resources = resources
    self.leases = leases
    self.secrets = secrets
    ownSecrets = secrets
    mirror = nil
    closeAll = {
      resources.close()
      leases.close()
      secrets.close()
    }
  }

  /// Opens or creates them, with what was known of the cluster. Asks the cluster nothing.
  /// - Parameters:
  ///   - syncsLeases: whether each lease is on the disk before its client is told.
  ///   - showsOwnStatus: whether what is true on this host is shown in the cluster as the Environments' status.
  init(
    directory: String, syncsLeases: Bool, cluster: ManagementCluster, logger: Logger,
    showsOwnStatus: @escaping @Sendable () -> Bool
  ) async throws(StoreError) {
    let snapshot = try SQLiteSnapshotStore(path: "\(directory)/mirror.sqlite")
    try await Self.check(snapshot, isOf: cluster.origin, path: "\(directory)/mirror.sqlite", logger: logger)
    let leases = try SQLiteLeaseStore(path: "\(directory)/leases.sqlite", isSynced: syncsLeases)
    let own = try SQLiteSecretStore(path: "\(directory)/secrets.sqlite")
    let secrets = MirroredSecretStore(local: own, remote: cluster.secrets, snapshot: snapshot)
    let mirror = try await MirroredResourceStore(
      of: cluster.resources, snapshot: snapshot,
      configuration: Self.mirrored(showsOwnStatus), secrets: secrets, logger: logger, now: { .now })
    resources = mirror
    self.leases = leases
    self.secrets = secrets
    ownSecrets = own
    self.mirror = mirror
    closeAll = {
      mirror.close()
      snapshot.close()
      leases.close()
      own.close()
    }
  }

  private static func mirrored(
    _ showsOwnStatus: @escaping @Sendable () -> Bool
  ) -> MirroredResourceStore.Configuration {
    var configuration = MirroredResourceStore.Configuration(
      kinds: mirroredKinds, ownStatusKinds: [EnvironmentKind.self], publishes: showsOwnStatus)
    configuration.optionalKinds = clusterKinds
    return configuration
  }

  /// What is known of one cluster says nothing of another, and what waits to be told to one must not be told to another.
  private static func check(
    _ snapshot: SQLiteSnapshotStore, isOf origin: String, path: String, logger: Logger
  ) async throws(StoreError) {
    let old = try await snapshot.origin()
    guard old != origin else { return }
    if let old {
      guard try await !snapshot.hasPending() else {
        throw .unavailable(
          message: "\(path) holds what is yet to be told to the cluster at \(old), but the kubeconfig is of \(origin): "
            + "let siderite run with the former until siderite_mirror_queue is 0, or move the file away to lose it")
      }
      logger.notice("Another cluster: what was known is forgotten", metadata: ["old": "\(old)", "new": "\(origin)"])
    }
    try await snapshot.begin(origin: origin)
  }

  /// Ends all watches. Everything acknowledged is on disk already.
  func close() { closeAll() }
}
