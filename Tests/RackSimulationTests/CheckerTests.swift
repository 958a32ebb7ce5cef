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
      (.lostAgentInformation, "has not the relay agent's information"),
      (.presumption, "beside the addresses' server"),
      (.unheardStations, "answers for it"),
    ])
  func fault(_ fault: RackScenario.Fault, says: String) {
    let outcome = RackRun.run(.showing(fault, seed: 5, machines: 16))
    #expect(outcome.violation?.contains(says) == true, "\(outcome.report)")
    #expect(outcome.trace.isEmpty == false)
  }

  @Test("finds nothing in the same racks without it", arguments: RackScenario.Fault.allCases)
  func noFault(_ fault: RackScenario.Fault) {
    var scenario = RackScenario.showing(fault, seed: 5, machines: 16)
    scenario.fault = nil
    let outcome = RackRun.run(scenario)
    #expect(outcome.violation == nil, "\(outcome.report)")
  }
}
