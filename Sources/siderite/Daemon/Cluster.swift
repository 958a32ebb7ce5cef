import BareMetal
import Logging

/// The management cluster as the daemon sees it.
struct Cluster: Sendable {
  let resources: any ResourceStore
  let secrets: any SecretStore
  let leadership: any Leadership
  /// Which one it is: its API server's address.
  let origin: String
  /// What must run for it to work.
  var services: [any ServiceLifecycle.Service] = []
  let close: @Sendable () async -> Void
}
