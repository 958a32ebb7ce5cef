import BareMetal
import Testing
import Wire

/// The whole life of a MetalMachine, with a daemon that is thrown away at any point of it.
@Suite struct ClusterCrashTests {
  /// What is left of a life when it is over.
  struct End: Equatable {
    var restarts: Int
    var erasures: Int
    var installations: Int
    var failedInstallations: Int
    var wipeGeneration: Int64?
    var secrets: [String]
    var objects: Int
  }

  /// One of two Servers plays a machine for a while, and is given back.
  /// - Parameter crashAfter: steps of the first daemon, once the Servers are clean.
  private static func live(_ rack: ClusterRack, crashAfter step: Int? = nil) async throws -> [End] {
    try await rack.prepare()
    if let step { rack.daemon.fuse.limit(to: rack.daemon.fuse.steps + step) }
    try await rack.makeCluster()
    let name = try await rack.makeMachine()
    try await rack.run("at work") { try await rack.isAtWork(name) }
    #expect(try await rack.list(ServerBindingKind.self).map(\.machineKey) == ["default/\(name)"], "one, never two")
    try await rack.run(for: .seconds(3600))
    #expect(rack.machines.allSatisfy { $0.now.erasures == 1 } && rack.machines.count { $0.now.isOn } == 1)
    try await rack.deleteMachine(name)
    try await rack.run("both are free") { try await rack.freeCount() == 2 }
    try await rack.store.delete(ClusterKind.self, named: "default/prod")
    try await rack.store.delete(MetalClusterKind.self, named: "default/prod")
    try await rack.run(for: .seconds(3600))
    var left = try await rack.list(MetalMachineKind.self).count
    left += try await rack.list(MetalClusterKind.self).count
    left += try await rack.list(MachineKind.self).count
    left += try await rack.list(ServerBindingKind.self).count
    var ends: [End] = []
    for machine in rack.machines.sorted(by: { $0.now.installations < $1.now.installations }) {
      let (now, server) = (machine.now, try await rack.get(ServerKind.self, machine.name))
      #expect(Set(now.erasedFor).count == now.erasedFor.count, "no intent is carried out twice")
      ends.append(
        End(
          restarts: now.restarts, erasures: now.erasures, installations: now.installations,
          failedInstallations: now.failedInstallations, wipeGeneration: server?.status.wipe?.generation,
          secrets: rack.store.secretNames, objects: left))
    }
    return ends
  }

  private static let expected = [
    End(
      restarts: 1, erasures: 1, installations: 0, failedInstallations: 0, wipeGeneration: 1, secrets: [], objects: 0),
    End(
      restarts: 3, erasures: 2, installations: 1, failedInstallations: 0, wipeGeneration: 2, secrets: [], objects: 0),
  ]

  @Test("A life without a crash")
  func undisturbed() async throws {
    let rack = ClusterRack(2)
    #expect(try await Self.live(rack) == Self.expected)
    #expect(rack.crashes == 0)
  }

  @Test("A crash after any step of it leads to the same end, with not one boot more")
  func everyStep() async throws {
    let undisturbed = ClusterRack(2)
    try await undisturbed.prepare()
    let before = undisturbed.daemon.fuse.steps
    let whole = ClusterRack(2)
    _ = try await Self.live(whole)
    let steps = whole.daemon.fuse.steps - before
    #expect(steps > 25, "there is something to crash at")
    for step in 1...steps {
      let rack = ClusterRack(2)
      #expect(try await Self.live(rack, crashAfter: step) == Self.expected, "crashed after step \(step)")
      #expect(rack.crashes == 1)
    }
  }

  @Test("With BMCs that fail, lost races and crashes by chance, it ends well", arguments: 1...12)
  func randomised(seed: UInt64) async throws {
    let rack = ClusterRack(2, seed: seed)
    rack.faults.explicit = 0.1
    rack.crashProbability = 0.03
    rack.store.loseRaces(0.1, seed: seed)
    rack.restart()
    let ends = try await Self.live(rack)
    for (var end, expected) in zip(ends, Self.expected) {
      #expect((expected.restarts...expected.restarts + 2 * ServerPlan.Limits.attempts).contains(end.restarts))
      end.restarts = expected.restarts
      #expect(end == expected, "seed \(seed)")
    }
  }
}
