import TFTP
import TFTPTesting
import Testing

/// The real state machine against a client over a network that loses, doubles, delays and reorders, in virtual time.
struct TFTPSimulationTests {
  struct Conditions: Sendable, CustomTestStringConvertible {
    var size = 120_000
    var blockSize: Int? = 1468
    var window: Int? = 16

    /// Chances in a thousand.
    var loss: UInt64 = 0
    var duplication: UInt64 = 0
    var delay: UInt64 = 0
    var manners = TFTPReader.Manners.terse

    var testDescription: String {
      "\(size) bytes, blksize \(blockSize ?? 512), window \(window ?? 1), lost \(loss)‰, twice \(duplication)‰, late \(delay)‰, \(manners)"
    }
  }

  static let conditions: [Conditions] =
    [1, 4, 16, 64].flatMap { window in
      [TFTPReader.Manners.terse, .chatty].flatMap { manners in
        [
          Conditions(window: window, manners: manners),
          Conditions(window: window, loss: 5, manners: manners),
          Conditions(window: window, loss: 100, manners: manners),
          Conditions(window: window, duplication: 1000, manners: manners),
          Conditions(window: window, delay: 50, manners: manners),
          Conditions(window: window, loss: 50, duplication: 50, delay: 50, manners: manners),
        ]
      }
    } + [
      Conditions(size: 0, blockSize: nil, window: nil, loss: 200),
      Conditions(size: 512 * 9, blockSize: nil, window: nil, loss: 200),
      Conditions(size: 8 * 66_000, blockSize: 8, window: 64, loss: 5),
    ]

