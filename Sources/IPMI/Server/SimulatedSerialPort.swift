/// The serial port of a simulated machine while a session has it: what is typed comes back, and the machine says what
/// happens to it. The BMC's half of ``SerialOverLAN``; the packet's layout stands there. IPMI v2.0 §15.9, §15.11.
struct SimulatedSerialPort: Sendable {
  /// Said and not yet taken, at most: as much as a BMC buffers. What is more is lost and told as overrun.
  static let mostWaiting = 2048

  /// Characters of one packet, each way.
  static let mostCharacters = 200

  private static let interval: Duration = .milliseconds(500)
  private static let attempts = 7

  /// Of the session that has the port.
  let session: UInt32

  /// Characters that the console typed.
  private(set) var typedCharacters = 0

  /// When ``poll(at:)`` has something to do.
  private(set) var deadline: ContinuousClock.Instant?

  private var waiting: [UInt8] = []
  private var hasOverrun = false
  private var nextSequence: UInt8 = 1
  private var inFlight: (sequence: UInt8, characters: [UInt8], attempts: Int)?
  private var lastReceived: UInt8 = 0
  private var lastAccepted: UInt8 = 0

  init(session: UInt32) { self.session = session }

  /// A packet came: what to send back, if anything.
  mutating func receive(_ payload: Span<UInt8>, at now: ContinuousClock.Instant) throws(IPMIParseError) -> [UInt8]? {
    var offset = 0
    let sequence = try payload.byte(at: &offset) & 0x0f
    let acknowledged = try payload.byte(at: &offset) & 0x0f
    let accepted = Int(try payload.byte(at: &offset))
    let operation = try payload.byte(at: &offset)
    let characters = payload.rest(at: &offset)

    if let packet = inFlight, packet.sequence == acknowledged {
      let taken = min(accepted, packet.characters.count)
      waiting.insert(contentsOf: packet.characters.dropFirst(taken), at: 0)
      inFlight = nil
      // Refused, in whole or in part: after a while.
      deadline = waiting.isEmpty ? nil : operation & 0x40 != 0 ? now + Self.interval : now
    }
    guard sequence != 0 else { return inFlight == nil ? poll(at: now) : nil }
    if sequence != lastReceived {
      lastReceived = sequence
      let space = Self.mostWaiting - waiting.count
      let taken = characters.prefix(space)
      lastAccepted = UInt8(clamping: taken.count)
      typedCharacters &+= taken.count
      if operation & 0x10 != 0 { write("[break]\r\n", at: now) }
      echo(taken, at: now)
    }
    var packet: [UInt8] = [0, sequence, lastAccepted, 0]
    // Characters ride along with the acknowledgement.
    if inFlight == nil, let next = poll(at: now) {
      packet[0] = next[0]
      packet[3] = next[3]
      packet += next.dropFirst(4)
    }
    return packet
  }

  /// The machine says something.
  mutating func write(_ text: String, at now: ContinuousClock.Instant) { say(Array(text.utf8), at: now) }

  private mutating func echo(_ characters: ArraySlice<UInt8>, at now: ContinuousClock.Instant) {
    say(characters.flatMap { $0 == 0x0d ? [0x0d, 0x0a] : [$0] }, at: now)
  }

  private mutating func say(_ characters: [UInt8], at now: ContinuousClock.Instant) {
    guard !characters.isEmpty else { return }
    let space = Self.mostWaiting - waiting.count
    if characters.count > space { hasOverrun = true }
    waiting += characters.prefix(max(0, space))
    if inFlight == nil, deadline == nil { deadline = now }
  }

  /// What to send when ``deadline`` has passed: new characters, or those that were not acknowledged.
  mutating func poll(at now: ContinuousClock.Instant) -> [UInt8]? {
    guard let due = deadline, now >= due else { return nil }
    deadline = nil
    if var packet = inFlight {
      // Nobody listens: as real BMCs do, forget these and go on.
      guard packet.attempts < Self.attempts else {
        inFlight = nil
        hasOverrun = true
        return sendNext(at: now)
      }
      packet.attempts += 1
      inFlight = packet
      deadline = now + Self.interval
      return [packet.sequence, 0, 0, 0] + packet.characters
    }
    return sendNext(at: now)
  }

  private mutating func sendNext(at now: ContinuousClock.Instant) -> [UInt8]? {
    guard !waiting.isEmpty else { return nil }
    let characters = Array(waiting.prefix(Self.mostCharacters))
    waiting.removeFirst(characters.count)
    let sequence = nextSequence
    nextSequence = sequence == 15 ? 1 : sequence + 1
    inFlight = (sequence, characters, 1)
    deadline = now + Self.interval
    defer { hasOverrun = false }
    return [sequence, 0, 0, hasOverrun ? 0x08 : 0] + characters
  }

  /// The packet that tells a console that the port is no longer its.
  static let deactivation: [UInt8] = [0, 0, 0, 0x10]
}
