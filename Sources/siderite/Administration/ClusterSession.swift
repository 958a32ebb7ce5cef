import BMC
import BareMetal
import FoundationEssentials
import HTTPServices
import Logging
import ServiceLifecycle

/// The command line on the management cluster itself: what the daemon's administration API does to its store, done to the
/// cluster, by the same code in this process, on a socket that nobody else can reach.
enum ClusterSession {
  /// Runs `body` with a client of it.
  /// - Throws: what `body` throws, and errors whose description is one line that says what to do.
  static func with<Result>(
    _ configuration: Configuration.Cluster, _ body: (AdminClient) async throws -> Result
  ) async throws -> Result {
    let logger = Logger(label: "siderite") { _ in SwiftLogNoOpLogHandler() }
    let cluster = try ManagementCluster(configuration, host: "", logger: logger)
    let directory = FileManager.default.temporaryDirectory.appending(path: "siderite-\(UUID().uuidString.prefix(8))")
      .path
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(atPath: directory) }

    let journal = BootJournal(now: { .now })
    let listening = Gate()
    let servers = ServerOperator(
      store: cluster.resources, secrets: cluster.secrets, journal: journal, logger: logger, now: { .now },
      controller: { _ in Elsewhere() })
    let api = AdminAPI(
      socketPath: "\(directory)/s", version: Version.text, store: cluster.resources, journal: journal, servers: servers,
      logger: logger, onListening: { listening.open() })
    let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [.init(service: api)], logger: logger))
    let serving = Task {
      // Who waits for it must not wait for ever.
      defer { listening.open() }
      try await group.run()
    }
    let result: Result
    do {
      _ = await listening.wait()
      result = try await AdminClient.withClient(socket: "\(directory)/s", body)
    } catch {
      await end(group, serving, cluster)
      throw error
    }
    await end(group, serving, cluster)
    return result
  }

  private static func end(_ group: ServiceGroup, _ serving: Task<Void, any Error>, _ cluster: ManagementCluster) async {
    await group.triggerGracefulShutdown()
    _ = await serving.result
    await cluster.close()
  }
}

/// The management controllers of the cluster's machines are on other networks.
private struct Elsewhere: PowerController {
  func perform(_ request: BMCRequest) async throws(BMCFailure) -> BMCAnswer {
    throw BMCFailure(.refused, "machines are switched by the boot host that looks after them: ask its daemon")
  }
}
