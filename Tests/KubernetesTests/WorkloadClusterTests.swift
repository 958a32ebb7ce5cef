import BareMetal
import Logging
import Synchronization
import Testing
import Wire

@testable import Kubernetes

@Suite("Nodes of workload clusters", .timeLimit(.minutes(1)))
struct WorkloadClusterTests {
  /// The Secrets of the management cluster, as many as one test needs.
  private final class Secrets: SecretStore {
    private let text = Mutex<String?>(nil)
    private let reads = Mutex(0)

    var count: Int { reads.withLock { $0 } }

    func set(_ kubeconfig: String?) { text.withLock { $0 = kubeconfig } }

    func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
      reads.withLock { $0 += 1 }
      guard name == SecretName(namespace: "default", name: "prod-kubeconfig") else { return nil }
      return text.withLock { text in text.map { ["value": Secret($0)] } }
    }

    func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {}
  }

  private let cluster = ClusterName(namespace: "default", name: "prod")

  private func kubeconfig(_ server: String, user: String = "{}") -> String {
    """
    current-context: a
    clusters: [{name: a, cluster: {server: "\(server)"}}]
    contexts: [{name: a, context: {cluster: a, user: a}}]
    users: [{name: a, user: \(user)}]
    """
  }

  private func nodes(_ names: String...) -> ScriptedServer.Reply {
    let items = names.map { #"{"metadata":{"name":"\#($0)"},"spec":{"providerID":"sidero://a"}}"# }
    return .json(200, #"{"metadata":{"resourceVersion":"1"},"items":[\#(items.joined(separator: ","))]}"#)
  }

  private func withClusters(
    _ secrets: Secrets, _ body: (KubernetesWorkloadClusters) async throws -> Void
  ) async throws {
    let clusters = KubernetesWorkloadClusters(
      secrets: secrets, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      now: { Timestamp(seconds: 1_800_000_000) })
    do {
      try await body(clusters)
    } catch {
      await clusters.close()
      throw error
    }
    await clusters.close()
  }

  private func message(_ body: () async throws(WorkloadClusterError) -> Void) async -> String {
    do throws(WorkloadClusterError) {
      try await body()
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test("A Node is found by its Server's label and gets its provider ID: the kubeconfig is read once")
  func node() async throws {
    let server = try await ScriptedServer.start { request, _ in
      request.method == "GET" ? self.nodes("node-1") : .json(200, #"{"metadata":{"name":"node-1"}}"#)
    }
    let secrets = Secrets()
    secrets.set(kubeconfig(server.url))
    try await withClusters(secrets) { clusters in
      let node = try #require(try await clusters.node(ofServer: "a", in: cluster))
      #expect(node == WorkloadNode(name: "node-1", providerID: "sidero://a"))
      let id = try #require(ProviderID("sidero://a"))
      try await clusters.setProviderID(id, ofNode: node.name, in: cluster)
    }
    #expect(secrets.count == 1)
    #expect(server.requests.map(\.method) == ["GET", "PATCH"])
    #expect(server.requests.first?.uri.contains("labelSelector=metal.sidero.dev%2Fuuid%3Da") == true)
    #expect(server.requests.last?.path == "/api/v1/nodes/node-1")
    let patch = try JSONValue(parsing: server.requests.last?.body ?? "")
    #expect(patch == .object(["spec": .object(["providerID": .string("sidero://a")])]))
    await server.stop()
  }

  @Test("Two Nodes of one Server are told, and neither is taken")
  func twoNodes() async throws {
    let server = try await ScriptedServer.start { _, _ in self.nodes("b", "a") }
    let secrets = Secrets()
    secrets.set(kubeconfig(server.url))
    try await withClusters(secrets) { clusters in
      let message = await message { () throws(WorkloadClusterError) in
        _ = try await clusters.node(ofServer: "a", in: cluster)
      }
      #expect(message.contains("several Nodes") && message.hasSuffix("a, b"), "\(message)")
    }
    await server.stop()
  }

  @Test("A kubeconfig that is not there, is none, or names programs of this host is told, and nobody is asked")
  func noKubeconfig() async throws {
    let secrets = Secrets()
    for (text, expected) in [
      (nil, "has no kubeconfig yet (Secret default/prod-kubeconfig)"), ("nonsense", "it is not a kubeconfig"),
      (
        kubeconfig("https://127.0.0.1:1", user: "{exec: {apiVersion: client.authentication.k8s.io/v1, command: id}}"),
        "names a program"
      ),
    ] {
      secrets.set(text)
      try await withClusters(secrets) { clusters in
        let message = await message { () throws(WorkloadClusterError) in
          _ = try await clusters.node(ofServer: "a", in: cluster)
        }
        #expect(message.contains(expected), "\(message)")
      }
    }
  }

  @Test("A cluster that does not answer is left alone for a while, and its kubeconfig is read anew then")
  func rest() async throws {
    let server = try await ScriptedServer.start { _, _ in .failure(401, "Unauthorized") }
    let secrets = Secrets()
    secrets.set(kubeconfig(server.url))
    try await withClusters(secrets) { clusters in
      for _ in 0..<10 {
        let message = await message { () throws(WorkloadClusterError) in
          _ = try await clusters.node(ofServer: "a", in: cluster)
        }
        #expect(message.contains("wrong or have expired"), "\(message)")
      }
    }
    #expect(server.requests.count == 1 && secrets.count == 1)
    await server.stop()
  }
}
