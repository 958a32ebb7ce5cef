public import TFTP

/// A TFTP client as a value: feed it datagrams and time-outs, send what it answers.
public struct TFTPReader: Sendable {
  /// How a client tells of blocks that came out of order or twice. RFC 7440 §4 leaves it open; both are found.
  public enum Manners: Sendable {
    /// One ACK for each gap, and for the block it acknowledged last if that comes again.
    case terse

    /// An ACK for every block that is not the next one.
    case chatty
  }

  public let request: TFTPRequest
  public let manners: Manners

  /// The content so far.
  public private(set) var received: [UInt8] = []

  /// The options of the OACK.
  public private(set) var granted: [TFTPOption] = []

  /// The last block came.
  public private(set) var isComplete = false

  /// The server's ERROR.
  public private(set) var refusal: TFTPRefusal?

  /// DATA packets seen, duplicates included.
  public private(set) var dataPackets = 0

  private var blockSize = 512
  private var windowSize = 1
  private var last = 0
  private var unacknowledged = 0
  private var hasToldOfGap = false
  private var hasBegun = false

  public init(_ request: TFTPRequest, manners: Manners = .terse) {
    self.request = request
    self.manners = manners
  }

  /// A read of `name` with the usual options.
  public init(
    _ name: String, mode: TFTPRequest.Mode = .octet, blockSize: Int? = nil, windowSize: Int? = nil,
    asksSize: Bool = false, timeout: Int? = nil, manners: Manners = .terse
  ) {
    var options = [TFTPOption]()
    if let blockSize { options.append(TFTPOption(.blockSize, String(blockSize))) }
    if let windowSize { options.append(TFTPOption(.windowSize, String(windowSize))) }
    if asksSize { options.append(TFTPOption(.transferSize, "0")) }
    if let timeout { options.append(TFTPOption(.timeout, String(timeout))) }
    self.init(TFTPRequest(name: name, mode: mode, options: options), manners: manners)
  }

  public var isEnded: Bool { isComplete || refusal != nil }

  /// What to send when nothing came for a while, and first of all.
  public mutating func timedOut() -> TFTPPacket {
    unacknowledged = 0
    hasToldOfGap = false
    return hasBegun ? acknowledgement : .readRequest(request)
  }

  /// Takes a datagram of the server and answers it.
  public mutating func receive(_ datagram: Span<UInt8>) throws(TFTPParseError) -> TFTPPacket? {
    switch try TFTPPacket(parsing: datagram) {
    case .optionAcknowledgement(let options):
      guard last == 0 else { return nil }
      hasBegun = true
      granted = options
      for option in options {
        switch option.name {
        case .blockSize: blockSize = Int(option.value) ?? 512
        case .windowSize: windowSize = Int(option.value) ?? 1
        default: break
        }
      }
      return acknowledgement
    case .data(let block, let content):
      dataPackets += 1
      hasBegun = true
      guard block == UInt16(truncatingIfNeeded: last + 1), !isComplete else { return outOfOrder(block) }
      last += 1
      unacknowledged += 1
      hasToldOfGap = false
      datagram.extracting(content).withUnsafeBufferPointer { received.append(contentsOf: $0) }
      isComplete = content.count < blockSize
      guard isComplete || unacknowledged == windowSize else { return nil }
      unacknowledged = 0
      return acknowledgement
    case .error(let code, let message):
      refusal = TFTPRefusal(code, message)
      return nil
    case .acknowledgement, .readRequest, .writeRequest: return nil
    }
  }

  private mutating func outOfOrder(_ block: UInt16) -> TFTPPacket? {
    let isAhead = block &- UInt16(truncatingIfNeeded: last + 1) < 32768
    let isRepetition = block == UInt16(truncatingIfNeeded: last) && unacknowledged == 0
    guard manners == .chatty || isComplete || isRepetition || (isAhead && !hasToldOfGap) else { return nil }
    hasToldOfGap = true
    unacknowledged = 0
    return acknowledgement
  }

  private var acknowledgement: TFTPPacket { .acknowledgement(block: UInt16(truncatingIfNeeded: last)) }
}
