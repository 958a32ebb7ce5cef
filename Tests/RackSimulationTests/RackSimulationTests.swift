import Foundation
import RackSimulation
import Testing

/// Whole racks in virtual time. A seed that fails says how to see it again; `tools/soak` runs many more, and larger.
@Suite("Simulated racks")
struct RackSimulationTests {
  /// The seeds of every test run: none is special, but that they stay the same.
  static let seeds: ClosedRange<UInt64> = 1...8
  static let machines = 12

  @Test("whatever befalls a rack, every machine boots, and nothing that must hold is ever broken", arguments: seeds)
  func anyRack(seed: UInt64) {
    let outcome = RackRun.run(.drawn(seed: seed, machines: Self.machines))
    #expect(outcome.violation == nil, "\(outcome.report)")
    #expect(outcome.boots >= Self.machines)
  }

  @Test(
    "the seed in SIDERITE_SEED, for whoever looks into one",
    .enabled(if: Wanted.seed != nil, "set SIDERITE_SEED, and SIDERITE_MACHINES"))
  func givenSeed() throws {
    let seed = try #require(Wanted.seed)
    let outcome = RackRun.run(.drawn(seed: seed, machines: Wanted.machines ?? Self.machines))
    #expect(outcome.violation == nil, "\(outcome.report)")
  }

  @Test("a seed is the same run each time")
  func replay() {
    for seed in 100...103 as ClosedRange<UInt64> {
      let scenario = RackScenario.drawn(seed: seed, machines: 12)
      let (one, other) = (RackRun(scenario).run(), RackRun(scenario, tracing: true).run())
      #expect(one.digest == other.digest && one.steps == other.steps, "seed \(seed)")
    }
  }

  @Test("an undisturbed rack boots within two minutes of virtual time, and no transfer fails")
  func undisturbed() {
    expectCalm(RackScenario(seed: 1, machines: 60))
  }

  @Test("machines behind a relay agent boot as the others do", arguments: [1000, 500])
  func relayed(machines: Int) {
    var scenario = RackScenario(seed: 1, machines: 24)
    scenario.relayed = machines
    expectCalm(scenario)
  }

  @Test("beside a server that gives the addresses every kind of firmware boots, and no address is given")
  func besideServer() {
    var scenario = RackScenario(seed: 1, machines: 24)
    scenario.isBesideServer = true
    expectCalm(scenario)
  }

  private func expectCalm(_ scenario: RackScenario) {
    let outcome = RackRun.run(scenario)
    #expect(outcome.violation == nil, "\(outcome.report)")
    #expect(outcome.boots == scenario.machines)
    #expect(outcome.failures == 0)
    #expect(outcome.slowestBoot < 120)
  }

  @Test("a rack among squatters boots as fast, and no machine is given an address that one of them answers for")
  func squatters() {
    var scenario = RackScenario(seed: 3, machines: 40)
    scenario.powerOnSpread = 0
    scenario.squatters = 30
    scenario.spareAddresses = 40
    let outcome = RackRun.run(scenario)
    #expect(outcome.violation == nil, "\(outcome.report)")
    #expect(outcome.boots == 40)
    #expect(outcome.probes >= 60)
    #expect(outcome.slowestBoot < 120)
    // Nobody has to decline one: without asking, machines do.
    #expect(outcome.failures == 0)
    scenario.isProbing = false
    let careless = RackRun.run(scenario)
    #expect(careless.violation == nil, "\(careless.report)")
    #expect(careless.probes == 0)
  }

  @Test("attackers keep no known machine from booting", arguments: RackScenario.Attack.allCases)
  func attacked(attack: RackScenario.Attack) {
    let scenario = RackScenario.attacked(by: attack, seed: 7, machines: 8)
    var undisturbed = scenario
    undisturbed.attacks = []
    let calm = RackRun.run(undisturbed)
    let outcome = RackRun.run(scenario)
    #expect(outcome.violation == nil, "\(outcome.report)")
    #expect(outcome.attacks > 1000)
    // A thief may have what nobody has at the moment, run-out leases among it; their machines wait for its offers to lapse.
    let delay: Double = attack == .addressThief ? 120 : 10
    #expect(
      outcome.slowestBoot < calm.slowestBoot + delay, "\(outcome.slowestBoot) s, \(calm.slowestBoot) s without it")
  }
}

/// What the seed to look into is.
private enum Wanted {
  static let seed = ProcessInfo.processInfo.environment["SIDERITE_SEED"].flatMap { UInt64($0) }
  static let machines = ProcessInfo.processInfo.environment["SIDERITE_MACHINES"].flatMap { Int($0) }
}
