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
    /// Looks that a power cycle is off for.
    var interval = 3
    var offLooks = 0
    var refusal: UInt8?
    /// Of the power cycle alone.
    var cycleRefusal: UInt8?
    var busy = 0

    mutating func answer(_ request: IPMIRequest) -> IPMIReply? {
      switch request.key {
      case 0x0001:
        if slowness > 0 { slowness -= 1 } else if slowness == 0, let state = pending { isOn = state }
        if offLooks > 0 {
          offLooks -= 1
          return .ok([0x60, 0, 0])
        }
        return .ok([isOn ? 0x61 : 0x60, 0, 0])
      case 0x0002:
        defer { attempts += 1 }
        if busy > 0 {
          busy -= 1
          return .no(0xc0)
        }
        if let refusal { return .no(refusal) }
        if request.data[0] == 2, let cycleRefusal { return .no(cycleRefusal) }
        if lostRequests.contains(attempts) { return nil }
        controls.append(request.data[0])
        switch request.data[0] {
        case 0, 5: pending = false
        case 1: (pending, offLooks) = (true, 0)
        case 2: offLooks = interval
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

  @Test("cycle is the BMC's own, without a look; a machine that is off is switched on", arguments: [true, false])
  func cycle(waits: Bool) async throws {
    let bmc = bmc { $0.isOn = true }
    #expect(try await bmc.power(.cycle, waits: waits) == nil)
    #expect(await bmc.requests.map(\.key) == [0x0002])
    #expect(await bmc.state.controls == [2])
    let off = self.bmc { $0.cycleRefusal = 0xd5 }
    #expect(try await off.power(.cycle, waits: waits) == (waits ? true : nil))
    #expect(await off.state.controls == [1])
    #expect(await bmc.fences + off.fences == 0)
  }

  @Test("a BMC that refuses to cycle: off, seen off, and on; not if it is a matter of privilege")
  func refusedCycle() async throws {
    for code in [0xc0, 0xc1, 0xcc, 0xd5] as [UInt8] {
      let bmc = bmc {
        $0.isOn = true
        $0.cycleRefusal = code
      }
      #expect(try await bmc.power(.cycle) == true)
      #expect(await bmc.state.controls == [0, 1])
    }
    let bmc = bmc {
      $0.isOn = true
      $0.cycleRefusal = 0xd4
    }
    await #expect(throws: IPMIFailure.refused(command: "ChassisControl", .insufficientPrivilege)) {
      try await bmc.power(.cycle)
    }
    #expect(await bmc.state.controls.isEmpty)
  }

  @Test("a lost answer to a cycle: the machine is seen off, then on, and nothing is sent again")
  func lostAnswer() async throws {
    let bmc = bmc {
      $0.isOn = true
      $0.lostAnswers = [0]
    }
    #expect(try await bmc.power(.cycle) == true)
    #expect(await bmc.state.controls == [2])
    #expect(await bmc.fences == 0)
  }

  @Test("a machine that stays off after such a cycle is switched on, behind a fence")
  func staysOff() async throws {
    let bmc = bmc {
      $0.isOn = true
      $0.lostAnswers = [0]
      $0.interval = .max
    }
    #expect(try await bmc.power(.cycle) == true)
    #expect(await bmc.state.controls == [2, 1])
    #expect(await bmc.fences == 1)
    #expect(await bmc.paused > .seconds(20))
  }

  @Test("a lost request to cycle: watched for long enough, fence, then off, seen off, and on")
  func lostRequest() async throws {
    let bmc = bmc {
      $0.isOn = true
      $0.lostRequests = [0]
    }
    #expect(try await bmc.power(.cycle) == true)
    #expect(await bmc.state.controls == [0, 1])
    #expect(await bmc.fences == 1)
    // 32 looks until nothing can arrive any more, and 3 s for what did.
    #expect(await bmc.paused > .milliseconds(4500))
    #expect(await bmc.requests.filter { $0.key == 0x0001 }.count > 90)
  }

  @Test("looks that are too far apart prove nothing: the cycle is not repeated, and it cannot arrive any more")
  func gap() async throws {
    let bmc = bmc {
      $0.isOn = true
      $0.lostRequests = [0]
    }
    await bmc.slowDown(to: .milliseconds(490))
    await #expect(throws: IPMIFailure.unanswered) { try await bmc.power(.cycle) }
    #expect(await bmc.state.attempts == 1)
    #expect(await bmc.fences == 1)
    // Between two looks was less than a second, and not between the first one's question and the second one's answer.
    #expect(await bmc.requests.filter { $0.key == 0x0001 }.count == 2)
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

  /// What became of 1,000 cycles; every machine is as it was reported.
  private func lossyCycles(delay: Duration) async throws -> (own: Int, steps: Int, uncertain: Int) {
    var (own, steps, uncertain) = (0, 0, 0)
    for seed in 0..<1000 as Range<UInt64> {
      let bmc = ConversationRequester(.test { $0.keepAliveInterval = nil }, .test { $0.sessionLimit = 36 }, seed: seed)
      await bmc.change {
        $0.network = Conversation.Network(loss: 0.1, duplication: 0.1, delay: delay)
        $0.bmc.machine.isOn = true
      }
      var failure: IPMIFailure?
      do throws(IPMIFailure) { try await bmc.power(.cycle) } catch { failure = error }
      // What is still on its way changes nothing any more.
      let history = await bmc.talk.bmc.machine.history
      try await bmc.pause(for: .seconds(5))
      _ = try await bmc.powerStatus()
      let machine = await bmc.talk.bmc.machine
      #expect(machine.isOn, "seed \(seed)")
      if failure != nil {
        #expect(failure == .unanswered && (history == [] || history == [.powerCycle]), "seed \(seed): \(history)")
        uncertain += 1
      } else if history == [.powerCycle] {
        own += 1
      } else {
        #expect(history == [.powerDown, .powerUp], "seed \(seed): \(history)")
        steps += 1
      }
      #expect(machine.history == history, "seed \(seed)")
    }
    return (own, steps, uncertain)
  }

  @Test("1,000 cycles in a network that loses, doubles and delays: all done, none twice, none claimed without being so")
  func lossyCycles() async throws {
    let seen = try await lossyCycles(delay: .milliseconds(10))
    #expect(seen.uncertain == 0)
    // Requests that were lost.
    #expect((50...150).contains(seen.steps))
  }

  @Test("in one so slow that looks have gaps, a cycle whose answer is lost is said to be uncertain, or was seen")
  func slowCycles() async throws {
    let seen = try await lossyCycles(delay: .milliseconds(150))
    #expect((1...120).contains(seen.uncertain))
    #expect(seen.own > 800)
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
