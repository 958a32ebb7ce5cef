import BareMetal
import Synchronization

/// Which Servers are bound for which cluster: so that a cluster's pause, or the end of it, is noticed by those it is about,
/// and by nobody else.
///
/// What the watches told last. As many entries at most as there are ServerBindings.
final class ClusterMembers: Sendable {
  private struct State {
    var servers: [String: Set<String>] = [:]
    var clusters: [String: String] = [:]
  }

  private let state = Mutex(State())

  /// Bindings, and all whose pause or absence holds them; keys are the names of Servers.
  var sources: [WatchSource] {
    [
      WatchSource(ServerBindingKind.self) { change in
        switch change {
        case .present(let binding): self.set(binding.clusterName?.description, of: binding.metadata.name)
        case .gone(let name): self.set(nil, of: name)
        }
        return [change.name]
      },
      WatchSource(MetalMachineKind.self) { change in
        // Of one that is gone, the cluster is not known any more: all that happens is that nothing happens.
        guard case .present(let machine) = change, let name = machine.spec.serverRef?.name else { return [] }
        return [name]
      },
      WatchSource(ClusterKind.self) { change in self.servers(of: change.name) },
    ]
  }

  private func servers(of cluster: String) -> [String] {
    state.withLock { $0.servers[cluster]?.sorted() ?? [] }
  }

  private func set(_ cluster: String?, of server: String) {
    state.withLock { state in
      let old = state.clusters[server]
      guard old != cluster else { return }
      if let old {
        state.servers[old]?.remove(server)
        if state.servers[old]?.isEmpty == true { state.servers[old] = nil }
      }
      state.clusters[server] = cluster
      if let cluster { state.servers[cluster, default: []].insert(server) }
    }
  }
}
