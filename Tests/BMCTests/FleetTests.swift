import BMC
import BareMetal
import Foundation
import IPMI
import Logging
import Testing

@Suite("Fleet", .timeLimit(.minutes(2)))
struct FleetTests {
  @Test("a machine that is switched by hand says so")
  func manual() async throws {
    try await withFleet { fleet in
      let failure = await failure { try await fleet.controller(for: .manual(reason: "no BMC")).powerState() }
      #expect(failure?.kind == .manual)
      #expect(failure?.message.contains("no BMC") == true)
    }
  }

  @Test("a first contact takes at most 14 datagrams, the next request at most 4")
  func datagrams() async throws {
    let bmc = try await TestBMC.start()
    bmc.read { $0.responder.machine.isOn = true }
    try await withFleet { fleet in
      let controller = fleet.controller(of: bmc)
      try await expect(.on, of: controller)
      let first = bmc.received + bmc.sent
      #expect(first <= 14)
      try await expect(.on, of: controller)
      try await expect(.on, of: fleet.controller(of: bmc))
      #expect(bmc.received + bmc.sent - first <= 4)
      #expect(bmc.openSessions == 1)
    }
    #expect(bmc.openSessions == 0)
    await bmc.stop()
  }

  @Test("cipher suite 17 is taken first, 3 where it must be, and the next login begins with what worked")
  func probing() async throws {
    let bmc = try await TestBMC.start(.test { $0.cipherSuites = [.three] })
    try await withFleet({ $0.idleTimeout = .milliseconds(1) }) { fleet in
      let controller = fleet.controller(of: bmc)
      _ = try await controller.powerState()
      let first = bmc.received
      while bmc.openSessions > 0 { await Task.yield() }
      let closed = bmc.received
      _ = try await controller.powerState()
      #expect(bmc.received - closed < first)
    }
    await bmc.stop()
  }

  @Test(
    "every version and cipher suite is spoken",
    arguments: [
      ("version 2.0", IPMIAccess.Version.version20, [UInt8]?.none), ("version 1.5", .version15, nil),
      ("suite 0", .detected, [0]), ("suite 1", .detected, [1]), ("suite 2", .detected, [2]),
      ("suite 3", .detected, [3]),
      ("suite 8", .detected, [8]), ("suite 12", .detected, [12]), ("suite 17", .detected, [17]),
    ])
  func protections(name: String, version: IPMIAccess.Version, suites: [UInt8]?) async throws {
    let bmc = try await TestBMC.start(.test { $0.cipherSuites = CipherSuite.all })
    try await withFleet { fleet in
      let controller = fleet.controller(of: bmc) {
        $0.version = version
        $0.cipherSuites = suites
        $0.allowsUnauthenticated = suites == [0]
      }
      try await expect(.off, of: controller)
      try await expect(.off, of: controller)
    }
    await bmc.stop()
  }

  @Test("cipher suite 0 is not used unless that is allowed explicitly")
  func suiteZero() async throws {
    let bmc = try await TestBMC.start(.test { $0.cipherSuites = [.zero] })
    try await withFleet { fleet in
      let failure = await failure { try await fleet.controller(of: bmc) { $0.cipherSuites = [0] }.powerState() }
      #expect(failure?.kind == .misconfigured)
      #expect(bmc.received == 0)
    }
    await bmc.stop()
  }

  @Test("BMCs are found by name")
  func names() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      try await expect(.off, of: fleet.controller(of: bmc) { $0.host = "localhost" })
      let failure = await failure {
        try await fleet.controller(of: bmc) { $0.host = "no-such-bmc.invalid" }.powerState()
      }
      #expect(failure?.kind == .unreachable)
      #expect(failure?.message.contains("no-such-bmc.invalid") == true)
    }
    await bmc.stop()
  }

  @Test("200 BMCs are asked at once, by few sockets")
  func many() async throws {
    var bmcs: [TestBMC] = []
    for seed in 1...200 { bmcs.append(try await TestBMC.start(seed: UInt64(seed))) }
    let all = bmcs
    try await withFleet({ $0.firstTimeout = .milliseconds(500) }) { fleet in
      let before = try openDescriptors()
      let states = try await withThrowingTaskGroup(of: PowerState.self) { group in
        for bmc in all { group.addTask { try await fleet.controller(of: bmc).powerState() } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(states.count == 200)
      #expect(states.allSatisfy { $0 == .off })
      // Other tests open some at the same time; one for each BMC would be 200.
      #expect(try openDescriptors() - before < 100)
      #expect(all.allSatisfy { $0.received <= 8 })
    }
    #expect(all.allSatisfy { $0.openSessions == 0 })
    for bmc in all { await bmc.stop() }
  }

  @Test("one BMC is asked one thing at a time, and others wait in order or are told that it is busy")
  func queue() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet({ $0.queuePerBMC = 4 }) { fleet in
      let controller = fleet.controller(of: bmc)
      let kinds = await withTaskGroup(of: BMCFailure.Kind?.self) { group in
        for _ in 0..<20 {
          group.addTask { await failure { try await controller.powerState() }?.kind }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
      #expect(kinds.contains(.busy))
      #expect(kinds.filter { $0 == nil }.count >= 5)
      #expect(kinds.allSatisfy { $0 == nil || $0 == .busy })
      #expect(bmc.openSessions == 1)
    }
    await bmc.stop()
  }

  @Test("no more BMCs than allowed are asked at a time")
  func concurrency() async throws {
    var bmcs: [TestBMC] = []
    for seed in 1...10 { bmcs.append(try await TestBMC.start(seed: UInt64(seed))) }
    let all = bmcs
    try await withFleet({ $0.concurrency = 1 }) { fleet in
      let states = try await withThrowingTaskGroup(of: PowerState.self) { group in
        for bmc in all { group.addTask { try await fleet.controller(of: bmc).powerState() } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(states.count == 10)
    }
    for bmc in all { await bmc.stop() }
  }

  @Test("a fleet that is closed refuses, and whoever waits is told")
  func closing() async throws {
    let bmc = try await TestBMC.start()
    bmc.read { $0.isDead = true }
    let asked = AsyncStream<Void>.makeStream()
    bmc.read { $0.watch = { _ in asked.continuation.yield() } }
    let fleet = try await BMCFleet(logger: Logger(label: "test"))
    let controller = fleet.controller(of: bmc)
    async let waiting = failure { try await controller.powerState() }
    for await _ in asked.stream { break }
    await fleet.close()
    #expect(await waiting?.kind == .cancelled)
    #expect(await failure { try await controller.powerState() }?.kind == .cancelled)
    await bmc.stop()
  }
}

/// Descriptors of this process.
private func openDescriptors() throws -> Int {
  try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
}
