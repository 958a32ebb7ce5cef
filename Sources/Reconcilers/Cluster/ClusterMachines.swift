import BareMetal
import Synchronization

/// Which MetalMachines are whose: so that what happens to a Machine or a Cluster of Cluster API's is noticed by its
/// MetalMachines.
///
/// What the watches told last. As many entries at most as there are MetalMachines.
final class ClusterMachines: Sendable {
  private struct State {
    var machines: [String: Set<String>] = [:]
    var clusters: [String: String] = [:]
  }

  private let state = Mutex(State())

  /// Keys are those of MetalMachines.
  var sources: [WatchSource] {
    [
      WatchSource(MetalMachineKind.self) { change in
        switch change {
        case .present(let machine): self.set(machine.clusterName(owner: nil)?.description, of: machine.metadata.key)
        case .gone(let key): self.set(nil, of: key)
        }
        return [change.name]
      },
      WatchSource(MachineKind.self) { change in
        guard case .present(let machine) = change else { return [] }
        return machine.metalMachineKey.map { [$0] } ?? []
      },
      WatchSource(ClusterKind.self) { change in self.machines(of: change.name) },
    ]
  }

  private func machines(of cluster: String) -> [String] {
    state.withLock { $0.machines[cluster]?.sorted() ?? [] }
  }

  private func set(_ cluster: String?, of machine: String) {
    state.withLock { state in
      let old = state.clusters[machine]
      guard old != cluster else { return }
      if let old {
        state.machines[old]?.remove(machine)
        if state.machines[old]?.isEmpty == true { state.machines[old] = nil }
      }
      state.clusters[machine] = cluster
      if let cluster { state.machines[cluster, default: []].insert(machine) }
    }
  }
}

extension Resource where Kind == MachineKind {
  /// `namespace/name` of the MetalMachine that it is made of; `nil` where another provider makes it.
  var metalMachineKey: String? {
    guard let reference = spec.infrastructureRef, reference.kind == MetalMachineKind.kind, let name = reference.name,
      let namespace = metadata.namespace
    else { return nil }
    return "\(namespace)/\(name)"
  }
}
