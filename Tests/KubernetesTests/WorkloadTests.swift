import BareMetal
import Logging
import Synchronization
import Testing
import Wire

@testable import Kubernetes

@Suite("The clusters that run on the machines", .timeLimit(.minutes(1)))
struct WorkloadTests {
  private static let cluster = ClusterName(namespace: "default", name: "prod")
  private static let server = "4c4c4544-0051-3610-8052-b4c04f4d4631"

  private final class Secrets: SecretStore {
    private let values = Mutex<[SecretName: [String: Secret]]>([:])
    private let reads = Mutex(0)

    var count: Int { reads.withLock { $0 } }

    func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
      reads.withLock { $0 += 1 }
      return values.withLock { $0[name] }
    }

    func setSecret(_ name: SecretName, to new: [String: Secret]?) async throws(StoreError) {
      values.withLock { $0[name] = new }
    }
  }

  private static func kubeconfig(_ server: String, user: String = "{}") -> [String: Secret] {
    [
      "value": Secret(
        """
        apiVersion: v1
        kind: Config
        current-context: c
        contexts: [{name: c, context: {cluster: c\(user == "{}" ? "" : ", user: u")}}]
        clusters: [{name: c, cluster: {server: "\(server)"}}]
        users: [{name: u, user: \(user)}]
        """)
    ]
  }

  private func clusters(_ secrets: Secrets) -> KubernetesWorkloadClusters {
    KubernetesWorkloadClusters(
      secrets: secrets, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
      now: { Timestamp(seconds: 1_800_000_000) })
  }

  private static func nodes(_ names: [String], providerID: String? = nil) -> ScriptedServer.Reply {
    let spec = providerID.map { #""providerID":"\#($0)""# } ?? ""
    let items = names.map { #"{"metadata":{"name":"\#($0)"},"spec":{\#(spec)}}"# }.joined(separator: ",")
    return .json(200, #"{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[\#(items)]}"#)
  }

  @Test(
    "The Node is found by its label, and gets its provider ID by a patch of that field; the kubeconfig is read once")
  func provides() async throws {
    let server = try await ScriptedServer.start { request, _ in
      request.method == "GET" ? Self.nodes(["n1"]) : .json(200, #"{"metadata":{"name":"n1"}}"#)
    }
    let secrets = Secrets()
    try await secrets.setSecret(Self.cluster.kubeconfig, to: Self.kubeconfig(server.url))
    let clusters = clusters(secrets)
    let node = try #require(try await clusters.node(ofServer: Self.server, in: Self.cluster))
    #expect(node == WorkloadNode(name: "n1"))
    try await clusters.setProviderID(ProviderID(server: Self.server), ofNode: node.name, in: Self.cluster)
    let requests = server.requests
    #expect(requests.map(\.path) == ["/api/v1/nodes", "/api/v1/nodes/n1"])
    #expect(requests[0].uri.contains("labelSelector=metal.sidero.dev%2Fuuid%3D\(Self.server)"))
    #expect(requests[1].method == "PATCH" && requests[1].body == #"{"spec":{"providerID":"sidero://\#(Self.server)"}}"#)
    #expect(secrets.count == 1)
    await clusters.close()
    await server.stop()
  }

  @Test("No Node yet is nothing, two are an error, another's provider ID is told")
  func nodes() async throws {
    let server = try await ScriptedServer.start { _, number in
      [Self.nodes([]), Self.nodes(["n1", "n2"]), Self.nodes(["n1"], providerID: "aws:///x")][number]
    }
    let secrets = Secrets()
    try await secrets.setSecret(Self.cluster.kubeconfig, to: Self.kubeconfig(server.url))
    let clusters = clusters(secrets)
    #expect(try await clusters.node(ofServer: Self.server, in: Self.cluster) == nil)
    await #expect(throws: WorkloadClusterError.self) {
      _ = try await clusters.node(ofServer: Self.server, in: Self.cluster)
    }
    #expect(try await clusters.node(ofServer: Self.server, in: Self.cluster)?.providerID == "aws:///x")
    await clusters.close()
    await server.stop()
  }

  @Test("A cluster that fails is not asked again for a while, and others are not held up")
  func failure() async throws {
    let server = try await ScriptedServer.start { _, _ in .failure(403, "Forbidden") }
    let secrets = Secrets()
    try await secrets.setSecret(Self.cluster.kubeconfig, to: Self.kubeconfig(server.url))
    let clusters = clusters(secrets)
    for _ in 0..<3 {
      await #expect(throws: WorkloadClusterError.self) {
        _ = try await clusters.node(ofServer: Self.server, in: Self.cluster)
      }
    }
    #expect(server.requests.count == 1)
    await clusters.close()
    await server.stop()
  }

  @Test(
    "Many ask about a cluster that has no kubeconfig yet, or is asked for the first time: one of them reads its Secret")
  func manyAtOnce() async throws {
    let server = try await ScriptedServer.start { _, _ in Self.nodes(["n1"]) }
    let secrets = Secrets()
    let missing = clusters(secrets)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<20 {
        group.addTask {
          do throws(WorkloadClusterError) {
            _ = try await missing.node(ofServer: Self.server, in: Self.cluster)
            Issue.record("it was asked")
          } catch {
            #expect(error.isNotYet)
          }
        }
      }
    }
    #expect(secrets.count == 1)
    await missing.close()
    try await secrets.setSecret(Self.cluster.kubeconfig, to: Self.kubeconfig(server.url))
    let there = clusters(secrets)
    try await withThrowingTaskGroup(of: WorkloadNode?.self) { group in
      for _ in 0..<20 { group.addTask { try await there.node(ofServer: Self.server, in: Self.cluster) } }
      for try await node in group { #expect(node?.name == "n1") }
    }
    #expect(secrets.count == 2 && server.requests.count == 20)
    await there.close()
    await server.stop()
  }

  @Test(
    "No kubeconfig, a broken one, and one that names programs or files of the boot host: told, nothing is run or read",
    arguments: [
      "", "][", "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh}", "tokenFile: /etc/shadow",
    ])
  func refused(user: String) async throws {
    let secrets = Secrets()
    if user == "][" {
      try await secrets.setSecret(Self.cluster.kubeconfig, to: ["value": Secret("][")])
    } else if !user.isEmpty {
      try await secrets.setSecret(
        Self.cluster.kubeconfig, to: Self.kubeconfig("https://127.0.0.1:1", user: "{\(user)}"))
    }
    let clusters = clusters(secrets)
    do throws(WorkloadClusterError) {
      _ = try await clusters.node(ofServer: Self.server, in: Self.cluster)
      Issue.record("it was asked")
    } catch {
      #expect(error.description.contains("prod-kubeconfig"))
      #expect(user.isEmpty || user == "][" || error.description.contains("names a "))
    }
    await clusters.close()
  }
}
