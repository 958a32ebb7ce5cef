/// One read as the server sees it: which blocks go out, when they go out again, and when it is over.
///
/// A value that knows block numbers and time but no bytes, socket or clock. Feed it what happens; do what it answers;
/// call ``timeout(at:)`` once ``deadline`` has passed.
///
/// ```
/// ready ──start──▶ offering (OACK sent) ──ACK 0──▶ sending ──ACK of the last block──▶ ended
///            └────── no options ─────────────────────┘ │
///                        any state ──ERROR, patience used up──▶ ended
/// ```
/// - Blocks count from 1 and on beyond 65535; on the wire the number rolls over to 0 (``blockNumber(of:)``).
/// - An ACK inside the window rewinds to the block after it (RFC 7440 §4), once for each time the window was sent.
/// - An ACK that was seen before is not answered: otherwise each delayed packet doubles the traffic for the rest of the
///   transfer ("Sorcerer's Apprentice", RFC 1123 §4.2.3.1). One exception keeps windows fast: see ``repeated(at:)``.
/// - The last block is shorter than the block size, empty if need be; that is how the client knows the end.
public struct TFTPTransfer: Hashable, Sendable {
  /// What the server is to do.
  public enum Action: Hashable, Sendable {
    /// Nothing.
    case wait

    /// Send the OACK.
    case acknowledgeOptions

    /// Send these blocks.
    case send(Range<Int>)

    /// All is acknowledged.
    case finish

    case fail(TFTPFailure)
  }

  private enum Phase: Hashable {
    case ready
    case offering
    case sending
    case ended
  }

  /// Before anything was measured.
  private static let firstInterval: Duration = .seconds(1)

  /// The longest wait between two attempts, unless the client asked for a longer one.
  private static let longestInterval: Duration = .seconds(4)

  public let parameters: TFTPParameters

  /// Which bytes go into which block.
  public let layout: TFTPLayout

  /// When ``timeout(at:)`` has something to do.
  public private(set) var deadline: ContinuousClock.Instant

  /// Blocks sent more than once, for whoever counts losses.
  public private(set) var resentBlocks = 0

  /// ACKs of blocks that were never sent.
  public private(set) var impossibleAcknowledgements = 0

  private let limits: TFTPLimits
  private var phase = Phase.ready
  private var roundTrip = RoundTrip()

  /// The window: the first block not acknowledged, and the one after the last that was sent.
  private var window = 1..<1

  /// When the window, or the OACK, was sent, and whether a part of it was sent before.
  private var sentAt: ContinuousClock.Instant
  private var isResent = false

  /// Whether that was so of the window before this one.
  private var wasResent = false

  /// When the client last acknowledged something new.
  private var progressAt: ContinuousClock.Instant
  private var hasAnswered = false

  /// The wait before the next retransmission; doubles with each until there is progress.
  private var interval: Duration

  public init(size: Int, parameters: TFTPParameters, limits: TFTPLimits = TFTPLimits(), now: ContinuousClock.Instant) {
    self.layout = TFTPLayout(size: size, blockSize: parameters.blockSize)
    self.parameters = parameters
    self.limits = limits
    self.interval = parameters.timeout ?? Self.firstInterval
    self.deadline = now + interval
    self.sentAt = now
    self.progressAt = now
  }

  /// Bytes as sent.
  public var size: Int { layout.size }

  /// The number of the last block.
  public var lastBlock: Int { layout.lastBlock }

  /// The bytes of the file that a block carries.
  public func bytes(of block: Int) -> Range<Int> { layout.bytes(of: block) }

  /// A block's number on the wire: 16 bits, 65535 is followed by 0.
  public static func blockNumber(of block: Int) -> UInt16 { UInt16(truncatingIfNeeded: block) }

  /// The bytes the client has for certain.
  public var acknowledgedBytes: Int { min(size, (window.lowerBound - 1) * parameters.blockSize) }

  /// Whether nothing will ever happen again.
  public var isEnded: Bool { phase == .ended }

  /// Answers the request: with an OACK if options were granted, else with the first block.
  public mutating func start(at now: ContinuousClock.Instant) -> Action {
    guard phase == .ready else { return .wait }
    progressAt = now
    if parameters.acknowledged.isEmpty {
      phase = .sending
      return sendWindow(from: 1, at: now)
    }
    phase = .offering
    sentAt = now
    deadline = now + interval
    return .acknowledgeOptions
  }

  /// The client sent its request again: it has not seen the answer. `nil` if it had: it has begun anew.
  public mutating func requestRepeated(at now: ContinuousClock.Instant) -> Action? {
    guard !hasAnswered, phase == .offering || phase == .sending else { return nil }
    return resend(at: now)
  }

