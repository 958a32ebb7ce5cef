import BMC
import IPMI
import Testing

/// A console and a BMC in one process, with virtual time and a network that loses, doubles and delays by a seed.
struct Conversation {
  struct Network {
    var loss = 0.0
    var duplication = 0.0
    /// Each datagram takes up to this long, so they overtake each other.
    var delay: Duration = .milliseconds(1)
    /// What the BMC hears, and what it says, after this.
    var tamper: @Sendable ([UInt8]) -> [UInt8] = { $0 }
  }

  var session: IPMISession
  var bmc: BMCResponder
  var network = Network()
  var now = ContinuousClock.now
  let start: ContinuousClock.Instant
  var random: SeededGenerator

  private var inFlight: [(at: ContinuousClock.Instant, toBMC: Bool, bytes: [UInt8])] = []

  // What the session said.
  var isEstablished = false
  var failure: IPMISessionFailure?
  var isClosed = false
  var replies: [IPMISession.RequestID: IPMIReply] = [:]
  var unanswered: Set<IPMISession.RequestID> = []
  var abandoned: Set<IPMISession.RequestID> = []
  var ignored: [IPMIIgnored] = []
  var sent: [[UInt8]] = []
  var received: [[UInt8]] = []

  init(_ configuration: IPMISessionConfiguration, _ bmc: BMCResponder.Configuration, seed: UInt64 = 1) {
    session = IPMISession(configuration, crypto: OpenSSLCrypto())
    self.bmc = BMCResponder(bmc, crypto: OpenSSLCrypto())
    random = SeededGenerator(seed: seed)
    start = now
  }

  mutating func begin() { take(session.start(at: now, random: &random)) }

  mutating func login() {
    begin()
    run { $0.isEstablished || $0.failure != nil }
  }

  /// Sends a command and waits until it is answered or given up.
  mutating func ask<Command: IPMICommand>(_ command: Command) throws -> Command.Response {
    try #require(try reply(to: IPMIRequest(command))).response(to: command)
  }

  mutating func reply(to request: IPMIRequest) throws -> IPMIReply? {
    let (id, actions) = try #require(session.send(request, at: now, random: &random))
    take(actions)
    run { $0.replies[id] != nil || $0.unanswered.contains(id) || $0.failure != nil }
    return replies[id]
  }

  mutating func close() {
    take(session.close(at: now, random: &random))
    run { $0.isClosed }
  }

  /// Hands the session a datagram as if it came from the BMC.
  mutating func inject(_ datagram: [UInt8]) { take(session.receive(datagram.span, at: now, random: &random)) }

  /// Lets time pass until `isDone`, or for `limit`.
  mutating func run(for limit: Duration = .seconds(600), until isDone: (Conversation) -> Bool) {
    let end = now + limit
    while !isDone(self), now < end {
      let next = inFlight.indices.min { inFlight[$0].at < inFlight[$1].at }
      let arrival = next.map { inFlight[$0].at }
      guard let moment = [arrival, session.deadline].compactMap(\.self).min() else { return }
      guard moment <= end else {
        now = end
        return
      }
      now = max(now, moment)
      if let next, arrival == moment {
        let datagram = inFlight.remove(at: next)
        if datagram.toBMC {
          let answer = bmc.receive(datagram.bytes.span, at: now, random: &random)
          if let answer { carry(network.tamper(answer), toBMC: false) }
        } else {
          received.append(datagram.bytes)
          take(session.receive(datagram.bytes.span, at: now, random: &random))
        }
      } else {
        take(session.timeout(at: now, random: &random))
      }
    }
  }

  private mutating func carry(_ bytes: [UInt8], toBMC: Bool) {
    let copies = Double.random(in: 0..<1, using: &random) < network.duplication ? 2 : 1
    for _ in 0..<copies where Double.random(in: 0..<1, using: &random) >= network.loss {
      let delay = network.delay * Double.random(in: 0..<1, using: &random)
      inFlight.append((now + delay, toBMC, bytes))
    }
  }

  mutating func take(_ actions: [IPMISession.Action]) {
    for action in actions {
      switch action {
      case .send(let datagram):
        sent.append(datagram)
        carry(datagram, toBMC: true)
      case .established: isEstablished = true
      case .response(let id, let reply): replies[id] = reply
      case .unanswered(let id): unanswered.insert(id)
      case .abandoned(let id): abandoned.insert(id)
      case .payload: break
      case .ignored(let reason): ignored.append(reason)
      case .failed(let reason): failure = reason
      case .closed: isClosed = true
      }
    }
  }
}

extension IPMISessionConfiguration {
  /// The user of these tests.
  static func test(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = IPMISessionConfiguration(userName: "admin", password: KeyMaterial(password: "secret"))
    change(&configuration)
    return configuration
  }
}

extension BMCResponder.Configuration {
  static func test(_ change: (inout Self) -> Void = { _ in }) -> Self {
    var configuration = BMCResponder.Configuration(users: [
      BMCResponder.User(name: "admin", password: KeyMaterial(password: "secret")),
      BMCResponder.User(name: "guest", password: KeyMaterial(password: "guest"), privilege: .user),
    ])
    change(&configuration)
    return configuration
  }
}
