/// What came of a run.
public struct RackOutcome: Sendable {
  public var scenario: RackScenario
  /// What did not hold, and when; `nil` for a clean run.
  public var violation: String?
  /// The last steps before it, when they were recorded.
  public var trace: [String] = []
  /// A number that two runs of one scenario have in common, whatever happens in them.
  public var digest: UInt64 = 0

  public var steps = 0
  public var boots = 0
  public var lost = 0
  public var restarts = 0
  public var acknowledgements = 0
  public var transfers = 0
  public var failures = 0
  public var attacks = 0
  /// Addresses that the boot host asked for.
  public var probes = 0
  /// Seconds of virtual time.
  public var seconds = 0.0
  public var slowestBoot = 0.0

  /// For a person who wants to see it again.
  public var report: String {
    var lines = ["seed \(scenario.seed) with \(scenario.machines) machines: \(violation ?? "clean")"]
    if violation != nil {
      lines.append(
        "again: SIDERITE_SEED=\(scenario.seed) SIDERITE_MACHINES=\(scenario.machines) swift test --filter RackSimulationTests"
      )
      lines.append("       tools/soak --seed \(scenario.seed) --machines \(scenario.machines)")
      lines.append("rack:  \(scenario)")
      lines += trace
    }
    return lines.joined(separator: "\n")
  }
}
