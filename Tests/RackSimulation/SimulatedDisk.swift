import BareMetal
import BootServices
import DHCP
import SimulationTesting
import Wire

/// What outlives the boot host: the leases that were committed, and nothing else.
struct SimulatedDisk {
  private(set) var leases: [IPv4Address: Lease] = [:]
  /// Given to the disk, not yet there.
  private var writing: [BareMetal.LeaseChange]?

  private let scenario: RackScenario
  private var random: SeededGenerator

  init(_ scenario: RackScenario, holding known: [Lease], random: SeededGenerator) {
    self.scenario = scenario
    self.random = random
    for lease in known { leases[lease.address] = lease }
  }

  /// What a daemon reads when it starts.
  var stored: [DHCPLease] {
    leases.values.sorted { $0.address < $1.address }.map { DHCPLease($0) }
  }

  /// - Returns: how long the commit takes.
  mutating func write(_ changes: [BareMetal.LeaseChange]) -> Nanoseconds {
    writing = changes
    // A disk that syncs within milliseconds, but for the times that it does not.
    return random.chance(20)
      ? Nanoseconds(random.below(900)) * millisecond : millisecond + Nanoseconds(random.below(8)) * millisecond
  }

  /// The commit is over.
  /// - Returns: whether it went well: all of it is there, or nothing.
  mutating func finish() -> Bool {
    guard let changes = writing else { return false }
    writing = nil
    guard !random.chance(scenario.storeFailures) else { return false }
    if scenario.fault == .forgetfulDisk, random.chance(100) { return true }
    apply(changes)
    return true
  }

  /// The power fails: what was being written is there or not, but not in part.
  mutating func fail() {
    if let changes = writing, random.chance(500) { apply(changes) }
    writing = nil
  }

  private mutating func apply(_ changes: [BareMetal.LeaseChange]) {
    for change in changes {
      switch change {
      case .put(let lease): leases[lease.address] = lease
      case .remove(let address): leases[address] = nil
      }
    }
  }
}
