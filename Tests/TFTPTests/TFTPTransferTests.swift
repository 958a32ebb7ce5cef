import TFTP
import Testing

struct TFTPTransferTests {
  private let start = ContinuousClock.now

  private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

  private func transfer(size: Int, blockSize: Int? = nil, window: Int? = nil, timeout: Int? = nil) throws
    -> TFTPTransfer
  {
    var options = [TFTPOption]()
    if let blockSize { options.append(TFTPOption(.blockSize, String(blockSize))) }
    if let window { options.append(TFTPOption(.windowSize, String(window))) }
    if let timeout { options.append(TFTPOption(.timeout, String(timeout))) }
    let parameters = try TFTPParameters(
      answering: TFTPRequest(name: "a", options: options), size: size, limits: TFTPLimits())
    return TFTPTransfer(size: size, parameters: parameters, now: start)
  }

  @Test("a short file is one block and its ACK")
  func oneBlock() throws {
    var transfer = try transfer(size: 100)
    #expect(transfer.start(at: at(0)) == .send(1..<2))
    #expect(transfer.bytes(of: 1) == 0..<100)
    #expect(transfer.acknowledged(1, at: at(1)) == .finish)
    #expect(transfer.isEnded)
    #expect(transfer.acknowledgedBytes == 100)
  }

  @Test(
    "an empty file and an exact multiple of the block size end with an empty block",
    arguments: [(0, 1), (512, 2), (1024, 3), (511, 1), (513, 2)])
  func lastBlock(size: Int, blocks: Int) throws {
    let transfer = try transfer(size: size)
    #expect(transfer.lastBlock == blocks)
    #expect(transfer.bytes(of: blocks).count == size % 512)
    #expect(transfer.bytes(of: blocks).upperBound == size)
  }

  @Test("options are acknowledged first, and the first window waits for ACK 0")
  func options() throws {
    var transfer = try transfer(size: 10_000, window: 4)
    #expect(transfer.start(at: at(0)) == .acknowledgeOptions)
    #expect(transfer.acknowledged(1, at: at(1)) == .wait)
    #expect(transfer.acknowledged(0, at: at(2)) == .send(1..<5))
    #expect(transfer.acknowledged(4, at: at(3)) == .send(5..<9))
  }

  @Test("an ACK inside the window rewinds to the block after it")
  func rewind() throws {
    var transfer = try transfer(size: 100_000, window: 8)
    _ = transfer.start(at: at(0))
    #expect(transfer.acknowledged(0, at: at(1)) == .send(1..<9))
    #expect(transfer.acknowledged(3, at: at(2)) == .send(4..<12))
    #expect(transfer.resentBlocks == 5)
    #expect(transfer.acknowledged(3, at: at(3)) == .wait)
    #expect(transfer.acknowledged(11, at: at(4)) == .send(12..<20))
  }

  @Test("an echo of the window before the rewind does not rewind again")
  func rewindEcho() throws {
    var transfer = try transfer(size: 100_000, window: 8)
    _ = transfer.start(at: at(0))
    #expect(transfer.acknowledged(0, at: at(10)) == .send(1..<9))
    #expect(transfer.acknowledged(3, at: at(20)) == .send(4..<12))
    #expect(transfer.acknowledged(4, at: at(21)) == .send(12..<13))
    #expect(transfer.acknowledged(6, at: at(22)) == .send(13..<15))
    #expect(transfer.acknowledged(8, at: at(30)) == .send(9..<17))
  }

