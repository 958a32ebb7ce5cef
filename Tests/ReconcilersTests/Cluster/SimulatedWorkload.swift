import BareMetal
import Synchronization

/// The cluster that runs on the machines: a machine that is at work has a Node.
final class SimulatedWorkload: WorkloadClusters {
  private struct State {
    var providerIDs: [String: String] = [:]
    var writes = 0
    var failure: String?
  }

  private let machines: [SimulatedMachine]
  private let state = Mutex(State())

  init(_ machines: [SimulatedMachine]) { self.machines = machines }

  var writes: Int { state.withLock(\.writes) }
  func fail(_ reason: String?) { state.withLock { $0.failure = reason } }
  func providerID(_ server: String) -> String? { state.withLock { $0.providerIDs[server] } }
  func setForeignID(_ id: String, _ server: String) { state.withLock { $0.providerIDs[server] = id } }

  /// A Node goes when its machine does.
  func forget(_ server: String) { state.withLock { $0.providerIDs[server] = nil } }

  func node(ofServer server: String, in cluster: ClusterName) async throws(WorkloadClusterError) -> WorkloadNode? {
    if let failure = state.withLock(\.failure) { throw WorkloadClusterError(failure) }
    guard machines.contains(where: { $0.name == server && $0.now.software == .system }) else { return nil }
    return WorkloadNode(name: "node-\(server)", providerID: providerID(server))
  }

  func setProviderID(
    _ id: ProviderID, ofNode node: String, in cluster: ClusterName
  ) async throws(WorkloadClusterError) {
    let isDone = state.withLock { state in
      state.writes += 1
      let server = String(node.dropFirst("node-".count))
      guard state.providerIDs[server, default: ""].isEmpty else { return false }
      state.providerIDs[server] = id.description
      return true
    }
    if !isDone { throw WorkloadClusterError("spec.providerID: Forbidden") }
  }
}

/// The same, as long as the daemon lives.
struct FusedWorkload: WorkloadClusters {
  private let workload: SimulatedWorkload
  private let fuse: Fuse

  init(_ workload: SimulatedWorkload, _ fuse: Fuse) {
    self.workload = workload
    self.fuse = fuse
  }

  func node(ofServer server: String, in cluster: ClusterName) async throws(WorkloadClusterError) -> WorkloadNode? {
    guard !fuse.isBlown else { throw WorkloadClusterError("crashed") }
    return try await workload.node(ofServer: server, in: cluster)
  }

  func setProviderID(
    _ id: ProviderID, ofNode node: String, in cluster: ClusterName
  ) async throws(WorkloadClusterError) {
    guard !fuse.isBlown else { throw WorkloadClusterError("crashed") }
    try await workload.setProviderID(id, ofNode: node, in: cluster)
    fuse.burn()
  }
}
