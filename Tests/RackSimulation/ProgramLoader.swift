import TFTP
import TFTPTesting

/// A boot program read by TFTP as ROMs do: first its size, in a transfer that is broken off, then all of it.
struct ProgramLoader {
  struct Habits: Hashable {
    var name: String
    var blockSize: Int
    var windowSize: Int?
    /// EDK2 and Intel's ROMs ask with `tsize` and end that with an ERROR.
    var asksSizeFirst: Bool
    /// After which the last packet is sent again.
    var wait: Nanoseconds
    /// How often without an answer.
    var tries: Int
  }

  enum Step {
    case wait
    case send(TFTPPacket)
    /// The size is known, and the transfer for it broken off by this packet; go on with ``begin(_:)`` from another port.
    case next(TFTPPacket)
    /// It is all there, and this packet says so.
    case complete(TFTPPacket, program: [UInt8])
    /// The boot host refused, or ended it.
    case refused(TFTPRefusal)
    /// Nobody answered.
    case gaveUp
  }

  let habits: Habits
  /// Where it is sent from; a new one for each request.
  private(set) var port: UInt16
  /// The host's port, once it has answered.
  private(set) var hostPort: UInt16?
  private(set) var deadline: Nanoseconds
  private(set) var began: Nanoseconds

  private var reader: TFTPReader
  private var isProbing: Bool
  private var tries = 0

  init(_ habits: Habits, port: UInt16, now: Nanoseconds) {
    self.habits = habits
    self.port = port
    began = now
    deadline = now
    isProbing = habits.asksSizeFirst
    reader = Self.reader(habits, asksSize: habits.asksSizeFirst)
  }

  private static func reader(_ habits: Habits, asksSize: Bool) -> TFTPReader {
    TFTPReader(habits.name, blockSize: habits.blockSize, windowSize: habits.windowSize, asksSize: asksSize)
  }

  /// The request.
  mutating func begin(_ now: Nanoseconds) -> TFTPPacket {
    deadline = now + habits.wait
    return reader.timedOut()
  }

  mutating func timedOut(_ now: Nanoseconds) -> Step {
    guard now >= deadline else { return .wait }
    tries += 1
    guard tries < habits.tries else { return .gaveUp }
    deadline = now + habits.wait
    return .send(reader.timedOut())
  }

  mutating func receive(_ bytes: [UInt8], from host: UInt16, _ now: Nanoseconds) -> Step {
    // The first answer decides whom it talks to (RFC 1350 §4).
    guard hostPort == nil || hostPort == host else { return .wait }
    let before = reader.received.count
    guard let answer = try? reader.receive(bytes.span) else {
      if let refusal = reader.refusal { return .refused(refusal) }
      if reader.received.count > before { progressed(from: host, now) }
      return .wait
    }
    if isProbing {
      isProbing = false
      return .next(.error(TFTPErrorCode(rawValue: 8), message: "User aborted the transfer"))
    }
    if reader.received.count > before || hostPort == nil { progressed(from: host, now) }
    return reader.isComplete ? .complete(answer, program: reader.received) : .send(answer)
  }

  /// From another port, for the next request.
  mutating func move(to port: UInt16, _ now: Nanoseconds) {
    self.port = port
    hostPort = nil
    tries = 0
    began = now
    reader = Self.reader(habits, asksSize: false)
  }

  private mutating func progressed(from host: UInt16, _ now: Nanoseconds) {
    hostPort = host
    tries = 0
    deadline = now + habits.wait
  }
}
