import BareMetal
import Testing
import Wire

/// The whole life of a Server, with a daemon that is thrown away at any point of it.
@Suite struct CrashTests {
  /// What is left of a life when it is over.
  struct End: Equatable {
    var disk: SimulatedMachine.Disk
    var isOn: Bool
    var isReady: Bool
    var isClean: Bool
    var conditions: [String]
    var wipeReason: WipeStatus.Reason?
    var wipeGeneration: Int64?
    var secrets: [String]
    var restarts: Int
    var erasures: Int
    var installations: Int
  }

  /// Accepted, wiped, off; bound, on, installed; released, wiped, off.
  private static func live(_ rack: SimulatedRack) async throws -> End {
    try await rack.machine.register()
    try await rack.run(for: .seconds(600))
    #expect(rack.machine.now.restarts == 0, "nobody accepted it")
    try await rack.accept()
    try await rack.run("wiped after acceptance") { try await rack.isFreeAndClean() }
    try await rack.run(for: .seconds(60))
    #expect(rack.machine.now.disk == .blank)
    try await rack.allocate()
    try await rack.run("installed and at work") { try await rack.isAtWork() }
    #expect(rack.machine.now.disk == .installed)
    try await rack.run(for: .seconds(3600))
    #expect(rack.machine.now.erasures == 1 && rack.machine.now.isOn, "left alone while it is at work")
    try await rack.release()
    try await rack.run("wiped after release") { try await rack.isFreeAndClean() }
    try await rack.run(for: .seconds(7200))
    let (server, machine) = (try await rack.server(), rack.machine.now)
    #expect(Set(machine.erasedFor).count == machine.erasedFor.count, "no intent is carried out twice")
    return End(
      disk: machine.disk, isOn: machine.isOn, isReady: server.status.ready, isClean: server.status.isClean,
      conditions: (server.status.conditions ?? []).map { "\($0.type)=\($0.status.rawValue)" }.sorted(),
      wipeReason: server.status.wipe?.reason, wipeGeneration: server.status.wipe?.generation,
      secrets: rack.store.secretNames, restarts: machine.restarts, erasures: machine.erasures,
      installations: machine.installations)
  }

  private static let expected = End(
    disk: .blank, isOn: false, isReady: true, isClean: true,
    conditions: ["Accepted=True", "BMCReachable=True", "Discovered=True", "PowerCycle=True"], wipeReason: .released,
    wipeGeneration: 2, secrets: [], restarts: 3, erasures: 2, installations: 1)

  @Test("A life without a crash: three boots, two wipes, one installation")
  func undisturbed() async throws {
    let rack = SimulatedRack()
    #expect(try await Self.live(rack) == Self.expected)
    #expect(rack.crashes == 0)
  }

  @Test("A crash after any step of it leads to the same end, with not one boot more")
  func everyStep() async throws {
    let undisturbed = SimulatedRack()
    _ = try await Self.live(undisturbed)
    let steps = undisturbed.daemon.fuse.steps
    #expect(steps > 25, "there is something to crash at")
    for step in 1...steps {
      let rack = SimulatedRack(crashAfter: step)
      #expect(try await Self.live(rack) == Self.expected, "crashed after step \(step)")
      #expect(rack.crashes == 1)
    }
  }

  @Test(
    "With BMCs that fail, power cycles that do nothing, lost races and crashes by chance, it ends well",
    arguments: 1...60)
  func randomised(seed: UInt64) async throws {
    let rack = SimulatedRack(seed: seed)
    rack.faults.explicit = 0.1
    rack.faults.silent = 0.05
    rack.crashProbability = 0.05
    rack.store.loseRaces(0.1, seed: seed)
    rack.restart()
    var end = try await Self.live(rack)
    // A silent failure, or a crash that nobody can tell from one, costs a boot; nothing else does.
    #expect((3...3 + 2 * ServerPlan.Limits.attempts).contains(end.restarts))
    end.restarts = Self.expected.restarts
    end.conditions = end.conditions.map { $0.hasPrefix("BMCReachable") ? "BMCReachable=True" : $0 }
    #expect(end == Self.expected, "seed \(seed)")
  }
}
