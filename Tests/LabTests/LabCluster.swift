import BareMetal
import Foundation
import Kubernetes
import Logging
import Wire

/// A real API server on loopback (tools/kube), for the time of a test.
struct LabCluster {
  let directory: String

  private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path()

  /// Starts one, and stops it when the body has ended; if this process ends first it stops by itself.
  static func running<Result>(_ body: (LabCluster) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory.appending(path: "labkube-\(UUID().uuidString)").path()
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try Command.run("\(root)tools/kube", "start", directory, "--while", "\(getpid())")
    let cluster = LabCluster(directory: directory)
    defer { _ = try? Command.run("\(root)tools/kube", "stop", directory) }
    return try await body(cluster)
  }

  /// What kubectl prints, both ways. Throws unless it ends with 0.
  @discardableResult
  func kubectl(_ arguments: String...) throws -> String {
    try Command.run(["\(Self.root)tools/kube", "kubectl", directory] + arguments)
  }

  /// What kubectl says when it is refused; `nil` when it is not.
  func refusal(_ arguments: String...) -> String? {
    do {
      try Command.run(["\(Self.root)tools/kube", "kubectl", directory] + arguments)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// Puts a text where kubectl can read it.
  func file(_ text: String) throws -> String {
    let path = "\(directory)/\(UUID().uuidString).yaml"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// A file of the repository.
  static func path(_ path: String) -> String { root + path }

  /// A client of the administrator, or of another who is known by a token.
  func client(token: String? = nil) throws -> KubernetesClient {
    var access = try Kubeconfig(path: "\(directory)/kubeconfig").access()
    if let token { access.credentials = .token(Secret(token)) }
    return KubernetesClient(
      access, logger: Logger(label: "lab") { _ in SwiftLogNoOpLogHandler() },
      now: { Timestamp(seconds: Int64(Date().timeIntervalSince1970)) })
  }
}
