import BareMetal
import Logging
import Wire

@testable import Kubernetes

/// A client of a scripted server, quick to give up.
@discardableResult
func withClient<Result>(
  _ server: ScriptedServer, _ change: (inout KubernetesClientConfiguration) -> Void = { _ in },
  credentials: ClusterAccess.Credentials = .none, _ body: (KubernetesClient) async throws -> Result
) async throws -> Result {
  var configuration = KubernetesClientConfiguration()
  configuration.answerTime = .seconds(2)
  configuration.patience = .seconds(5)
  change(&configuration)
  let access = ClusterAccess(name: "test", server: server.url, trust: .system, credentials: credentials)
  let client = KubernetesClient(
    access, configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    now: { Timestamp(seconds: 1_800_000_000) })
  do {
    let result = try await body(client)
    await client.close()
    await server.stop()
    return result
  } catch {
    await client.close()
    await server.stop()
    throw error
  }
}

/// What a call failed with.
func failure<Value>(_ body: () async throws(KubernetesError) -> Value) async -> KubernetesError? {
  do throws(KubernetesError) {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}

/// A Server as an API server writes it.
func serverJSON(_ name: String, version: Int, spec: String = #"{"accepted":false}"#, more: String = "") -> String {
  #"{"apiVersion":"metal.sidero.dev/v1alpha2","kind":"Server","metadata":{"name":"\#(name)","uid":"u-\#(name)","#
    + #""resourceVersion":"\#(version)","generation":1,"creationTimestamp":"2026-11-26T12:00:00Z","#
    + #""managedFields":[{"manager":"kubectl"}]},"spec":\#(spec)\#(more)}"#
}

let servers = ResourcePath(ServerKind.self)
