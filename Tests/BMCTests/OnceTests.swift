import BMC
import BareMetal
import IPMI
import NIOCore
import NIOPosix
import Synchronization
import Testing

@Suite("Fleet: nothing is carried out twice", .timeLimit(.minutes(2)))
struct OnceTests {
  private func outcomes(
    of action: PowerAction, seeds: ClosedRange<UInt64>
  ) async throws -> [(bmc: TestBMC, failure: BMCFailure.Kind?)] {
    let faults = TestBMC.Faults(loss: 0.1, duplication: 0.1, delay: .milliseconds(20))
    var bmcs: [TestBMC] = []
    for seed in seeds { bmcs.append(try await TestBMC.start(faults: faults, seed: seed)) }
    let all = bmcs
    for bmc in all { bmc.read { $0.responder.machine.isOn = true } }
    let outcomes = try await withFleet({
      $0.firstTimeout = .milliseconds(150)
      $0.attempts = 10
      $0.patience = .seconds(5)
      // The fleet closes its sessions for a moment only: they are the BMC's to forget.
      $0.closeTimeout = .seconds(1)
    }) { fleet in
      await withTaskGroup(of: (TestBMC, BMCFailure.Kind?).self) { group in
        for bmc in all {
          group.addTask { (bmc, await failure { try await fleet.controller(of: bmc).power(action) }?.kind) }
        }
        return await group.reduce(into: []) { $0.append($1) }
      }
    }
    for bmc in all {
      // A power cycle that was confirmed a moment ago takes the machine another second.
      bmc.read { _ = $0.responder.poll(at: .now + $0.responder.machine.timing.cycle, random: &$0.random) }
      await bmc.stop()
    }
    return outcomes.map { (bmc: $0.0, failure: $0.1) }
  }

  @Test("200 machines are cycled: all done, each once, by the BMC itself or in steps")
  func cycle() async throws {
    let start = ContinuousClock.now
    let stalls = Stalls(of: MultiThreadedEventLoopGroup.singleton)
    let outcomes = try await outcomes(of: .cycle, seeds: 1...200)
    let longestStall = stalls.end()
    #expect(outcomes.count == 200)
    var uncertain = 0
    for (bmc, failure) in outcomes {
      let machine = bmc.machine
      switch failure {
      case nil:
        #expect([[.powerCycle], [.powerDown, .powerUp]].contains(machine.history))
        #expect(machine.isOn && machine.startCount == 1)
      case .uncertain:
        #expect([[], [.powerCycle]].contains(machine.history))
        uncertain += 1
      default: Issue.record("\(String(describing: failure))")
      }
    }
    // On a host so busy that nothing ran for a while, a machine's second of off could have passed unseen.
    #expect(uncertain == 0 || longestStall > .milliseconds(200))
    #expect(uncertain > 0 || outcomes.contains { $0.bmc.machine.history == [.powerDown, .powerUp] })
    #expect(.now - start < .seconds(30))
  }

  @Test("100 machines are reset: each at most once, and those not known to be are said so")
  func reset() async throws {
    let outcomes = try await outcomes(of: .reset, seeds: 1001...1100)
    for (bmc, failure) in outcomes {
      let count = bmc.machine.history.count
      switch failure {
      case nil: #expect(count == 1)
      case .uncertain: #expect(count <= 1)
      default: Issue.record("\(String(describing: failure))")
      }
    }
    #expect(outcomes.contains { $0.failure == .uncertain })
  }
}

/// Sees event loops stand still, because the host has too much else to do.
private final class Stalls: Sendable {
  private let longest = Mutex(Duration.zero)
  private let tasks = Mutex<[RepeatedTask]>([])

  init(of group: MultiThreadedEventLoopGroup) {
    for loop in group.makeIterator() {
      let last = NIOLoopBoundBox.makeBoxSendingValue(ContinuousClock.now, eventLoop: loop)
      let task = loop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(20)) { _ in
        let now = ContinuousClock.now
        let gap = now - last.value
        last.value = now
        self.longest.withLock { $0 = max($0, gap) }
      }
      tasks.withLock { $0.append(task) }
    }
  }

  /// The longest time in which one did nothing.
  func end() -> Duration {
    tasks.withLock { $0.forEach { $0.cancel() } }
    return longest.withLock(\.self)
  }
}
