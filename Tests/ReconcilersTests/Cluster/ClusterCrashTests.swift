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

  /// Two machines wait for a cluster; one Server of two plays each; one is given back, then the other.
  private static func live(_ rack: ClusterRack) async throws -> [End] {
    try await rack.prepare()
    try await rack.makeCluster()
    let names = [try await rack.makeMachine(), try await rack.makeMachine()]
    try await rack.run("at work") { try await names.allAtWork(rack) }
    let servers = try await rack.list(ServerBindingKind.self).compactMap(\.machineKey)
    #expect(servers.sorted() == names.map { "default/\($0)" }, "one each, never two")
    try await rack.run(for: .seconds(3600))
    #expect(rack.machines.allSatisfy { $0.now.erasures == 1 && $0.now.isOn })
    try await rack.deleteMachine(names[0])
    try await rack.run("one is free") { try await rack.freeCount() == 1 }
    #expect(try await rack.isAtWork(names[1]))
    try await rack.deleteMachine(names[1])
    try await rack.run("both are free") { try await rack.freeCount() == 2 }
    try await rack.store.delete(ClusterKind.self, named: "default/prod")
    try await rack.store.delete(MetalClusterKind.self, named: "default/prod")
    try await rack.run(for: .seconds(7200))
    var left = try await rack.list(MetalMachineKind.self).count
    left += try await rack.list(MetalClusterKind.self).count
    left += try await rack.list(MachineKind.self).count
    left += try await rack.list(ServerBindingKind.self).count
    var ends: [End] = []
    for machine in rack.machines {
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

  private static let expected = [End](
    repeating: End(
      restarts: 3, erasures: 2, installations: 1, failedInstallations: 0, wipeGeneration: 2, secrets: [], objects: 0),
    count: 2)

  @Test("A life without a crash")
  func undisturbed() async throws {
    let rack = ClusterRack(2)
    #expect(try await Self.live(rack) == Self.expected)
    #expect(rack.crashes == 0)
  }

  @Test("A crash after any step of it leads to the same end, with not one boot more")
  func everyStep() async throws {
    let undisturbed = ClusterRack(2)
    _ = try await Self.live(undisturbed)
    let steps = undisturbed.daemon.fuse.steps
    #expect(steps > 60, "there is something to crash at")
    for step in 1...steps {
      let rack = ClusterRack(2, crashAfter: step)
      #expect(try await Self.live(rack) == Self.expected, "crashed after step \(step)")
      #expect(rack.crashes == 1)
    }
  }

  @Test("With BMCs that fail, lost races and crashes by chance, it ends well", arguments: 1...30)
  func randomised(seed: UInt64) async throws {
    let rack = ClusterRack(2, seed: seed)
    rack.faults.explicit = 0.1
    rack.crashProbability = 0.03
    rack.store.loseRaces(0.1, seed: seed)
    rack.restart()
    let ends = try await Self.live(rack)
    for var end in ends {
      #expect((3...3 + 2 * ServerPlan.Limits.attempts).contains(end.restarts))
      end.restarts = 3
      #expect(end == Self.expected[0], "seed \(seed)")
    }
  }
}
