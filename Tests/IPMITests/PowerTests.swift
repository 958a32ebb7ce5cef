import BMC
import Testing

@testable import IPMI

/// Switching a machine: over a script where every answer is chosen, and over sessions in a bad network.
struct PowerTests {
  /// A machine that switches at once.
  struct Machine: Sendable {
    var isOn = false
    var controls: [UInt8] = []
    /// Requests that get lost, and requests whose answer does, counted among chassis controls from 0.
    var lostRequests: Set<Int> = []
    var lostAnswers: Set<Int> = []
    var attempts = 0
    /// Looks after which a change shows; -1: never.
    var slowness = 0
    var pending: Bool?
    var refusal: UInt8?
    var busy = 0

    mutating func answer(_ request: IPMIRequest) -> IPMIReply? {
      switch request.key {
      case 0x0001:
        if slowness > 0 { slowness -= 1 } else if slowness == 0, let state = pending { isOn = state }
        return .ok([isOn ? 0x61 : 0x60, 0, 0])
      case 0x0002:
        defer { attempts += 1 }
        if busy > 0 {
          busy -= 1
          return .no(0xc0)
        }
        if let refusal { return .no(refusal) }
        if lostRequests.contains(attempts) { return nil }
        controls.append(request.data[0])
        switch request.data[0] {
        case 0, 5: pending = false
        case 1: pending = true
        default: break
        }
        if slowness == 0, let state = pending { isOn = state }
        return lostAnswers.contains(attempts) ? nil : .ok()
      default: return .no(0xc1)
      }
    }
  }

  private func bmc(_ change: (inout Machine) -> Void = { _ in }) -> ScriptedRequester<Machine> {
    var machine = Machine()
    change(&machine)
    return ScriptedRequester(machine) { $0.answer($1) }
  }

  @Test("on and off without waiting are one request and no look")
  func short() async throws {
    let bmc = bmc()
    #expect(try await bmc.power(.on, waits: false) == nil)
    #expect(await bmc.requests.map(\.key) == [0x0002])
    #expect(try await bmc.power(.on) == true)
    #expect(await bmc.requests.map(\.key) == [0x0002, 0x0002, 0x0001])
    #expect(await bmc.requests.allSatisfy { $0.key != 0x0002 || !$0.isRepeatable })
    #expect(try await bmc.powerStatus())
  }

  @Test("cycle is off, seen off, and on; a machine that is off is switched on", arguments: [true, false])
  func cycle(wasOn: Bool) async throws {
    let bmc = bmc { $0.isOn = wasOn }
    #expect(try await bmc.power(.cycle) == true)
    #expect(await bmc.state.controls == [0, 1])
    #expect(await bmc.fences == 0)
  }

  @Test("a lost answer: fence, look, and no second time")
  func lostAnswer() async throws {
    let bmc = bmc {
      $0.isOn = true
      $0.lostAnswers = [0, 1]
    }
    #expect(try await bmc.power(.cycle) == true)
    #expect(await bmc.state.controls == [0, 1])
    #expect(await bmc.fences == 2)
  }

  @Test("a lost request: fence, look, and then again")
  func lostRequest() async throws {
    let bmc = bmc {
      $0.isOn = true
      $0.lostRequests = [0, 2]
    }
    #expect(try await bmc.power(.cycle) == true)
    #expect(await bmc.state.controls == [0, 1])
    #expect(await bmc.state.attempts == 4)
  }

  @Test("a cycle that is not waited for is the BMC's own")
  func ownCycle() async throws {
    let bmc = bmc { $0.isOn = true }
    #expect(try await bmc.power(.cycle, waits: false) == nil)
    #expect(await bmc.state.controls == [2])
    #expect(await bmc.requests.map(\.key) == [0x0002])
  }

  @Test("a lost answer to the BMC's own cycle: fence, look, and never a second time")
  func lostCycle() async throws {
    let bmc = bmc {
      $0.isOn = true
      $0.lostAnswers = [0]
    }
    await #expect(throws: IPMIFailure.unanswered) { try await bmc.power(.cycle, waits: false) }
    #expect(await bmc.state.controls == [2])
    #expect(await bmc.fences == 1)
  }

  @Test("a network that never answers is given up")
  func givenUp() async throws {
    let bmc = bmc { $0.lostRequests = Set(0..<100) }
    await #expect(throws: IPMIFailure.unanswered) { try await bmc.power(.on) }
    #expect(await bmc.state.attempts < 10)
  }

  @Test("reset is sent once; unanswered it is a failure, and it cannot arrive any more")
  func reset() async throws {
    let bmc = bmc {
      $0.isOn = true
      $0.lostAnswers = [0]
    }
    await #expect(throws: IPMIFailure.unanswered) { try await bmc.power(.reset) }
    #expect(await bmc.state.controls == [3])
    #expect(await bmc.fences == 1)
    #expect(try await bmc.power(.reset) == nil)
  }

