import Synchronization

/// Which Server plays a MetalMachine, as the watch told last: a Machine of Cluster API's knows its MetalMachine only.
final class MachineOwners: Sendable {
  private struct State {
    var servers: [String: String] = [:]
    var machines: [String: String] = [:]
  }

  private let state = Mutex(State())

  func server(of machine: String) -> String? { state.withLock { $0.servers[machine] } }

  func note(_ server: String, of machine: String) {
    state.withLock { state in
      if let old = state.machines[server], old != machine { state.servers[old] = nil }
      state.servers[machine] = server
      state.machines[server] = machine
    }
  }

  func forget(_ server: String) {
    state.withLock { state in
      guard let machine = state.machines.removeValue(forKey: server), state.servers[machine] == server else { return }
      state.servers[machine] = nil
    }
  }
}
