public import BareMetal
public import Logging
public import Wire

/// The clusters that run on our machines, by the kubeconfigs that Cluster API keeps of them: Secret `<cluster>-kubeconfig`,
/// key `value`, in the cluster's namespace.
///
/// A client is kept for each cluster that is asked about, so that a node costs two requests there and none of the management
/// cluster. A cluster that does not answer is left alone for a while: it must not keep those waiting who ask about others.
public actor KubernetesWorkloadClusters: WorkloadClusters {
  /// Clients kept; of more clusters, the one not asked for longest is closed.
  static let maximumClients = 64
  /// Between two questions to a cluster that fails, at most.
  static let longestRest = Duration.seconds(240)
  /// A kubeconfig is read again after that, as Cluster API renews its certificate.
  static let lifetime = Duration.seconds(3600)

  private struct Entry {
    var client: KubernetesClient
    var made: ContinuousClock.Instant
    var used: ContinuousClock.Instant
    /// It has answered.
    var isProven = false
  }

  private struct Failure {
    var error: WorkloadClusterError
    /// In a row.
    var count: Int
    var until: ContinuousClock.Instant
  }

  private let secrets: any SecretStore
  private let logger: Logger
  private let rest: Duration
  private let now: @Sendable () -> Timestamp
  private var entries: [ClusterName: Entry] = [:]
  private var failures: [ClusterName: Failure] = [:]
  /// Of clusters that have not answered yet, one is asked something at a time, and these wait to.
  private var turns: [ClusterName: [CheckedContinuation<Void, Never>]] = [:]

  /// - Parameters:
  ///   - secrets: the management cluster's.
  ///   - rest: after a failure, before the cluster is asked again; twice as long after each in a row.
  ///   - now: the wall clock.
  public init(
    secrets: any SecretStore, logger: Logger, rest: Duration = .seconds(15), now: @escaping @Sendable () -> Timestamp
  ) {
    self.secrets = secrets
    self.logger = logger
    self.rest = rest
    self.now = now
  }

  /// Ends the connections.
  public func close() async {
    let clients = entries.values.map(\.client)
    entries = [:]
    for client in clients { await client.close() }
  }

  public func node(
    ofServer server: String, in cluster: ClusterName
  ) async throws(WorkloadClusterError) -> WorkloadNode? {
    let nodes = try await asking(cluster) { client throws(KubernetesError) in
      try await client.list(
        ResourcePath(apiVersion: "v1", plural: "nodes"), labelSelector: "\(WorkloadNode.serverLabel)=\(server)",
        as: NodeObject.self
      ).items
    }
    guard nodes.count < 2 else {
      let names = nodes.map(\.metadata.name).sorted().joined(separator: ", ")
      throw WorkloadClusterError(
        "Cluster \(cluster) has several Nodes with label \(WorkloadNode.serverLabel)=\(server): \(names)")
    }
    return nodes.first.map { WorkloadNode(name: $0.metadata.name, providerID: $0.spec?.providerID) }
  }

  public func setProviderID(
    _ id: ProviderID, ofNode node: String, in cluster: ClusterName
  ) async throws(WorkloadClusterError) {
    let patch = JSONValue.object(["spec": .object(["providerID": .string(id.description)])])
    _ = try await asking(cluster) { client throws(KubernetesError) in
      try await client.patch(
        ResourcePath(apiVersion: "v1", plural: "nodes", name: node), .merge(patch), as: NodeObject.self)
    }
  }

  /// Asks the cluster something; once it did not answer, it is not asked again for a while.
  private func asking<Answer: Sendable>(
    _ cluster: ClusterName, _ question: @Sendable (KubernetesClient) async throws(KubernetesError) -> Answer
  ) async throws(WorkloadClusterError) -> Answer {
    guard entries[cluster]?.isProven != true else { return try await ask(cluster, question) }
    await takeTurn(cluster)
    defer { endTurn(cluster) }
    return try await ask(cluster, question)
  }

  private func ask<Answer: Sendable>(
    _ cluster: ClusterName, _ question: @Sendable (KubernetesClient) async throws(KubernetesError) -> Answer
  ) async throws(WorkloadClusterError) -> Answer {
    if let failure = failures[cluster], failure.until > .now { throw failure.error }
    let client: KubernetesClient
    do throws(WorkloadClusterError) {
      client = try await self.client(of: cluster)
    } catch {
      note(error, cluster)
      throw error
    }
    do throws(KubernetesError) {
      let answer = try await question(client)
      failures[cluster] = nil
      entries[cluster]?.isProven = true
      return answer
    } catch {
      let failure = WorkloadClusterError("Cluster \(cluster): \(error.message)")
      switch error.reason {
      case .notFound, .alreadyExists, .conflict, .invalid, .expired, .cancelled: break
      default:
        // Also where only the credentials are refused: others may be in the Secret by now.
        note(failure, cluster)
        await forget(cluster)
      }
      throw failure
    }
  }

  private func note(_ error: WorkloadClusterError, _ cluster: ClusterName) {
    // Those that were asked at once failed once.
    if let failure = failures[cluster], failure.until > .now { return }
    let count = (failures[cluster]?.count ?? 0) + 1
    let rest = min(rest * (1 << min(count - 1, 10)), Self.longestRest)
    failures[cluster] = Failure(error: error, count: count, until: .now + rest)
  }

  private func takeTurn(_ cluster: ClusterName) async {
    guard turns[cluster] != nil else {
      turns[cluster] = []
      return
    }
    await withCheckedContinuation { turns[cluster]?.append($0) }
  }

  private func endTurn(_ cluster: ClusterName) {
    guard var waiting = turns[cluster], !waiting.isEmpty else {
      turns[cluster] = nil
      return
    }
    let next = waiting.removeFirst()
    turns[cluster] = waiting
    next.resume()
  }

  private func client(of cluster: ClusterName) async throws(WorkloadClusterError) -> KubernetesClient {
    if let entry = entries[cluster] {
      if entry.made + Self.lifetime > .now {
        entries[cluster]?.used = .now
        return entry.client
      }
      await forget(cluster)
    }
    let access = try await access(to: cluster)
    // Somebody else may have been faster meanwhile.
    if let entry = entries[cluster] { return entry.client }
    var configuration = KubernetesClientConfiguration()
    configuration.answerTime = .seconds(5)
    configuration.patience = .seconds(5)
    configuration.connectTime = .seconds(3)
    configuration.connections = 2
    configuration.watches = 1
    let client = KubernetesClient(access, configuration: configuration, logger: logger, now: now)
    entries[cluster] = Entry(client: client, made: .now, used: .now)
    if entries.count > Self.maximumClients, let oldest = entries.min(by: { $0.value.used < $1.value.used })?.key {
      await forget(oldest)
    }
    return client
  }

  private func forget(_ cluster: ClusterName) async {
    guard let entry = entries.removeValue(forKey: cluster) else { return }
    await entry.client.close()
  }

  /// What the Secret says. Whoever may write a Secret of the management cluster must not thereby run programs on the boot
  /// host or read its files: a kubeconfig that names such is refused.
  private func access(to cluster: ClusterName) async throws(WorkloadClusterError) -> ClusterAccess {
    let name = cluster.kubeconfig
    let place = "Secret \(name.namespace)/\(name.name)"
    let found: Secret?
    do throws(StoreError) {
      found = try await secrets.secret(name)?[ClusterName.kubeconfigKey]
    } catch {
      throw WorkloadClusterError("Cluster \(cluster): its kubeconfig, \(place): \(error.description)")
    }
    guard let found else {
      throw WorkloadClusterError("Cluster \(cluster) has no kubeconfig yet (\(place))", isNotYet: true)
    }
    do throws(KubeconfigError) {
      return try Kubeconfig(parsing: found.exposedText).access()
    } catch {
      throw WorkloadClusterError("Cluster \(cluster): \(place): \(error)")
    }
  }
}

/// A Node, the fields we look at.
private struct NodeObject: Decodable, Sendable {
  struct Metadata: Decodable { var name: String }
  struct Spec: Decodable { var providerID: String? }

  var metadata: Metadata
  var spec: Spec?
}
