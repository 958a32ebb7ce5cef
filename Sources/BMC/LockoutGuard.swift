import Wire

/// Which credentials a controller refused, and when they may be tried again.
///
/// Controllers lock an account after three to five wrong passwords (IPMI v2.0 §22.29 "bad password threshold"; Redfish
/// `AccountLockoutThreshold`), for minutes or until somebody unlocks it by hand: a program that retries shuts people out.
/// So what was refused once is not sent again until it changes or a pause has gone by, twice as long each time: the other
/// side may have been set to our password meanwhile, and one attempt in so long a time locks no account.
///
/// - Parameter Proof: everything that says who we are: name and password, for IPMI Kg too.
struct LockoutGuard<Proof: Hashable & Sendable>: Sendable {
  /// Credentials that were refused, or may have been.
  struct Refusal: Sendable {
    let proof: Proof
    var reason: String
    var since: Timestamp
    var pause: Duration
    var until: ContinuousClock.Instant
    /// Times the controller said nothing where saying nothing may mean no.
    var suspicions = 0
    var isCertain = false
  }

  /// Above every controller's window for counting (iDRAC 60 s, Supermicro 5 min, iLO 10 min, Dell's longest 18 min).
  static var usualPause: Duration { .seconds(30 * 60) }

  /// The longest pause that doubling leads to.
  static var longestPause: Duration { .seconds(24 * 3600) }

  /// Refused credentials remembered, the latest; more are only seen when somebody guesses.
  static var capacity: Int { 8 }

  /// Suspicions until they count as a refusal: once may be a lost datagram's doing, twice is not.
  static var mostSuspicions: Int { 2 }

  private let firstPause: Duration
  private var refusals: [Refusal] = []

  /// - Parameter pause: before what was refused once is tried again.
  init(pause: Duration = Self.usualPause) { firstPause = pause }

  /// Nothing is held against anybody.
  var isEmpty: Bool { refusals.isEmpty }

  /// Why `proof` must not be tried now; `nil`: it may be.
  func refusal(of proof: Proof, at now: ContinuousClock.Instant) -> Refusal? {
    refusals.first { $0.proof == proof && $0.isCertain && now < $0.until }
  }

  /// The controller refused `proof`.
  mutating func refused(_ proof: Proof, reason: String, at now: ContinuousClock.Instant, wallClock: Timestamp) {
    _ = update(proof, reason, now, wallClock) { $0.isCertain = true }
  }

  /// The controller fell silent when it was shown `proof`.
  /// - Returns: the refusal that this amounts to now.
  mutating func suspected(
    _ proof: Proof, reason: String, at now: ContinuousClock.Instant, wallClock: Timestamp
  ) -> Refusal? {
    let entry = update(proof, reason, now, wallClock) {
      $0.suspicions += 1
      $0.isCertain = $0.isCertain || $0.suspicions >= Self.mostSuspicions
    }
    return entry.isCertain ? entry : nil
  }

  /// The controller accepted `proof`: what it refused before counts no more.
  mutating func accepted(_ proof: Proof) { refusals.removeAll { $0.proof == proof } }

  private mutating func update(
    _ proof: Proof, _ reason: String, _ now: ContinuousClock.Instant, _ wallClock: Timestamp,
    _ change: (inout Refusal) -> Void
  ) -> Refusal {
    let before = refusals.first { $0.proof == proof }
    refusals.removeAll { $0.proof == proof }
    let pause = before.flatMap { $0.isCertain ? min($0.pause * 2, Self.longestPause) : nil } ?? firstPause
    var entry = Refusal(
      proof: proof, reason: reason, since: wallClock, pause: pause, until: now + pause,
      suspicions: before?.suspicions ?? 0, isCertain: before?.isCertain ?? false)
    change(&entry)
    if refusals.count >= Self.capacity { refusals.removeFirst() }
    refusals.append(entry)
    return entry
  }
}
