import BareMetal
import FoundationEssentials
import Logging
import Reconcilers
import SQLiteStore
import Testing
import Wire

/// A management cluster (an SQLite store behind a faulty network) and a boot host that mirrors it.
final class MirroredCluster {
  let path: String
  let inner: SQLiteResourceStore
  let remote: FaultyStore
  var host: BootHost

  /// A boot host: what is in memory, what is on the disk.
  struct BootHost {
    let snapshot: SQLiteSnapshotStore
    let localSecrets: SQLiteSecretStore
    let secrets: MirroredSecretStore
    let store: MirroredResourceStore
    let running: Task<Void, any Error>
  }

  static let kinds: [any ResourceKind.Type] = [
    ServerKind.self, ServerBindingKind.self, ServerClassKind.self, EnvironmentKind.self,
  ]

  /// - Parameter isUp: of the network, when the boot host starts.
  init(isUp: Bool = true) async throws {
    path = FileManager.default.temporaryDirectory.appending(path: "siderite-mirror-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    inner = try SQLiteResourceStore(path: "\(path)/cluster.sqlite") { Timestamp(seconds: 1_800_000_000) }
    remote = FaultyStore(inner)
    if !isUp { remote.goDown() }
    host = try await Self.start(path, remote)
    if isUp { try await untilSynced() }
  }

  deinit {
    host.running.cancel()
    host.store.close()
    host.snapshot.close()
    host.localSecrets.close()
    inner.close()
    try? FileManager.default.removeItem(atPath: path)
  }

  var store: MirroredResourceStore { host.store }

  private static func start(_ path: String, _ remote: FaultyStore) async throws -> BootHost {
    let snapshot = try SQLiteSnapshotStore(path: "\(path)/mirror.sqlite")
    let local = try SQLiteSecretStore(path: "\(path)/secrets.sqlite")
    let secrets = MirroredSecretStore(local: local, remote: remote, snapshot: snapshot)
    var configuration = MirroredResourceStore.Configuration(kinds: kinds, ownStatusKinds: [EnvironmentKind.self])
    configuration.limits.backoff = Backoff(first: .milliseconds(5), longest: .milliseconds(40))
    configuration.limits.probe = .milliseconds(50)
    configuration.limits.settling = .milliseconds(1)
    let store = try await MirroredResourceStore(
      of: remote, snapshot: snapshot, configuration: configuration, secrets: secrets,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { Timestamp(seconds: 1_800_000_100) })
    let running = Task { try await store.run() }
    return BootHost(snapshot: snapshot, localSecrets: local, secrets: secrets, store: store, running: running)
  }

  /// The daemon ends, and starts again.
  func restart() async throws {
    host.running.cancel()
    try? await host.running.value
    host.store.close()
    host.snapshot.close()
    host.localSecrets.close()
    host = try await Self.start(path, remote)
  }

  func untilSynced() async throws { try await eventually("in sync") { self.store.isCurrent } }

  /// Everything that was written is told.
  func untilTold() async throws { try await eventually("told") { self.store.isCurrent && self.store.depth == 0 } }

  func untilOutOfReach() async throws { try await eventually("out of reach") { !self.store.isCurrent } }
}

/// Waits for what other tasks bring about.
func eventually(
  _ what: String, within limit: Duration = .seconds(20), _ condition: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      Issue.record("not \(what) within \(limit)")
      throw CancellationError()
    }
    try await Task.sleep(for: .milliseconds(2))
  }
}
