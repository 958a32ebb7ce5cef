import BareMetal
import Foundation
import Kubernetes
import Logging
import Wire

/// A real etcd and kube-apiserver for the time of a test (tools/kube).
final class TestCluster: Sendable {
  let directory: String

  /// Whether they are built; `tools/kube build` takes some minutes, once.
  static let isAvailable = (try? tool("where")) != nil

  private static let tool = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "tools/kube").path()

  @discardableResult
  private static func tool(_ arguments: String...) throws -> String { try Command.run([tool] + arguments) }

  private init(directory: String) { self.directory = directory }

  /// Starts one; it ends with this process at the latest.
  static func start() async throws -> TestCluster {
    let directory = FileManager.default.temporaryDirectory.appending(path: "siderite-kube-\(UUID().uuidString)").path()
    try await blocking { try tool("start", directory, "--while", "\(ProcessInfo.processInfo.processIdentifier)") }
    return TestCluster(directory: directory)
  }

  func stop() async {
    _ = try? await Self.blocking { try Self.tool("stop", self.directory) }
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// `kill-api`, `start-api`, `pause` or `resume`
  func outage(_ command: String) async throws {
    try await Self.blocking { try Self.tool(command, self.directory) }
  }

  @discardableResult
  func kubectl(_ arguments: String...) async throws -> String {
    try await Self.blocking { try Command.run([Self.tool, "kubectl", self.directory] + arguments) }
  }

  /// Applies manifests, and waits until kinds that they define are served.
  func apply(_ manifests: String) async throws {
    let file = "\(directory)/\(UUID().uuidString).yaml"
    try Data(manifests.utf8).write(to: URL(filePath: file))
    defer { try? FileManager.default.removeItem(atPath: file) }
    try await kubectl("apply", "-f", file)
  }

  func kubeconfig() throws -> Kubeconfig { try Kubeconfig(path: "\(directory)/kubeconfig") }

  func access(context: String = "admin") throws -> ClusterAccess { try kubeconfig().access(context: context) }

  func client(
    _ access: ClusterAccess? = nil, _ configuration: KubernetesClientConfiguration = KubernetesClientConfiguration()
  ) throws -> KubernetesClient {
    KubernetesClient(
      try access ?? self.access(), configuration: configuration, logger: Self.logger, now: Self.now)
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
