import TFTP

@Sendable func feedTFTPPacket(_ bytes: [UInt8]) {
  guard let packet = try? TFTPPacket(parsing: bytes.span) else { return }
  var again = packet.bytes
  // Of DATA the header is written, which the content follows.
  if case .data(_, let content) = packet { again += bytes[content] }
  hold((try? TFTPPacket(parsing: again.span)) == packet, "what was read is written so that it is read the same")
  guard case .readRequest(let request) = packet else { return }
  _ = TFTPName.normalized(request.name)
  let limits = TFTPLimits()
  guard let parameters = try? TFTPParameters(answering: request, size: 100_000, limits: limits) else { return }
  hold((8...limits.blockSize).contains(parameters.blockSize), "a block is as long as allowed")
  hold((1...limits.windowSize).contains(parameters.windowSize), "a window is as long as allowed")
}

@Sendable func feedTFTPTransfer(_ bytes: [UInt8]) {
  var script = FuzzScript(bytes)
  let size = Int(script.word()) * 7
  var options: [TFTPOption] = []
  if script.byte() & 1 == 0 { options.append(TFTPOption(.windowSize, String(1 + Int(script.byte()) % 64))) }
  options.append(TFTPOption(.blockSize, String(8 + Int(script.byte()) * 5)))
  guard
    let parameters = try? TFTPParameters(
      answering: TFTPRequest(name: "x", options: options), size: size, limits: TFTPLimits())
  else { return }
  var now = ContinuousClock.now
  var transfer = TFTPTransfer(size: size, parameters: parameters, now: now)
  var isEnded = false
  var wasAllSent = false
  func check(_ action: TFTPTransfer.Action?) {
    guard let action else { return }
    if isEnded { hold(action == .wait, "nothing happens after the end") }
    switch action {
    case .send(let blocks):
      hold(!blocks.isEmpty && blocks.lowerBound >= 1, "something is sent")
      hold(blocks.upperBound <= transfer.lastBlock + 1, "nothing behind the last block is sent")
      hold(blocks.count <= parameters.windowSize, "no more than a window is sent")
      for block in blocks {
        let range = transfer.bytes(of: block)
        hold(range.lowerBound >= 0 && range.upperBound <= size, "a block is of the file")
      }
      if blocks.upperBound > transfer.lastBlock { wasAllSent = true }
    case .finish: hold(wasAllSent, "the end comes after the last block")
    case .wait, .acknowledgeOptions, .fail: break
    }
    if transfer.isEnded { isEnded = true }
  }
  check(transfer.start(at: now))
  while !script.isEmpty {
    let event = script.byte()
    now += .milliseconds(Int(event >> 3) * 20)
    switch event & 7 {
    case 0, 1, 2: check(transfer.acknowledged(script.word(), at: now))
    // An acknowledgement near the window.
    case 3:
      let near = transfer.acknowledgedBytes / parameters.blockSize + Int(script.byte()) - 8
      check(transfer.acknowledged(TFTPTransfer.blockNumber(of: near), at: now))
    case 4:
      now = max(now, transfer.deadline)
      check(transfer.timeout(at: now))
    case 5: check(transfer.requestRepeated(at: now))
    case 6: check(transfer.timeout(at: now))
    default: check(script.byte() == 0 ? transfer.becameUnreachable() : .wait)
    }
  }
}
