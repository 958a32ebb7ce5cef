import BareMetal
import Foundation
import Kubernetes
import Logging
import Testing
import Wire

/// A real etcd and kube-apiserver for the time of a test (tools/kube).
final class TestCluster: Sendable {
  let directory: String

  /// Whether they are built; `tools/kube build` takes some minutes, once.
  static let isAvailable = (try? tool("where")) != nil

  private static let tool = path("tools/kube")

  @discardableResult
  private static func tool(_ arguments: String...) throws -> String { try Command.run([tool] + arguments) }

  private init(directory: String) { self.directory = directory }

  /// Starts one; it ends with this process at the latest.
  static func start() async throws -> TestCluster {
    let directory = FileManager.default.temporaryDirectory.appending(path: "siderite-kube-\(UUID().uuidString)").path()
    try await blocking { try tool("start", directory, "--while", "\(ProcessInfo.processInfo.processIdentifier)") }
    return TestCluster(directory: directory)
  }

  /// Starts one, and stops it when the body has ended.
  static func running<Result>(_ body: (TestCluster) async throws -> Result) async throws -> Result {
    let cluster = try await start()
    do {
      let result = try await body(cluster)
      await cluster.stop()
      return result
    } catch {
      await cluster.stop()
      throw error
    }
  }

  /// Starts two at once, and stops them when the body has ended.
  static func runningTwo<Result>(_ body: (TestCluster, TestCluster) async throws -> Result) async throws -> Result {
    async let other = start()
    let first = try await start()
    let second = try await other
    do {
      let result = try await body(first, second)
      await first.stop()
      await second.stop()
      return result
    } catch {
      await first.stop()
      await second.stop()
      throw error
    }
  }

  private func stop() async {
    _ = try? await Self.blocking { try Self.tool("stop", self.directory) }
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// `kill-api`, `start-api`, `pause` or `resume`
  func outage(_ command: String) async throws {
    try await Self.blocking { try Self.tool(command, self.directory) }
  }

  /// What kubectl answers, without its remarks: on a busy machine it says how long it waited.
  @discardableResult
  func kubectl(_ arguments: String...) async throws -> String { try await kubectl(arguments) }

  @discardableResult
  func kubectl(_ arguments: [String]) async throws -> String {
    try await Self.blocking { try Command.output(of: [Self.tool, "kubectl", self.directory] + arguments) }
  }

  /// What kubectl says when it is refused; `nil` when it is not.
  func refusal(_ arguments: String...) async -> String? {
    do {
      _ = try await Self.blocking { try Command.run([Self.tool, "kubectl", self.directory] + arguments) }
      return nil
    } catch {
      return "\(error)"
    }
  }

  func apply(_ manifests: String) async throws { try await kubectl("apply", "-f", try file(manifests)) }

  /// Puts a text where kubectl can read it; it goes with the cluster.
  func file(_ text: String) throws -> String {
    let path = "\(directory)/\(UUID().uuidString).yaml"
    try Data(text.utf8).write(to: URL(filePath: path))
    return path
  }

  /// A file of the repository.
  static func path(_ path: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: path).path()
  }

  func access(context: String = "admin") throws -> ClusterAccess {
    try Kubeconfig(path: "\(directory)/kubeconfig").access(context: context)
  }

  func client(
    _ access: ClusterAccess? = nil, _ configuration: KubernetesClientConfiguration = KubernetesClientConfiguration()
  ) throws -> KubernetesClient {
    KubernetesClient(
      try access ?? self.access(), configuration: configuration, logger: Self.logger, now: Self.now)
  }

  /// A client of who is known by that token.
  func client(token: String) throws -> KubernetesClient {
    var access = try access()
    access.credentials = .token(Secret(token))
    return try client(access)
  }

  /// Of the service account that a daemon gets; rootfs/cluster/rbac.yaml must have been applied.
  func daemonToken() async throws -> String {
    let request = try file(
      #"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":3600}}"#)
    let answer = try await kubectl(
      "create", "--raw", "/api/v1/namespaces/sidero-system/serviceaccounts/siderite/token", "-f", request)
    return try #require(try JSONValue(parsing: answer).fields["status"]?.fields["token"]?.text)
  }

  static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  static let now: @Sendable () -> Timestamp = { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

  /// Minutes perhaps: not on a thread that other tests need.
  @discardableResult
  private static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
    }
  }
}
