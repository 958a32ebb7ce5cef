import BMC
import Testing

@testable import IPMI

@Suite("The BMC's half: serial-over-LAN")
struct ResponderSerialTests {
  /// A console and the machine's port, on a network that loses and doubles by a seed.
  private struct Line {
    var console = SerialOverLAN(mostCharacters: SimulatedSerialPort.mostCharacters)
    var port = SimulatedSerialPort(session: 1)
    var now = ContinuousClock.now
    var random: SeededRandom
    var loss: Double
    var received: [UInt8] = []
    var overruns = 0

    init(loss: Double, seed: UInt64) {
      self.loss = loss
      random = SeededRandom(seed: seed)
    }

    private mutating func copies() -> Int {
      if Double.random(in: 0..<1, using: &random) < loss { return 0 }
      return Double.random(in: 0..<1, using: &random) < loss ? 2 : 1
    }

    mutating func perform(_ actions: [SerialOverLAN.Action]) throws {
      for action in actions {
        switch action {
        case .send(let payload):
          for _ in 0..<copies() {
            if let reply = try port.receive(payload.span, at: now) { try hear(reply) }
          }
        case .received(let characters): received += characters
        case .overrun: overruns += 1
        case .broke, .deactivated, .timedOut: break
        }
      }
    }

    private mutating func hear(_ payload: [UInt8]) throws {
      for _ in 0..<copies() { try perform(try console.receive(payload.span, at: now)) }
    }

    /// Lets time pass until nobody has anything to say.
    mutating func settle() throws {
      for _ in 0..<10_000 {
        guard let next = [console.deadline, port.deadline].compactMap(\.self).min() else { return }
        now = max(now, next)
        try perform(console.timeout(at: now))
        if let payload = port.poll(at: now) { try hear(payload) }
      }
    }
  }

  @Test("what is typed comes back once, in order, whatever is lost or doubled", arguments: 0..<20 as Range<UInt64>)
  func echo(seed: UInt64) throws {
    var line = Line(loss: 0.2, seed: seed)
    let text = Array((0..<100).map { "line \($0)\r" }.joined().utf8)
    var rest = text[...]
    while !rest.isEmpty {
      let (taken, actions) = line.console.type(Array(rest.prefix(50)), at: line.now)
      rest = rest.dropFirst(taken)
      try line.perform(actions)
      try line.settle()
    }
    #expect(line.received.filter { $0 != 0x0a } == text)
    #expect(line.port.typedCharacters == text.count && line.overruns == 0)
  }

  @Test("a machine that says more than anybody takes loses some, and the console is told")
  func overrun() throws {
    var line = Line(loss: 0, seed: 1)
    let flood = String(repeating: "x", count: SimulatedSerialPort.mostWaiting)
    line.port.write(flood, at: line.now)
    line.port.write("lost", at: line.now)
    try line.settle()
    #expect(line.received == Array(flood.utf8) && line.overruns == 1)
  }

  @Test("a console that is gone does not stop the port")
  func goneConsole() {
    var port = SimulatedSerialPort(session: 1)
    var now = ContinuousClock.now
    port.write("hello", at: now)
    var sent = 0
    while let due = port.deadline, sent < 100 {
      now = due
      if port.poll(at: now) != nil { sent += 1 }
    }
    #expect(sent == 7 && port.deadline == nil)
  }

  @Test("through a session: activation, what happens to the machine, and the port taken by another")
  func session() throws {
    var talk = Conversation(.test(), .test())
    talk.login()
    let response = try talk.ask(ActivateSOL())
    #expect(response.mostCharacters == SimulatedSerialPort.mostCharacters && response.port == 623)
    _ = try talk.ask(ChassisControl(.powerUp))
    var bmc = talk.bmc
    var random = SeededRandom(seed: 1)
    let due = try #require(bmc.deadline)
    let said = bmc.poll(at: due, random: &random)
    #expect(said.count == 1)

    // Another session asks for it, and takes it.
    let holder = try #require(bmc.sessions.values.first)
    var other = ResponderSession(identifier: 7, peer: 9, lastHeard: talk.now, highestPrivilege: .administrator)
    other.keys = holder.keys
    other.privilege = .administrator
    bmc.sessions[7] = other
    func ask(_ command: some IPMICommand, _ sequence: UInt8) -> CompletionCode? {
      let message = IPMIMessage(request: IPMIRequest(command), sequence: sequence)
      let answer = bmc.answer(message, in: &other, at: talk.now, random: &random)
      return answer.data.first.map(CompletionCode.init(rawValue:))
    }
    #expect(ask(ActivateSOL(), 1) == ActivateSOL.alreadyActive)
    #expect(ask(DeactivateSOL(), 2) == .success)
    #expect(ask(DeactivateSOL(), 3) == DeactivateSOL.alreadyDeactivated)
    #expect(bmc.outbox.map(\.peer) == [holder.peer])
    #expect(ask(ActivateSOL(), 4) == .success)
    #expect(ask(ActivateSOL(instance: 2), 5) == ActivateSOL.limitReached)
  }
}
