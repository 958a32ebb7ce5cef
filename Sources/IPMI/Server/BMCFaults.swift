/// What goes wrong with a simulated BMC and on the network before it. None, unless told otherwise.
///
/// Shares are 0…1. All draws come from the generator that is passed where they happen, so a run can be done again by
/// its seed.
public struct BMCFaults: Hashable, Sendable {
  // MARK: The network

  /// Shares of datagrams that never arrive at the BMC, and at the console.
  public var lossIn = 0.0
  public var lossOut = 0.0

  /// Share of datagrams that arrive twice, each way.
  public var duplication = 0.0

  /// Share of datagrams, each way, that are held up by ``holdUp``, so that later ones overtake them.
  public var reordering = 0.0
  public var holdUp: Duration = .milliseconds(50)

  /// From a request to its answer; all of it is spent on the answer's way.
  public var roundTrip: Duration = .zero

  /// Added to ``roundTrip``: up to this much.
  public var jitter: Duration = .zero

  // MARK: Wrong answers, as shares of the answers

  /// A damaged integrity code, or any other last byte.
  public var wrongIntegrity = 0.0

  /// A wrong checksum within a good packet: firmware that miscounts.
  public var wrongChecksum = 0.0

  /// A good packet for a session that is not the console's.
  public var wrongSession = 0.0

  /// The answer to another request (rqSeq + 1): firmware that mixes up its answers.
  public var wrongSequence = 0.0

  /// The end is missing.
  public var truncation = 0.0

  /// The answer before is sent again instead of this one.
  public var replay = 0.0

  // MARK: The BMC

  /// Every session is taken, always.
  public var isExhausted = false

  /// RAKP messages 2 and 4 take this long: slow processors with many rounds of SHA.
  public var slowLogin: Duration = .zero

  /// The first so many requests are answered with node busy.
  public var busyAnswers = 0

  /// Open session requests for these suites are passed over without a word, as some firmware does with what it does
  /// not know.
  public var silentSuites: Set<UInt8> = []

  /// The first so many logins end without a word after the open session response.
  public var hangUps = 0

  /// Share of requests upon which the BMC forgets the session instead: it restarted.
  public var forgetting = 0.0

  /// A request that comes twice is carried out twice: firmware that does not look at rqSeq.
  public var carriesOutRepeats = false

  public init() {}

  /// Whether a datagram on its way to the BMC just arrives.
  var isWayInClear: Bool { lossIn == 0 && duplication == 0 && reordering == 0 }

  /// When each copy of a datagram reaches the BMC: mostly one, at once.
  public func arrivals(random: inout some RandomNumberGenerator) -> [Duration] {
    isWayInClear ? [.zero] : copies(loss: lossIn, random: &random)
  }

  /// How long each copy of an answer is on its way.
  func departures(random: inout some RandomNumberGenerator) -> [Duration] {
    copies(loss: lossOut, random: &random).map {
      $0 + roundTrip + (jitter == .zero ? .zero : jitter * Double.random(in: 0..<1, using: &random))
    }
  }

  private func copies(loss: Double, random: inout some RandomNumberGenerator) -> [Duration] {
    if Self.happens(loss, random: &random) { return [] }
    func copy() -> Duration { Self.happens(reordering, random: &random) ? holdUp : .zero }
    return Self.happens(duplication, random: &random) ? [copy(), copy()] : [copy()]
  }

  /// Draws nothing for what never happens.
  static func happens(_ share: Double, random: inout some RandomNumberGenerator) -> Bool {
    share > 0 && Double.random(in: 0..<1, using: &random) < share
  }
}
