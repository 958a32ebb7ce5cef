import BareMetal
import Foundation
import Kubernetes
import Logging
import Reconcilers
import Synchronization
import Testing
import Wire

/// Two real API servers: one has our objects, the other is the cluster that runs on the machines. Siderite is known to the
/// first by its service account, and may do there what rootfs/cluster/rbac.yaml says.
@Suite(
  "Nodes of a real workload cluster", .timeLimit(.minutes(3)),
  .enabled(if: TestCluster.isAvailable, "there is no API server: tools/test --cluster"))
struct WorkloadClusterTests {
  /// The cluster `prod` has a control plane on a server, which is in use already.
  private static let cluster = ClusterName(namespace: "default", name: "prod")

  /// Cluster API's, without a schema.
  private static let clusterDefinition = """
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: clusters.cluster.x-k8s.io}
    spec:
      group: cluster.x-k8s.io
      names: {kind: Cluster, plural: clusters, singular: cluster}
      scope: Namespaced
      versions:
      - name: v1beta1
        served: true
        storage: true
        subresources: {status: {}}
        schema:
          openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
    """

  private static func uuid(_ number: Int) -> String { "4c4c4544-0051-3610-8052-\(100_000_000_000 + number)" }

  @Test(
    "A Node gets its Server's provider ID; another's is left alone and told of; a cluster out of reach is asked seldom")
  func providerIDs() async throws {
    try await TestCluster.runningTwo { management, workload in try await check(management, workload) }
  }

  private func check(_ management: TestCluster, _ workload: TestCluster) async throws {
    let parts = [
      "namespace.yaml", "rbac.yaml", "crds/metal.sidero.dev_servers.yaml",
      "crds/infrastructure.cluster.x-k8s.io_metalmachines.yaml",
      "crds/infrastructure.cluster.x-k8s.io_serverbindings.yaml",
    ]
    let core = try management.file(Self.clusterDefinition)
    try await management.kubectl(
      ["apply", "-f", core] + parts.flatMap { ["-f", TestCluster.path("rootfs/cluster/\($0)")] })
    try await management.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
    let client = try management.client(token: try await management.daemonToken())
    let admin = try management.client()
    let machines = KubernetesResourceStore(admin)
    for number in 1...5 { try await provision(number, machines) }
    try await workload.apply((1...5).map { Self.node($0, providerID: $0 == 2 ? "other://7" : nil) }.joined())

    let log = CountedLog()
    let clusters = KubernetesWorkloadClusters(
      secrets: KubernetesSecretStore(client), logger: Logger(label: "workload") { _ in log }, rest: .seconds(3),
      now: TestCluster.now)
    let events = HeardEvents()
    let reconciler = MetalMachineReconciler(
      store: KubernetesResourceStore(client), classes: NoClasses(), workload: clusters,
      journal: BootJournal(now: TestCluster.now), events: events, now: TestCluster.now)

    // Before its kubeconfig is there the cluster is waited for, and nothing is wrong.
    _ = try await reconciler.reconcile("default/m1")
    var condition = try await self.condition(1, machines)
    #expect(condition?.status == .false && condition?.reason == "WaitingForNode", "\(String(describing: condition))")
    #expect(events.all.isEmpty)
    try await management.kubectl(
      "create", "secret", "generic", Self.cluster.kubeconfig.name, "-n", Self.cluster.kubeconfig.namespace,
      "--from-file=value=\(workload.directory)/kubeconfig")

    try await eventually {
      _ = try await reconciler.reconcile("default/m1")
      return try await self.condition(1, machines)?.status == .true
    }
    #expect(try await providerID(1, workload) == "sidero://\(Self.uuid(1))")

    // One that belongs to somebody else.
    let requeue = try await reconciler.reconcile("default/m2")
    condition = try await self.condition(2, machines)
    #expect(condition?.reason == "ProviderUpdateFailed" && condition?.severity == "Warning")
    #expect(condition?.message?.contains("other://7") == true)
    #expect(requeue == .after(MetalMachinePlan.recheck))
    #expect(try await providerID(2, workload) == "other://7")
    #expect(events.all.map(\.subject.name) == ["m2"] && events.all.first?.severity == .warning)
    _ = try await reconciler.reconcile("default/m2")
    #expect(events.all.count == 1, "the same thing is told once")

    // The cluster goes away. Three machines look for their Nodes, again and again, as ten hands would.
    try await workload.outage("kill-api")
    let (reads, lines) = (try secretReads(management), log.count)
    for _ in 0..<3 {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 3...5 { group.addTask { _ = try await reconciler.reconcile("default/m\(number)") } }
        try await group.waitForAll()
      }
    }
    condition = try await self.condition(3, machines)
    #expect(condition?.reason == "ProviderUpdateFailed", "\(String(describing: condition))")
    #expect(try await machines.get(MetalMachineKind.self, named: "default/m3")?.status.ready == true)
    #expect(try secretReads(management) - reads <= 2, "it is not looked for at every turn")
    #expect(log.count - lines <= 3, "\(log.lines)")