  @Test("in lock-step a repeated ACK is never answered (Sorcerer's Apprentice)")
  func repeatedLockStep() throws {
    var transfer = try transfer(size: 10_000)
    _ = transfer.start(at: at(0))
    #expect(transfer.acknowledged(1, at: at(1)) == .send(2..<3))
    for time in 2..<50 { #expect(transfer.acknowledged(1, at: at(time)) == .wait) }
    #expect(transfer.acknowledged(0, at: at(60)) == .wait)
  }

  @Test("with windows, a repeated ACK sends the window again once, and not if it can only be an echo")
  func repeatedWindow() throws {
    var transfer = try transfer(size: 100_000, window: 4)
    _ = transfer.start(at: at(0))
    #expect(transfer.acknowledged(0, at: at(10)) == .send(1..<5))
    #expect(transfer.acknowledged(4, at: at(20)) == .send(5..<9))
    #expect(transfer.acknowledged(4, at: at(21)) == .wait)  // too early to be about block 5
    #expect(transfer.acknowledged(4, at: at(30)) == .send(5..<9))
    #expect(transfer.acknowledged(4, at: at(40)) == .wait)  // once
    #expect(transfer.acknowledged(8, at: at(41)) == .send(9..<13))
    #expect(transfer.acknowledged(8, at: at(55)) == .wait)  // the echo of the window sent twice
    #expect(transfer.acknowledged(12, at: at(56)) == .send(13..<17))
    #expect(transfer.acknowledged(12, at: at(66)) == .send(13..<17))
  }

  @Test("old ACKs and ACKs of blocks never sent are ignored, the latter counted", arguments: [1, 4])
  func strayAcknowledgements(window: Int) throws {
    var transfer = try transfer(size: 100_000, window: window)
    _ = transfer.start(at: at(0))
    _ = transfer.acknowledged(0, at: at(1))
    #expect(transfer.acknowledged(UInt16(window), at: at(2)) != .wait)
    for number in [0, 100, 30_000, 40_000, 65_535] as [UInt16] {
      #expect(transfer.acknowledged(number, at: at(3)) == .wait)
    }
    #expect(transfer.impossibleAcknowledgements == 2)
    #expect(!transfer.isEnded)
  }

  @Test("block numbers roll over from 65535 to 0", arguments: [1, 7, 64])
  func rollOver(window: Int) throws {
    var transfer = try transfer(size: 8 * 140_000, blockSize: 8, window: window)
    _ = transfer.start(at: at(0))
    var action = transfer.acknowledged(0, at: at(1))
    var sent = 0
    while case .send(let blocks) = action {
      #expect(blocks.lowerBound == sent + 1)
      sent = blocks.upperBound - 1
      action = transfer.acknowledged(TFTPTransfer.blockNumber(of: sent), at: at(2))
    }
    #expect(action == .finish)
    #expect(sent == 140_001)
    #expect(TFTPTransfer.blockNumber(of: 65_536) == 0)
  }

  @Test("where every answer takes the same long time, none is taken for lost")
  func steadyDelay() {
    var roundTrip = RoundTrip()
    #expect(roundTrip.retransmissionInterval == nil)
    for _ in 0..<100 { roundTrip.measured(.milliseconds(80)) }
    #expect(roundTrip.smoothed == .milliseconds(80))
    #expect(roundTrip.retransmissionInterval == .milliseconds(80) + RoundTrip.floor)
    // Once it varies, more than the floor is added.
    for number in 0..<100 { roundTrip.measured(.milliseconds(number % 2 == 0 ? 40 : 120)) }
    let interval = roundTrip.retransmissionInterval ?? .zero
    #expect(interval > .milliseconds(180))
    #expect(interval < .milliseconds(300))
    #expect(roundTrip.minimum == .milliseconds(40))
  }

  @Test("silence doubles the wait, and ends the transfer when patience is used up")
  func backOff() throws {
    var transfer = try transfer(size: 10_000)
    _ = transfer.start(at: at(0))
    _ = transfer.acknowledged(1, at: at(1))
    var waits = [Duration]()
    var now = at(1)
    while true {
      let deadline = transfer.deadline
      waits.append(deadline - now)
      #expect(transfer.timeout(at: deadline - .nanoseconds(1)) == .wait)
      now = deadline
      let action = transfer.timeout(at: now)
      if action == .fail(.timedOut) { break }
      #expect(action == .send(2..<3))
    }
    // The one answer took 1 ms.
    #expect(waits.first == .milliseconds(1) + RoundTrip.floor)
    #expect(zip(waits, waits.dropFirst()).allSatisfy { $1 == min($0 * 2, .seconds(4)) })
    #expect((.seconds(30)...(.seconds(34))).contains(now - at(1)))
    #expect(transfer.isEnded)
  }

  @Test("a first packet that nobody answers is repeated four times in ten seconds at most")
  func unanswered() throws {
    var transfer = try transfer(size: 10_000, window: 64)
    var sent = transfer.start(at: at(0)) == .acknowledgeOptions ? 1 : 0
    while transfer.timeout(at: transfer.deadline) == .acknowledgeOptions { sent += 1 }
    #expect(transfer.isEnded)
    #expect(sent <= 5)
  }

  @Test("the client's timeout option is the longest first wait")
  func timeoutOption() throws {
    var transfer = try transfer(size: 10_000, timeout: 3)
    _ = transfer.start(at: at(0))
    #expect(transfer.deadline == at(3000))
  }

  @Test("a repeated request is answered again, until the client has answered")
  func repeatedRequest() throws {
    var transfer = try transfer(size: 10_000, window: 2)
    _ = transfer.start(at: at(0))
    #expect(transfer.requestRepeated(at: at(5)) == .acknowledgeOptions)
    _ = transfer.acknowledged(0, at: at(6))
    #expect(transfer.requestRepeated(at: at(7)) == nil)
  }

  @Test("an ERROR on the OACK declines, later it abandons")
  func errors() throws {
    var probe = try transfer(size: 10_000, window: 2)
    _ = probe.start(at: at(0))
    #expect(probe.failed(.undefined, message: "size known") == .fail(.declined(.undefined, message: "size known")))
    var read = try transfer(size: 10_000)
    _ = read.start(at: at(0))
    _ = read.acknowledged(1, at: at(1))
    #expect(read.failed(.diskFull, message: "full") == .fail(.abandoned(.diskFull, message: "full")))
    #expect(read.acknowledged(2, at: at(2)) == .wait)
    #expect(read.acknowledgedBytes == 512)
  }

  @Test("a closed port ends the transfer; well, if only the last ACK was lost")
  func unreachable() throws {
    var early = try transfer(size: 10_000)
    _ = early.start(at: at(0))
    _ = early.acknowledged(1, at: at(1))
    #expect(early.becameUnreachable() == .fail(.unreachable))
    var late = try transfer(size: 600)
    _ = late.start(at: at(0))
    _ = late.acknowledged(1, at: at(1))
    #expect(late.becameUnreachable() == .finish)
  }
}
