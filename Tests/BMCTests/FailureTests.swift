import BMC
import BareMetal
import IPMI
import Synchronization
import Testing

@Suite("Fleet: failures", .timeLimit(.minutes(2)))
struct FailureTests {
  @Test("a wrong password is tried once, and then not before it changes")
  func wrongPassword() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      let wrong = fleet.controller(of: bmc, "admin", "guess")
      let first = await failure { try await wrong.powerState() }
      #expect(first?.kind == .wrongPassword)
      #expect(first?.message.contains("127.0.0.1:\(bmc.port)") == true)
      // The farewell to the BMC comes after the failure: it frees the session.
      while bmc.openSessions > 0 { await Task.yield() }
      let received = bmc.received
      let second = await failure { try await wrong.powerState() }
      #expect(second?.kind == .lockedOut)
      #expect(second?.message.contains("wrong password") == true)
      #expect(second?.message.contains("guess") == false)
      #expect(bmc.received == received)
      // The right one is another matter.
      try await expect(.off, of: fleet.controller(of: bmc))
      // And does not make the wrong one right.
      #expect(await failure { try await wrong.powerState() }?.kind == .lockedOut)
    }
    await bmc.stop()
  }

  @Test("a password is tried again when the time has passed")
  func lockoutEnds() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet({ $0.lockoutTime = .zero }) { fleet in
      let wrong = fleet.controller(of: bmc, "admin", "guess")
      #expect(await failure { try await wrong.powerState() }?.kind == .wrongPassword)
      #expect(await failure { try await wrong.powerState() }?.kind == .wrongPassword)
    }
    await bmc.stop()
  }

  @Test("an unknown user counts as a wrong password")
  func unknownUser() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      let nobody = fleet.controller(of: bmc, "nobody", "secret")
      #expect(await failure { try await nobody.powerState() }?.kind == .wrongPassword)
      #expect(await failure { try await nobody.powerState() }?.kind == .lockedOut)
    }
    await bmc.stop()
  }

  @Test("the silence of an IPMI 1.5 BMC is taken for a wrong password the second time")
  func silence() async throws {
    let bmc = try await TestBMC.start(.test { $0.supportsVersion20 = false })
    try await withFleet({ $0.attempts = 2 }) { fleet in
      let wrong = fleet.controller(of: bmc, "admin", "guess")
      #expect(await failure { try await wrong.powerState() }?.kind == .timedOut)
      #expect(await failure { try await wrong.powerState() }?.kind == .wrongPassword)
      let received = bmc.received
      #expect(await failure { try await wrong.powerState() }?.kind == .lockedOut)
      #expect(bmc.received == received)
      try await expect(.off, of: fleet.controller(of: bmc))
    }
    await bmc.stop()
  }

  @Test("a BMC key that is missing is named, and not tried again")
  func bmcKey() async throws {
    let bmc = try await TestBMC.start(.test { $0.bmcKey = KeyMaterial(password: "kg") })
    try await withFleet { fleet in
      #expect(await failure { try await fleet.controller(of: bmc).powerState() }?.kind == .misconfigured)
      #expect(await failure { try await fleet.controller(of: bmc).powerState() }?.kind == .lockedOut)
      try await expect(.off, of: fleet.controller(of: bmc) { $0.bmcKey = Secret("kg") })
    }
    await bmc.stop()
  }

  @Test("a BMC whose sessions are all taken is asked again, and then said to be so")
  func exhausted() async throws {
    let bmc = try await TestBMC.start(.test { $0.sessionLimit = 0 })
    try await withFleet { fleet in
      let failure = await failure { try await fleet.controller(of: bmc).powerState() }
      #expect(failure?.kind == .sessionsExhausted)
      #expect(bmc.received >= 4)
    }
    await bmc.stop()
  }

  @Test("a session that becomes free is taken")
  func freed() async throws {
    let bmc = try await TestBMC.start(.test { $0.sessionLimit = 0 })
    let seen = Counter()
    bmc.read { $0.watch = { _ in if seen.increment() == 2 { seen.reached.yield() } } }
    try await withFleet { fleet in
      async let state = fleet.controller(of: bmc).powerState()
      for await _ in seen.stream { break }
      bmc.read { $0.responder.configuration.sessionLimit = 4 }
      let seenState = try await state
      #expect(seenState == .off)
    }
    await bmc.stop()
  }

  @Test("an address where nothing answers is unreachable, and waiting does not get longer each time")
  func unreachable() async throws {
    let bmc = try await TestBMC.start()
    bmc.read { $0.isDead = true }
    try await withFleet({
      $0.attempts = 3
      $0.retryDelay = .seconds(20)
    }) { fleet in
      let controller = fleet.controller(of: bmc)
      let first = await failure { try await controller.powerState() }
      #expect(first?.kind == .unreachable)
      // Three requests, and twice along with them the question whether it speaks IPMI 1.5.
      #expect(bmc.received <= 5)
      let received = bmc.received
      let again = await failure { try await controller.powerState() }
      #expect(again?.kind == .unreachable)
      #expect(again?.message.contains("tried again in") == true)
      #expect(bmc.received == received)
    }
    await bmc.stop()
  }

  @Test(
    "where the kernel has no way, nothing is sent and the sockets stay open",
    arguments: ["255.255.255.255", "239.1.2.3"])
  func noRoute(host: String) async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      _ = try await fleet.controller(of: bmc).powerState()
      let failure = await failure { try await fleet.controller(of: bmc) { $0.host = host }.powerState() }
      #expect(failure?.kind == .unreachable)
      try await expect(.off, of: fleet.controller(of: bmc))
      #expect(bmc.openSessions == 1)
    }
    await bmc.stop()
  }

  @Test("no common cipher suite is said so")
  func noCommonCipher() async throws {
    let bmc = try await TestBMC.start(.test { $0.cipherSuites = [.twelve] })
    try await withFleet { fleet in
      let failure = await failure { try await fleet.controller(of: bmc).powerState() }
      #expect(failure?.kind == .noCommonCipher)
    }
    await bmc.stop()
  }

  @Test("what cannot be used is refused before anything is sent")
  func misconfigured() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      for change: (inout IPMIAccess) -> Void in [
        { $0.cipherSuites = [99] }, { $0.host = "" }, { $0.credentials.user = "a user name that is too long" },
        { $0.credentials.password = Secret("a password of more than 20 bytes") },
      ] {
        let failure = await failure { try await fleet.controller(of: bmc, "admin", "secret", change).powerState() }
        #expect(failure?.kind == .misconfigured)
      }
      #expect(bmc.received == 0)
    }
    await bmc.stop()
  }

  @Test("a BMC that restarts is logged in to again, without the caller's knowing")
  func restarts() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      let controller = fleet.controller(of: bmc)
      _ = try await controller.powerState()
      bmc.restart()
      bmc.read { $0.responder.machine.isOn = true }
      try await expect(.on, of: controller)
    }
    await bmc.stop()
  }

  @Test("a power cycle is not lost in a session that was idle and that the BMC forgot")
  func cycleAfterRestart() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      let controller = fleet.controller(of: bmc)
      _ = try await controller.powerState()
      bmc.restart()
      bmc.read { $0.responder.machine.isOn = true }
      // What makes a session idle.
      try await Task.sleep(for: .milliseconds(5100))
      #expect(try await controller.power(.cycle) == .unknown)
      #expect(bmc.machine.history == [.powerCycle])
    }
    await bmc.stop()
  }

  @Test("a BMC that dies is timed out, and used again when it is back")
  func diesAndComesBack() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet({ $0.attempts = 3 }) { fleet in
      let controller = fleet.controller(of: bmc)
      _ = try await controller.powerState()
      bmc.read { $0.isDead = true }
      let kind = await failure { try await controller.powerState() }?.kind
      #expect(kind == .unreachable || kind == .timedOut)
      bmc.read { $0.isDead = false }
      try await expect(.off, of: controller)
    }
    await bmc.stop()
  }

  @Test("loss, duplicates and overtaking change nothing but the time it takes")
  func lossyNetwork() async throws {
    let faults = TestBMC.Faults(loss: 0.1, duplication: 0.1, delay: .milliseconds(5))
    var bmcs: [TestBMC] = []
    for seed in 1...8 as ClosedRange<UInt64> { bmcs.append(try await TestBMC.start(faults: faults, seed: seed)) }
    let all = bmcs
    try await withFleet({
      $0.firstTimeout = .milliseconds(20)
      $0.attempts = 8
    }) { fleet in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for bmc in all {
          group.addTask { for _ in 0..<10 { try await expect(.off, of: fleet.controller(of: bmc)) } }
        }
        try await group.waitForAll()
      }
    }
    for bmc in all { await bmc.stop() }
  }

  @Test("answers that are damaged on the way are passed over")
  func damaged() async throws {
    let bmc = try await TestBMC.start()
    let count = Counter()
    bmc.read { state in
      state.faults.tamper = { bytes in
        // The login's messages are not signed: a damaged one of those means another thing.
        guard bytes.count > 16, bytes[4] == 0x06, bytes[5] & 0x40 != 0, count.increment() % 3 == 0,
          let last = bytes.last
        else { return bytes }
        return bytes.dropLast() + [last ^ 1]
      }
    }
    try await withFleet({ $0.firstTimeout = .milliseconds(20) }) { fleet in
      for _ in 0..<10 { try await expect(.off, of: fleet.controller(of: bmc)) }
    }
    await bmc.stop()
  }

  @Test("a caller that gives up is let go, and the session stays good")
  func cancellation() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      let controller = fleet.controller(of: bmc)
      _ = try await controller.powerState()
      bmc.read { $0.isDead = true }
      let asked = AsyncStream<Void>.makeStream()
      bmc.read { $0.watch = { _ in asked.continuation.yield() } }
      let first = Task { await failure { try await controller.powerState() }?.kind }
      let second = Task { await failure { try await controller.powerState() }?.kind }
      for await _ in asked.stream { break }
      first.cancel()
      second.cancel()
      #expect(await first.value == .cancelled)
      #expect(await second.value == .cancelled)
      bmc.read { $0.isDead = false }
      try await expect(.off, of: controller)
      #expect(bmc.openSessions == 1)
    }
    await bmc.stop()
  }

  @Test("other credentials end the session of the old ones")
  func otherCredentials() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet { fleet in
      _ = try await fleet.controller(of: bmc).powerState()
      try await expect(.off, of: fleet.controller(of: bmc, "guest", "guest"))
      #expect(bmc.openSessions == 1)
    }
    await bmc.stop()
  }

  @Test("an idle session is closed")
  func idle() async throws {
    let bmc = try await TestBMC.start()
    try await withFleet({ $0.idleTimeout = .milliseconds(20) }) { fleet in
      _ = try await fleet.controller(of: bmc).powerState()
      while bmc.openSessions > 0 { await Task.yield() }
      try await expect(.off, of: fleet.controller(of: bmc))
    }
    await bmc.stop()
  }

  @Test("more BMCs than are kept: idle ones are forgotten, and their sessions closed")
  func forgetting() async throws {
    var bmcs: [TestBMC] = []
    for seed in 1...6 { bmcs.append(try await TestBMC.start(seed: UInt64(seed))) }
    try await withFleet({ $0.mostBMCs = 4 }) { fleet in
      for bmc in bmcs { try await expect(.off, of: fleet.controller(of: bmc)) }
    }
    while bmcs.contains(where: { $0.openSessions > 0 }) { await Task.yield() }
    for bmc in bmcs { await bmc.stop() }
  }
}

/// Counts from several threads, and tells when.
final class Counter: Sendable {
  let stream: AsyncStream<Void>
  let reached: AsyncStream<Void>.Continuation
  private let count = Mutex(0)

  init() { (stream, reached) = AsyncStream.makeStream() }

  @discardableResult
  func increment() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }
}
