public import Wire

/// What is asked of a link: whether somebody has an address. Frames and clock are the caller's.
///
/// All questions are out at one time, each for ``wait``, so a rack that is switched on for the first time waits no longer than one
/// machine. There is a bound to them; what is beyond it is offered without having been asked for.
public struct AddressProber: Sendable {
  /// Questions that are out at one time.
  public static let limit = 1024
  /// Milliseconds that an offer waits for an answer. A station answers within one; ROMs ask again after four seconds, iPXE after one.
  public static let wait: Int64 = 250
  /// Milliseconds after which is asked once more, for a frame may be lost.
  static let pause: Int64 = 100
  /// Addresses that are tried for one DISCOVER; then the client is to ask again.
  public static let attempts = 16
  /// Addresses that one station may have within an hour. A router that answers for everybody (proxy ARP) would empty the pool.
  static let addressesOfOne = 16
  /// Stations that are remembered to have answered.
  private static let stations = 256

  /// A question, and the message that waits for the answer.
  public struct Question: Sendable {
    public let probe: AddressProbe
    public fileprivate(set) var packet: DHCPPacket
    public fileprivate(set) var frame: UDPFrame
    /// Which of the caller's networks it is about.
    public let network: Int
    /// How many addresses were tried for the message before.
    public let attempt: Int
    fileprivate var asked = Timestamp(milliseconds: 0)

    public init(_ probe: AddressProbe, for packet: DHCPPacket, in frame: UDPFrame, network: Int, attempt: Int) {
      self.probe = probe
      self.packet = packet
      self.frame = frame
      self.network = network
      self.attempt = attempt
    }
  }

  /// What becomes of a question.
  public enum Begun: Hashable, Sendable {
    /// It is to be sent.
    case ask
    /// It is out already: the client asked again, and is answered as it asked last.
    case isOut
    /// Too many are out: offer the address as it is.
    case tooMany
  }

  /// What an answer means.
  public enum Answer: Sendable {
    /// Nothing to us.
    case none
    /// Somebody else has the address.
    case taken(Question)
    /// The station answers for more addresses than one has, and is not believed; whether that is new.
    case proxy(isNews: Bool)
  }

  /// In the order that they were asked in.
  private var questions: [Question] = []
  /// So many of the first were asked twice.
  private var repeated = 0
  private var answers: [MACAddress: (count: Int, since: Timestamp)] = [:]

  public init() {}

  /// How many questions are out.
  public var count: Int { questions.count }

  /// Takes a question on.
  public mutating func begin(_ question: Question, now: Timestamp) -> Begun {
    if let index = questions.firstIndex(where: { $0.probe == question.probe }) {
      questions[index].packet = question.packet
      questions[index].frame = question.frame
      return .isOut
    }
    guard questions.count < Self.limit else { return .tooMany }
    var question = question
    question.asked = now
    questions.append(question)
    return .ask
  }

  /// Takes what a station says: that it has an address.
  public mutating func hear(_ address: IPv4Address, from station: MACAddress, now: Timestamp) -> Answer {
    guard !questions.isEmpty, let index = questions.lastIndex(where: { $0.probe.address == address }),
      questions[index].probe.mac != station
    else { return .none }
    let count = countAnswer(of: station, now: now)
    guard count <= Self.addressesOfOne else { return .proxy(isNews: count == Self.addressesOfOne + 1) }
    if index < repeated { repeated -= 1 }
    return .taken(questions.remove(at: index))
  }

  private mutating func countAnswer(of station: MACAddress, now: Timestamp) -> Int {
    if answers.count >= Self.stations, answers[station] == nil { answers.removeAll() }
    var answer = answers[station] ?? (0, now)
    if now < answer.since || now >= answer.since.advanced(bySeconds: 3600) { answer = (0, now) }
    answer.count += 1
    answers[station] = answer
    return answer.count
  }

  /// Those that nobody answered in time: their addresses can be offered. And what is to be asked once more.
  public mutating func turn(now: Timestamp) -> (unanswered: [Question], again: [IPv4Address]) {
    let due = questions.prefix { Self.isOver(Self.wait, since: $0.asked, now) }
    let unanswered = Array(due)
    questions.removeFirst(unanswered.count)
    repeated = max(0, repeated - unanswered.count)
    var again: [IPv4Address] = []
    while repeated < questions.count, Self.isOver(Self.pause, since: questions[repeated].asked, now) {
      again.append(questions[repeated].probe.address)
      repeated += 1
    }
    return (unanswered, again)
  }

  /// Milliseconds until there is something to do; `nil` when there is nothing.
  public func patience(now: Timestamp) -> Int64? {
    guard let first = questions.first else { return nil }
    var next = first.asked.milliseconds + Self.wait
    if repeated < questions.count { next = min(next, questions[repeated].asked.milliseconds + Self.pause) }
    return max(0, min(next - now.milliseconds, Self.wait))
  }

  /// A clock that was set back makes nobody wait.
  private static func isOver(_ milliseconds: Int64, since start: Timestamp, _ now: Timestamp) -> Bool {
    now.milliseconds >= start.milliseconds + milliseconds || now < start
  }
}
