import ArgumentParser
import Glibc
import RackSimulation

/// Many simulated racks, one after the other: see tools/soak.
@main
struct RackSoak: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "rack-soak")

  @Option(help: "Racks to run.")
  var seeds = 100
  @Option(help: "The first rack's seed.")
  var first: UInt64 = 1
  @Option(help: "Machines of a rack.")
  var machines = 100
  @Option(help: "One seed only, with the last steps if something does not hold.")
  var seed: UInt64?
  @Option(help: "Stop after so many seconds of real time.")
  var seconds: Double = .infinity
  @Option(help: "This attack in every rack, and nothing else that befalls it.")
  var attack: String?
  @Option(help: "A deliberate fault around the code under test, to see it found.")
  var fault: String?
  @Option(help: "Of so many processes that share the seeds, which this is: 0/2.")
  var share = "0/1"

  mutating func run() throws {
    let began = Self.now
    var total = (runs: 0, steps: 0, boots: 0, lost: 0, restarts: 0, attacks: 0, failing: [UInt64](), slowest: 0.0)
    for seed in try chosenSeeds() {
      guard Self.now - began < seconds else { break }
      let start = Self.now
      let outcome = RackRun.run(try scenario(seed))
      total.runs += 1
      total.steps += outcome.steps
      total.boots += outcome.boots
      total.lost += outcome.lost
      total.restarts += outcome.restarts
      total.attacks += outcome.attacks
      total.slowest = max(total.slowest, outcome.slowestBoot)
      if outcome.violation != nil {
        total.failing.append(seed)
        Self.say(outcome.report)
      }
      Self.say(
        "seed \(seed): \(outcome.steps) steps, \(outcome.boots) boots, slowest \(Int(outcome.slowestBoot)) s, "
          + "\(outcome.lost) lost, \(outcome.failures) started over, \(outcome.restarts) restarts, \(outcome.attacks) attacks; "
          + "\(Int(outcome.seconds)) s in \(Int((Self.now - start) * 1000)) ms")
    }
    Self.say(
      [
        "\(total.runs) racks of \(machines) machines in \(Int(Self.now - began)) s:",
        "\(total.steps) steps, \(total.boots) boots (slowest \(Int(total.slowest)) s), \(total.lost) packets lost,",
        "\(total.restarts) restarts, \(total.attacks) attacks;",
        total.failing.isEmpty ? "all clean" : "FAILING SEEDS: \(total.failing)",
      ].joined(separator: " "))
    if !total.failing.isEmpty { throw ExitCode.failure }
  }

  private func scenario(_ seed: UInt64) throws -> RackScenario {
    var scenario = RackScenario.drawn(seed: seed, machines: machines)
    if let attack {
      scenario = .attacked(by: try chosen(attack, of: RackScenario.Attack.self), seed: seed, machines: machines)
    }
    if let fault {
      scenario = .showing(try chosen(fault, of: RackScenario.Fault.self), seed: seed, machines: machines)
    }
    return scenario
  }

  private func chosen<Choice: CaseIterable & RawRepresentable<String>>(_ name: String, of type: Choice.Type) throws
    -> Choice
  {
    guard let choice = Choice(rawValue: name) else {
      throw ValidationError("\(name) is none of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    return choice
  }

  private func chosenSeeds() throws -> [UInt64] {
    if let seed { return [seed] }
    let parts = share.split(separator: "/").compactMap { UInt64($0) }
    guard parts.count == 2, parts[1] > 0, parts[0] < parts[1], seeds >= 0 else {
      throw ValidationError("--share is I/N, with I from 0 to N-1")
    }
    return (first..<first + UInt64(seeds)).filter { $0 % parts[1] == parts[0] }
  }

  /// A line at once, also when the output is no terminal.
  private static func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
  }

  /// Seconds of real time.
  private static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
