import BareMetal
import Foundation
import Kubernetes

extension TestCluster {
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

  /// What kubectl says when it is refused; `nil` when it is not.
  func refusal(_ arguments: String...) -> String? {
    do {
      try Command.run([Self.path("tools/kube"), "kubectl", directory] + arguments)
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
  static func path(_ path: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: path).path()
  }

  /// A client of who is known by that token.
  func client(token: String) throws -> KubernetesClient {
    var access = try access()
    access.credentials = .token(Secret(token))
    return try client(access)
  }
}
