/// The characters' way between a console and a machine's serial port. IPMI v2.0 §15.9, §15.11.
///
/// ```
/// | sequence:4 | acknowledged:4 | accepted characters | operation or status | characters … |
/// ```
/// A value without socket or clock; its payloads travel in an ``IPMISession`` as ``PayloadType/serialOverLAN``.
/// One packet with characters is on its way in each direction. The receiver says how many of its characters it took;
/// the rest is sent again under a new number. A packet that comes twice is acknowledged twice and read once. Packets
/// with number 0 only acknowledge.
public struct SerialOverLAN: Sendable {
  public enum Action: Hashable, Sendable {
    /// Send this payload.
    case send([UInt8])

    /// The machine's output.
    case received([UInt8])

    /// The BMC lost characters of the machine's output.
    case overrun

    /// The machine sent a break.
    case broke

    /// The BMC ended it: another session took the port, or somebody deactivated it.
    case deactivated

    /// Nothing was acknowledged for all attempts.
    case timedOut
  }

  /// Typed and not yet sent, at most.
  public static let mostWaiting = 4096

  private static let interval: Duration = .milliseconds(500)
  private static let attempts = 8

  /// Characters of one packet.
  public let mostCharacters: Int

  /// When ``timeout(at:)`` has something to do.
  public private(set) var deadline: ContinuousClock.Instant?

  /// Characters that the BMC took, and that it sent.
  public private(set) var sentCharacters = 0
  public private(set) var receivedCharacters = 0

  private var waiting: [UInt8] = []
  private var wantsBreak = false
  private var nextSequence: UInt8 = 1
  private var inFlight: (sequence: UInt8, characters: [UInt8], isBreak: Bool, attempts: Int)?
  private var lastReceived: UInt8 = 0
  private var lastAccepted: UInt8 = 0
  private var isOver = false

  public init(mostCharacters: Int) { self.mostCharacters = max(1, min(mostCharacters, 251)) }

  /// Everything typed was taken by the BMC.
  public var isIdle: Bool { waiting.isEmpty && inFlight == nil && !wantsBreak }

  /// Takes what was typed; of more than fits, the first part. Says how many characters it took.
  public mutating func type(
    _ characters: [UInt8], at now: ContinuousClock.Instant
  ) -> (taken: Int, actions: [Action]) {
    guard !isOver else { return (0, []) }
    let taken = min(characters.count, Self.mostWaiting - waiting.count)
    waiting += characters.prefix(taken)
    return (taken, sendNext(at: now))
  }

  /// Sends a break (for SysRq).
  public mutating func sendBreak(at now: ContinuousClock.Instant) -> [Action] {
    guard !isOver else { return [] }
    wantsBreak = true
    return sendNext(at: now)
  }

  /// A payload came.
  public mutating func receive(
    _ payload: Span<UInt8>, at now: ContinuousClock.Instant
  ) throws(IPMIParseError) -> [Action] {
    guard !isOver else { return [] }
    var offset = 0
    let sequence = try payload.byte(at: &offset) & 0x0f
    let acknowledged = try payload.byte(at: &offset) & 0x0f
    let accepted = Int(try payload.byte(at: &offset))
    let status = try payload.byte(at: &offset)
    let characters = payload.rest(at: &offset)
    var actions = [Action]()

    if sequence != 0 {
      if sequence == lastReceived {
        actions.append(.send([0, sequence, lastAccepted, 0]))
      } else {
        lastReceived = sequence
        lastAccepted = UInt8(clamping: characters.count)
        receivedCharacters += characters.count
        if !characters.isEmpty { actions.append(.received(characters)) }
        actions.append(.send([0, sequence, lastAccepted, 0]))
      }
    }
    if status & 0x08 != 0 { actions.append(.overrun) }
    if status & 0x04 != 0 { actions.append(.broke) }
    if status & 0x10 != 0 {
      isOver = true
      deadline = nil
      return actions + [.deactivated]
    }
    guard let packet = inFlight, packet.sequence == acknowledged else { return actions }
    // More than was sent is a mistake of the BMC.
    let taken = min(accepted, packet.characters.count)
    sentCharacters += taken
    let rest = packet.characters.dropFirst(taken)
    waiting.insert(contentsOf: rest, at: 0)
    inFlight = nil
    deadline = nil
    if status & 0x40 != 0 || !rest.isEmpty {
      // Refused, in whole or in part: not now, its buffer is full. What is left goes again after a while.
      if packet.isBreak, rest.count == packet.characters.count { wantsBreak = true }
      deadline = now + Self.interval
      return actions
    }
    return actions + sendNext(at: now)
  }

  /// ``deadline`` has passed.
  public mutating func timeout(at now: ContinuousClock.Instant) -> [Action] {
    guard let due = deadline, now >= due, !isOver else { return [] }
    deadline = nil
    guard var packet = inFlight else { return sendNext(at: now) }
    guard packet.attempts < Self.attempts else {
      isOver = true
      return [.timedOut]
    }
    packet.attempts += 1
    inFlight = packet
    deadline = now + Self.interval
    return [.send(Self.bytes(packet.sequence, packet.characters, isBreak: packet.isBreak))]
  }

  private mutating func sendNext(at now: ContinuousClock.Instant) -> [Action] {
    guard inFlight == nil else { return [] }
    // Waiting after a refusal.
    if let due = deadline, now < due { return [] }
    guard !waiting.isEmpty || wantsBreak else {
      deadline = nil
      return []
    }
    let characters = Array(waiting.prefix(mostCharacters))
    waiting.removeFirst(characters.count)
    let sequence = nextSequence
    nextSequence = sequence == 15 ? 1 : sequence + 1
    inFlight = (sequence, characters, wantsBreak, 1)
    deadline = now + Self.interval
    defer { wantsBreak = false }
    return [.send(Self.bytes(sequence, characters, isBreak: wantsBreak))]
  }

  private static func bytes(_ sequence: UInt8, _ characters: [UInt8], isBreak: Bool) -> [UInt8] {
    [sequence, 0, 0, isBreak ? 0x10 : 0] + characters
  }
}