    // And comes back.
    try await workload.outage("start-api")
    for number in 3...5 {
      try await eventually {
        _ = try await reconciler.reconcile("default/m\(number)")
        return try await self.condition(number, machines)?.status == .true
      }
      #expect(try await providerID(number, workload) == "sidero://\(Self.uuid(number))")
    }
    await clusters.close()
    await client.close()
    await admin.close()
  }

  /// As they are once the machine is installed.
  private func provision(_ number: Int, _ store: KubernetesResourceStore) async throws {
    let (name, uuid) = ("m\(number)", Self.uuid(number))
    _ = try await store.create(
      Server(metadata: ObjectMeta(name: uuid), spec: ServerSpec(accepted: true), status: ServerStatus(inUse: true)))
    var machine = MetalMachine(
      metadata: ObjectMeta(name: name, labels: [ClusterKind.nameLabel: Self.cluster.name]),
      spec: MetalMachineSpec(serverRef: ObjectReference(name: uuid)))
    machine.metadata.namespace = Self.cluster.namespace
    machine.take(server: uuid)
    machine = try await store.create(machine)
    var binding = machine.binding(of: uuid)
    binding.status.ready = true
    binding.status.conditions.set("TalosInstalled", .true, now: TestCluster.now())
    _ = try await store.create(binding)
  }

  private static func node(_ number: Int, providerID: String?) -> String {
    """
    ---
    apiVersion: v1
    kind: Node
    metadata: {name: n\(number), labels: {\(WorkloadNode.serverLabel): \(uuid(number))}}
    spec: {\(providerID.map { "providerID: \"\($0)\"" } ?? "")}

    """
  }

  private func condition(_ number: Int, _ store: KubernetesResourceStore) async throws -> Condition? {
    try await store.get(MetalMachineKind.self, named: "default/m\(number)")?.status.conditions
      .condition(MetalMachineCondition.providerSet)
  }

  private func providerID(_ number: Int, _ cluster: TestCluster) async throws -> String {
    try await cluster.kubectl("get", "node", "n\(number)", "-o", "jsonpath={.spec.providerID}")
  }

  /// Of the workload cluster's kubeconfig, by the API server's own word.
  private func secretReads(_ cluster: TestCluster) throws -> Int {
    let log = try String(contentsOfFile: "\(cluster.directory)/audit.log", encoding: .utf8)
    return log.split(separator: "\n").count {
      $0.contains(#""verb":"get""#) && $0.contains("/secrets/\(Self.cluster.kubeconfig.name)\"")
    }
  }

  /// Looked at again until it is so, for a bounded time.
  private func eventually(_ isSo: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while try await !isSo() {
      try #require(ContinuousClock.now < deadline)
      try await Task.sleep(for: .milliseconds(100))
    }
  }
}

private struct NoClasses: ServerClassView {
  func members(ofClass name: String) async throws(StoreError) -> ServerClassMembers? { nil }
}

private final class HeardEvents: EventRecorder {
  private let events = Mutex<[ObjectEvent]>([])

  var all: [ObjectEvent] { events.withLock { $0 } }
  func record(_ event: ObjectEvent) { events.withLock { $0.append(event) } }
}

/// Lines that a person would read.
private struct CountedLog: LogHandler {
  private final class Heard: Sendable {
    let lines = Mutex<[String]>([])
  }

  private let heard = Heard()
  var logLevel = Logger.Level.notice
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  var lines: [String] { heard.lines.withLock { $0 } }
  var count: Int { lines.count }

  func log(event: LogEvent) { heard.lines.withLock { $0.append("\(event.message)") } }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }
}
