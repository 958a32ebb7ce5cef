import BareMetal
import Synchronization

/// Which Server is bound for which MetalMachine, by the bindings' own word: a machine whose `serverRef` was lost finds its
/// Server by it.
///
/// Listed once, then what the watch tells: what it says is where to look, and the store what is so. As many entries at most
/// as there are ServerBindings.
final class MachineBindings: Sendable {
  private struct State {
    var isListed = false
    var servers: [String: String] = [:]
    var machines: [String: String] = [:]
  }

  private let state = Mutex(State())

  /// Keys are those of MetalMachines, which show their Server's addresses, too.
  var sources: [WatchSource] {
    [
      WatchSource(ServerBindingKind.self) { change in
        switch change {
        case .present(let binding):
          self.note(binding)
          return binding.machineKey.map { [$0] } ?? []
        case .gone(let name): return self.forget(name).map { [$0] } ?? []
        }
      },
      WatchSource(ServerKind.self) { change in
        self.state.withLock { $0.machines[change.name] }.map { [$0] } ?? []
      },
    ]
  }

  /// The Server that is, or was lately, bound for the machine.
  func server(of machine: String, in store: any ResourceStore) async throws(StoreError) -> String? {
    if !state.withLock(\.isListed) {
      for binding in try await store.list(ServerBindingKind.self).items { note(binding) }
      state.withLock { $0.isListed = true }
    }
    return state.withLock { $0.servers[machine] }
  }

  func note(_ binding: ServerBinding) {
    let name = binding.metadata.name
    let machine = binding.machineKey
    state.withLock { state in
      if let old = state.machines[name], old != machine, state.servers[old] == name { state.servers[old] = nil }
      state.machines[name] = machine
      if let machine { state.servers[machine] = name }
    }
  }

  /// - Returns: the machine it was bound for.
  private func forget(_ name: String) -> String? {
    state.withLock { state in
      guard let machine = state.machines.removeValue(forKey: name) else { return nil }
      if state.servers[machine] == name { state.servers[machine] = nil }
      return machine
    }
  }
}