  /// An ACK arrived.
  public mutating func acknowledged(_ number: UInt16, at now: ContinuousClock.Instant) -> Action {
    switch phase {
    case .ready, .ended: return .wait
    case .offering:
      guard number == 0 else {
        impossibleAcknowledgements += 1
        return .wait
      }
      phase = .sending
      progressed(at: now)
      wasResent = isResent
      isResent = false
      return sendWindow(from: 1, at: now)
    case .sending:
      // How far the number is ahead of the last acknowledged block, modulo 65536. Old ACKs are "far ahead", as are
      // those of blocks never sent: the window is much smaller than the circle.
      let last = window.lowerBound - 1
      let block = last + Int(number &- Self.blockNumber(of: last))
      if block == last { return repeated(at: now) }
      guard window.contains(block) else {
        if block - window.upperBound < 32768 { impossibleAcknowledgements += 1 }
        return .wait
      }
      progressed(at: now)
      guard block < lastBlock else {
        window = window.upperBound..<window.upperBound
        phase = .ended
        return .finish
      }
      guard block + 1 < window.upperBound else {
        wasResent = isResent
        isResent = false
        return sendWindow(from: block + 1, at: now)
      }
      return isResent && isEcho(at: now) ? extendWindow(to: block + 1, at: now) : rewind(to: block + 1, at: now)
    }
  }

  /// The client sent an ERROR packet.
  public mutating func failed(_ code: TFTPErrorCode, message: String) -> Action {
    let isOffering = phase == .offering
    return end(isOffering ? .declined(code, message: message) : .abandoned(code, message: message))
  }

  /// The client's port is closed. If only the end was unacknowledged, its last ACK was lost and it is content.
  public mutating func becameUnreachable() -> Action {
    guard phase == .sending, hasAnswered, window.upperBound > lastBlock else { return end(.unreachable) }
    phase = .ended
    return .finish
  }

  /// The server goes down.
  public mutating func shutDown() -> Action { end(.shutDown) }

  /// Time has passed.
  public mutating func timeout(at now: ContinuousClock.Instant) -> Action {
    guard phase == .offering || phase == .sending, now >= deadline else { return .wait }
    let patience = hasAnswered ? max(limits.patience, (parameters.timeout ?? .zero) * 3) : limits.firstPatience
    guard now - progressAt < patience else { return end(.timedOut) }
    interval = min(interval * 2, max(Self.longestInterval, parameters.timeout ?? .zero))
    return resend(at: now)
  }

  /// The block before the window was acknowledged once more.
  ///
  /// With windows this is how a client says that the first block of the window was lost (RFC 7440 §4), so the window is
  /// sent again; but only when it cannot be an echo: once per window, not before the answer to this window could be
  /// here, and not right after a window that was itself sent twice, whose ACKs come twice too.
  private mutating func repeated(at now: ContinuousClock.Instant) -> Action {
    guard parameters.windowSize > 1, hasAnswered, !isResent, !wasResent, !isEcho(at: now) else { return .wait }
    return resend(at: now)
  }

  /// Whether an ACK comes too early to be about what was sent last.
  private func isEcho(at now: ContinuousClock.Instant) -> Bool {
    guard let shortest = roundTrip.minimum else { return true }
    return now - sentAt < shortest / 2
  }

  /// A block inside the window is missing: go on from there.
  private mutating func rewind(to block: Int, at now: ContinuousClock.Instant) -> Action {
    isResent = true
    resentBlocks += window.upperBound - block
    return sendWindow(from: block, at: now)
  }

  /// The blocks after `block` are on their way for the second time already: only what the client now also waits for.
  private mutating func extendWindow(to block: Int, at now: ContinuousClock.Instant) -> Action {
    let sent = window.upperBound
    window = block..<min(block + parameters.windowSize, lastBlock + 1)
    deadline = now + interval
    return sent < window.upperBound ? .send(sent..<window.upperBound) : .wait
  }

  private mutating func progressed(at now: ContinuousClock.Instant) {
    if !isResent { roundTrip.measured(now - sentAt) }
    hasAnswered = true
    progressAt = now
    let longest = parameters.timeout ?? Self.firstInterval
    interval = min(longest, roundTrip.retransmissionInterval ?? longest)
  }

  private mutating func sendWindow(from block: Int, at now: ContinuousClock.Instant) -> Action {
    window = block..<min(block + parameters.windowSize, lastBlock + 1)
    sentAt = now
    deadline = now + interval
    return .send(window)
  }

  private mutating func resend(at now: ContinuousClock.Instant) -> Action {
    isResent = true
    sentAt = now
    deadline = now + interval
    if phase == .offering { return .acknowledgeOptions }
    resentBlocks += window.count
    return .send(window)
  }

  private mutating func end(_ failure: TFTPFailure) -> Action {
    guard phase != .ended else { return .wait }
    phase = .ended
    return .fail(failure)
  }
}
