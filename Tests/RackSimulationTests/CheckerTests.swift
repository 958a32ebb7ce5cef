import RackSimulation
import Testing

/// A checker that finds nothing proves nothing: each thing that must hold is broken on purpose, around the code under test.
@Suite("The simulation's checker")
struct CheckerTests {
  @Test(
    "finds a deliberate fault",
    arguments: [
      (RackScenario.Fault.forgetfulDisk, "ACK without a durable lease"),
      (.hastyAcknowledgement, "ACK without a durable lease"),
      (.emptyStart, "leased to two"),
      (.wrongByte, "not byte-equal"),
      (.silentFailure, "ended by the host without an ERROR"),
      (.deafness, "starves"),
      (.keptTransfers, "memory"),
    ])
  func fault(_ fault: RackScenario.Fault, says: String) {
    let outcome = RackRun.run(Self.scenario(fault, seed: 5))
    #expect(outcome.violation?.contains(says) == true, "\(outcome.report)")
    #expect(outcome.trace.isEmpty == false)
  }

  @Test("finds nothing in the same racks without it", arguments: RackScenario.Fault.allCases)
  func noFault(_ fault: RackScenario.Fault) {
    var scenario = Self.scenario(fault, seed: 5)
    scenario.fault = nil
    let outcome = RackRun.run(scenario)
    #expect(outcome.violation == nil, "\(outcome.report)")
  }

  /// A rack in which the fault shows.
  private static func scenario(_ fault: RackScenario.Fault, seed: UInt64) -> RackScenario {
    var scenario = RackScenario(seed: seed, machines: 16)
    switch fault {
    case .emptyStart:
      // The host forgets whom it gave what; others come, and are given the same.
      scenario.crashes = 3
      scenario.powerCycles = 800
      scenario.powerOnSpread = 120
      scenario.leaseSeconds = 3600
    case .silentFailure:
      scenario.powerCycles = 800
      scenario.powerOnSpread = 20
      scenario.loss = 100
      scenario.isolations = 500
    case .keptTransfers: scenario.attacks = [.silentReader]
    case .forgetfulDisk, .hastyAcknowledgement, .wrongByte, .deafness: break
    }
    scenario.fault = fault
    return scenario
  }
}