  @Test("whatever the network does, the client has the file in the end", arguments: conditions)
  func delivery(conditions: Conditions) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let outcome = try simulate(conditions, seed: seed)
      #expect(outcome.isEqual, "seed \(seed)")
      #expect(outcome.hasServerFinished, "seed \(seed)")
    }
  }

  @Test("a network that doubles every packet does not double the traffic", arguments: [1, 4, 16, 64])
  func noApprentice(window: Int) throws {
    for manners in [TFTPReader.Manners.terse, .chatty] {
      let conditions = Conditions(window: window, duplication: 1000, manners: manners)
      let outcome = try simulate(conditions, seed: 7)
      let blocks = conditions.size / 1468 + 1
      // A chatty client acknowledges each block twice, so each window is sent twice: bounded, and the client's wish.
      let most = manners == .terse ? blocks * 8 / 5 : blocks * 3
      #expect(outcome.blocksSent < most, "\(outcome.blocksSent) blocks sent for \(blocks), \(manners)")
    }
  }

  @Test("a lost block costs less than 100 ms", arguments: [1, 4, 16, 64])
  func lossIsCheap(window: Int) throws {
    for seed in 1...5 as ClosedRange<UInt64> {
      let clean = try simulate(Conditions(size: 600_000, window: window), seed: seed)
      let lossy = try simulate(Conditions(size: 600_000, window: window, loss: 20), seed: seed)
      #expect((lossy.duration - clean.duration) / max(1, lossy.lost) < .milliseconds(100), "seed \(seed)")
    }
  }

  struct Outcome {
    let isEqual: Bool
    let hasServerFinished: Bool
    let blocksSent: Int
    let lost: Int
    let duration: Duration
  }

  private enum Event {
    case toServer([UInt8])
    case toClient([UInt8])
    case clientTimer(Int)
    case serverTimer
  }

  /// One transfer over a path with 200 µs each way and 10 µs a packet.
  private func simulate(_ conditions: Conditions, seed: UInt64) throws -> Outcome {
    var random = Seeded(seed)
    let content = (0..<conditions.size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    var reader = TFTPReader(
      "file", blockSize: conditions.blockSize, windowSize: conditions.window, manners: conditions.manners)
    let start = ContinuousClock.now
    var now = start
    var events = [(time: ContinuousClock.Instant, event: Event)]()
    var lineFreeAt = start
    var lost = 0
    var blocksSent = 0
    var clientTimer = 0
    var transfer: TFTPTransfer?
    var serverTimer: ContinuousClock.Instant?
    var isServerDone = false
    var completedAt: ContinuousClock.Instant?

    func schedule(_ event: Event, at time: ContinuousClock.Instant) {
      var index = events.count
      while index > 0, events[index - 1].time < time { index -= 1 }
      events.insert((time, event), at: index)
    }
    func travel(_ event: Event) {
      if random.chance(conditions.loss) {
        lost += 1
        return
      }
      for _ in 0..<(random.chance(conditions.duplication) ? 2 : 1) {
        lineFreeAt = max(lineFreeAt, now) + .microseconds(10)
        let late: Duration = random.chance(conditions.delay) ? .microseconds(Int(random.next() % 3000)) : .zero
        schedule(event, at: lineFreeAt + .microseconds(200) + late)
      }
    }
    func clientSends(_ packet: TFTPPacket) {
      travel(.toServer(packet.bytes))
      clientTimer += 1
      schedule(.clientTimer(clientTimer), at: now + .seconds(1))
    }
    func perform(_ action: TFTPTransfer.Action, _ transfer: TFTPTransfer) {
      switch action {
      case .wait: break
      case .acknowledgeOptions:
        travel(.toClient(TFTPPacket.optionAcknowledgement(transfer.parameters.acknowledged).bytes))
      case .send(let blocks):
        for block in blocks {
          blocksSent += 1
          let header = TFTPPacket.data(block: TFTPTransfer.blockNumber(of: block), content: 0..<0).bytes
          travel(.toClient(header + content[transfer.bytes(of: block)]))
        }
      case .finish, .fail: isServerDone = true
      }
      guard !transfer.isEnded, serverTimer.map({ transfer.deadline < $0 }) ?? true else { return }
      serverTimer = transfer.deadline
      schedule(.serverTimer, at: max(now, transfer.deadline))
    }

    clientSends(reader.timedOut())
    var steps = 0
    while let (time, event) = events.popLast(), !isServerDone {
      steps += 1
      try #require(steps < 2_000_000, "no end in sight")
      now = max(now, time)
      switch event {
      case .toServer(let bytes):
        let packet = try TFTPPacket(parsing: bytes.span)
        if case .readRequest(let request) = packet {
          if transfer != nil {
            if let action = transfer?.requestRepeated(at: now), let transfer { perform(action, transfer) }
            continue
          }
          let parameters = try TFTPParameters(answering: request, size: conditions.size, limits: TFTPLimits())
          var begun = TFTPTransfer(size: conditions.size, parameters: parameters, now: now)
          let action = begun.start(at: now)
          transfer = begun
          perform(action, begun)
        } else if case .acknowledgement(let block) = packet, let action = transfer?.acknowledged(block, at: now),
          let transfer
        {
          perform(action, transfer)
        }
      case .toClient(let bytes):
        let answer = try reader.receive(bytes.span)
        if reader.isComplete, completedAt == nil { completedAt = now }
        if let answer { clientSends(answer) }
      case .clientTimer(let number):
        if number == clientTimer, !reader.isComplete { clientSends(reader.timedOut()) }
      case .serverTimer:
        if let due = serverTimer, now >= due { serverTimer = nil }
        if let action = transfer?.timeout(at: now), let transfer { perform(action, transfer) }
      }
    }
    return Outcome(
      isEqual: reader.isComplete && reader.received == content,
      hasServerFinished: transfer.map { $0.isEnded && $0.acknowledgedBytes == conditions.size } ?? false,
      blocksSent: blocksSent, lost: lost, duration: (completedAt ?? now) - start)
  }
}

/// xorshift64: the same numbers for the same seed.
private struct Seeded {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func chance(_ inThousand: UInt64) -> Bool { next() % 1000 < inThousand }
}