  @Test("a machine that is off is not reset, and that is a failure")
  func resetOff() async throws {
    let bmc = bmc()
    await #expect(throws: IPMIFailure.unchanged("the machine is off: a reset does not switch it on")) {
      try await bmc.power(.reset)
    }
    #expect(await bmc.state.controls.isEmpty)
  }

  @Test("soft waits for the operating system; without an answer only being off is success")
  func soft() async throws {
    let slow = bmc {
      $0.isOn = true
      $0.slowness = 20
    }
    #expect(try await slow.power(.soft) == false)
    let ignored = bmc {
      $0.isOn = true
      $0.slowness = -1
    }
    await #expect(throws: IPMIFailure.unchanged("the operating system has not shut down within 300 seconds")) {
      try await ignored.power(.soft)
    }
    #expect(await ignored.state.controls == [5])
    let lost = bmc {
      $0.isOn = true
      $0.lostAnswers = [0]
    }
    #expect(try await lost.power(.soft) == false)
    let lostShort = bmc {
      $0.isOn = true
      $0.lostRequests = [0]
    }
    await #expect(throws: IPMIFailure.unanswered) { try await lostShort.power(.soft, waits: false) }
    #expect(await lostShort.state.attempts == 1)
  }

  @Test("a BMC that says yes and changes nothing is named, in bounded time")
  func unchanged() async throws {
    let bmc = bmc { $0.slowness = -1 }
    await #expect(
      throws: IPMIFailure.unchanged("the BMC took the command and the machine is still off after 30 seconds")
    ) {
      try await bmc.power(.on)
    }
    #expect(await bmc.paused < .seconds(60))
    // Asked again, as some machines ignore a switch-on after a switch-off; it is the same each time.
    #expect(await (2...6).contains(bmc.state.controls.count))
  }

  @Test("a refusal because it is so already is right; another is not")
  func refused() async throws {
    let bmc = bmc { $0.refusal = 0xd5 }
    #expect(try await bmc.power(.off) == false)
    await #expect(throws: IPMIFailure.refused(command: "ChassisControl", .wrongState)) { try await bmc.power(.on) }
  }

  @Test("a busy BMC is asked again, with pauses, a bounded number of times")
  func busy() async throws {
    let bmc = bmc { $0.busy = 3 }
    #expect(try await bmc.power(.on) == true)
    #expect(await bmc.paused == .milliseconds(700))
    await bmc.change { $0.busy = .max }
    await #expect(throws: IPMIFailure.refused(command: "ChassisControl", .nodeBusy)) {
      try await bmc.power(.off, waits: false)
    }
  }

  @Test("1,000 cycles in a network that loses, doubles and delays: all done, none twice, none claimed without being so")
  func lossyCycles() async throws {
    for seed in 0..<1000 as Range<UInt64> {
      let bmc = ConversationRequester(.test { $0.keepAliveInterval = nil }, .test { $0.sessionLimit = 36 }, seed: seed)
      await bmc.change {
        $0.network = Conversation.Network(loss: 0.1, duplication: 0.1, delay: .milliseconds(150))
        $0.bmc.machine.isOn = true
      }
      do {
        let isOn = try await bmc.power(.cycle)
        let machine = await bmc.talk.bmc.machine
        #expect(isOn == true && machine.isOn, "seed \(seed)")
        #expect(machine.history == [.powerDown, .powerUp], "seed \(seed): \(machine.history)")
        // What is still on its way changes nothing any more.
        try await bmc.pause(for: .seconds(5))
        let later = await bmc.talk.bmc.machine
        #expect(later.history == machine.history && later.isOn, "seed \(seed)")
      } catch {
        Issue.record("seed \(seed): \(error)")
      }
    }
  }

  @Test("resets and soft shutdowns in such a network are carried out once, or not, and never twice")
  func lossyResets() async throws {
    for seed in 0..<300 as Range<UInt64> {
      let bmc = ConversationRequester(.test { $0.keepAliveInterval = nil }, .test { $0.sessionLimit = 36 }, seed: seed)
      await bmc.change {
        $0.network = Conversation.Network(loss: 0.1, duplication: 0.1, delay: .milliseconds(150))
        $0.bmc.machine.isOn = true
      }
      var isConfirmed = true
      do { _ = try await bmc.power(.reset) } catch {
        #expect(error == .unanswered, "seed \(seed)")
        isConfirmed = false
      }
      try await bmc.pause(for: .seconds(5))
      let count = await bmc.talk.bmc.machine.controlCount
      #expect(isConfirmed ? count == 1 : count <= 1, "seed \(seed)")
    }
  }
}
