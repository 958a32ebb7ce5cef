import BareMetal
import Synchronization

/// The management controllers of several machines, and what was asked of each.
final class Switchboard: ServerSwitch {
  private let switches: [String: SimulatedSwitch]

  init(_ machines: [SimulatedMachine], store: DaemonStore, faults: SimulatedSwitch.Faults, seed: UInt64) {
    var switches: [String: SimulatedSwitch] = [:]
    for (index, machine) in machines.enumerated() {
      switches[machine.name] = SimulatedSwitch(machine, store: store, faults: faults, seed: seed &+ UInt64(index))
    }
    self.switches = switches
  }

  /// `4c4c4544-…: power on`
  var requests: [String] {
    switches.sorted { $0.key < $1.key }.flatMap { name, one in one.requests.map { "\(name): \($0)" } }
  }

  func perform(_ request: BMCRequest, on name: String, force: Bool, by: String, noting: Bool) async -> BMCOutcome {
    guard let found = switches[name] else {
      return await BMCOutcome.of(name, clock: ContinuousClock()) { () throws(BMCFailure) in
        throw BMCFailure(.misconfigured, "no such machine")
      }
    }
    return await found.perform(request, on: name, force: force, by: by, noting: noting)
  }
}
