import IPMI
import Testing

struct SerialOverLANTests {
  private let now = ContinuousClock.now

  private func receive(_ console: inout SerialOverLAN, _ payload: [UInt8], after wait: Duration = .zero) throws
    -> [SerialOverLAN.Action]
  {
    try console.receive(payload.span, at: now + wait)
  }

  @Test("typed characters go out, and count when the BMC took them")
  func typing() throws {
    var console = SerialOverLAN(mostCharacters: 3)
    #expect(console.type(Array("abcd".utf8), at: now).actions == [.send([1, 0, 0, 0, 97, 98, 99])])
    #expect(console.sentCharacters == 0)
    #expect(try receive(&console, [0, 1, 3, 0]) == [.send([2, 0, 0, 0, 100])])
    #expect(try receive(&console, [0, 2, 1, 0]) == [])
    #expect(console.sentCharacters == 4 && console.isIdle && console.deadline == nil)
  }

  @Test("what the BMC did not take goes again, later, under a new number")
  func partial() throws {
    var console = SerialOverLAN(mostCharacters: 10)
    _ = console.type(Array("abcd".utf8), at: now)
    // NACK, two characters accepted
    #expect(try receive(&console, [0, 1, 2, 0x40]) == [])
    #expect(console.type([101], at: now).actions == [])
    let due = try #require(console.deadline)
    #expect(console.timeout(at: due) == [.send([2, 0, 0, 0, 99, 100, 101])])
  }

  @Test("the machine's output is read once and acknowledged each time")
  func output() throws {
    var console = SerialOverLAN(mostCharacters: 10)
    #expect(try receive(&console, [1, 0, 0, 0, 104, 105]) == [.received([104, 105]), .send([0, 1, 2, 0])])
    #expect(try receive(&console, [1, 0, 0, 0, 104, 105]) == [.send([0, 1, 2, 0])])
    #expect(console.receivedCharacters == 2)
  }

  @Test("the BMC's end is the end; so is its silence")
  func endings() throws {
    var taken = SerialOverLAN(mostCharacters: 10)
    #expect(try receive(&taken, [0, 0, 0, 0x10]) == [.deactivated])
    #expect(taken.type([1], at: now).actions == [])
    var silent = SerialOverLAN(mostCharacters: 10)
    _ = silent.type([1], at: now)
    var sent = 1
    var last = [SerialOverLAN.Action]()
    while let due = silent.deadline, sent < 100 {
      last = silent.timeout(at: due)
      sent += 1
      if last == [.timedOut] { break }
    }
    #expect(last == [.timedOut])
    #expect(sent == 9)
  }

  @Test("a break, and what is too much to type")
  func breakAndBound() throws {
    var console = SerialOverLAN(mostCharacters: 10)
    #expect(console.sendBreak(at: now) == [.send([1, 0, 0, 0x10])])
    #expect(console.type([UInt8](repeating: 0, count: 5000), at: now).taken == SerialOverLAN.mostWaiting)
    #expect(throws: IPMIParseError.self) { try receive(&console, [1, 0, 0]) }
  }

  @Test(
    "two ends over a network that loses and doubles: every character once, in order", arguments: 0..<20 as Range<UInt64>
  )
  func lossy(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var ends = [SerialOverLAN(mostCharacters: 16), SerialOverLAN(mostCharacters: 60)]
    var output: [[UInt8]] = [[], []]
    let texts = (0..<2).map { _ in (0..<700).map { _ in UInt8.random(in: 0...255, using: &random) } }
    var time = now
    var pending: [(to: Int, payload: [UInt8])] = []
    func handle(_ actions: [SerialOverLAN.Action], of end: Int) {
      for action in actions {
        switch action {
        case .send(let payload):
          for _ in 0..<(UInt8.random(in: 0...9, using: &random) == 0 ? 2 : 1)
          where UInt8.random(in: 0...9, using: &random) != 0 { pending.append((1 - end, payload)) }
        case .received(let characters): output[end] += characters
        default: Issue.record("\(action)")
        }
      }
    }
    for end in 0..<2 { handle(ends[end].type(texts[end], at: time).actions, of: end) }
    for _ in 0..<10_000 where !(ends[0].isIdle && ends[1].isIdle) {
      if pending.isEmpty {
        time += .milliseconds(500)
        for end in 0..<2 { handle(ends[end].timeout(at: time), of: end) }
      } else {
        let (end, payload) = pending.removeFirst()
        handle(try ends[end].receive(payload.span, at: time), of: end)
      }
    }
    #expect(output[0] == texts[1] && output[1] == texts[0])
    #expect(ends[0].sentCharacters == 700 && ends[0].receivedCharacters == 700)
  }
}
