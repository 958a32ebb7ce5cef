import BareMetal
import FoundationEssentials
import Kubernetes
import Logging
import ServiceLifecycle

/// The management cluster as the daemon sees it.
struct ManagementCluster: Sendable {
  /// Where Siderite's own objects are: the leader's lease, Secrets.
  static let namespace = "sidero-system"
  /// The leader's lease.
  static let lease = "siderite-leader"
  /// For one request with all its attempts: less than the mirror waits, so that it is told what went wrong.
  private static let patience = Duration.seconds(4)

  let client: KubernetesClient
  let resources: any ResourceStore
  let secrets: any SecretStore
  /// Tells people what happens to objects.
  let events: any EventRecorder
  /// The clusters that run on the machines.
  let workload: KubernetesWorkloadClusters
  private let recorder: KubernetesEvents
  private let host: String
  private let logger: Logger

  /// Asks the cluster nothing yet.
  /// - Parameter host: this boot host's name.
  init(_ configuration: Configuration.Cluster, host: String, logger: Logger) throws {
    let access = try Self.access(configuration)
    var settings = KubernetesClientConfiguration()
    settings.patience = Self.patience
    client = KubernetesClient(access, configuration: settings, logger: logger, now: { .now })
    let recorder = KubernetesEvents(client, host: host, logger: logger, now: { .now })
    let store = KubernetesResourceStore(client, events: recorder)
    resources = store
    secrets = KubernetesSecretStore(client, owner: KubernetesSecretStore.serverOwner(in: store))
    workload = KubernetesWorkloadClusters(secrets: secrets, logger: logger, now: { .now })
    events = recorder
    self.recorder = recorder
    self.host = host
    self.logger = logger
  }

  /// Who leads, and what must run for it, and for Events, to work.
  func election() -> (leadership: any Leadership, services: [any Service]) {
    let elector = LeaderElector(
      client.access, namespace: Self.namespace, name: Self.lease, identity: "\(host)_\(UUID().uuidString.lowercased())",
      logger: logger, now: { .now })
    return (elector, [recorder, elector])
  }

  /// Which one it is, for people and for what is kept of it.
  var origin: String { client.access.server }

  func close() async {
    await workload.close()
    await client.close()
  }

  /// How it is reached.
  /// - Throws: an error whose description is one line that says what to do.
  static func access(_ configuration: Configuration.Cluster) throws -> ClusterAccess {
    let environment = ProcessInfo.processInfo.environment
    switch configuration.access {
    case .file(let path):
      return try Kubeconfig(path: path).access(context: configuration.context, environment: environment)
    case .inCluster:
      guard let access = try ClusterAccess.inCluster(environment: environment) else {
        throw InvalidConfiguration(problems: [
          ConfigurationProblem(
            path: "kubeconfig", line: nil, message: "is in-cluster, but this is no Pod of a cluster")
        ])
      }
      return access
    }
  }
}
