/// Which credentials a controller refused, and when they may be tried again.
///
/// Controllers lock an account after three to five wrong passwords (IPMI v2.0 §22.29 "bad password threshold"; Redfish
/// `AccountLockoutThreshold`), for minutes or until somebody unlocks it by hand: a program that retries shuts people out.
/// So what was refused once is not sent again until it changes or until ``pause`` has gone by, twice as long each time: the
/// other side may have been set to our password meanwhile, and one attempt in so long a time locks no account.
///
/// - Parameter Proof: everything that says who we are: name and password, for IPMI Kg too.
struct LockoutGuard<Proof: Hashable & Sendable>: Sendable {
  /// Before what was refused once is tried again: above every controller's window for counting (iDRAC 60 s, Supermicro
  /// 5 min, iLO 10 min, Dell's longest 18 min).
  static var pause: Duration { .seconds(30 * 60) }

  /// The longest pause that doubling leads to.
  static var longestPause: Duration { .seconds(24 * 3600) }

  /// Refused credentials remembered, the latest; more are only seen when somebody guesses.
  static var capacity: Int { 8 }

  private struct Refusal {
    var proof: Proof
    var pause: Duration
    var until: ContinuousClock.Instant
  }

  private var refusals: [Refusal] = []

  init() {}

  /// How long `proof` must not be tried yet; `nil`: it may be.
  func remainingPause(for proof: Proof, now: ContinuousClock.Instant) -> Duration? {
    guard let refusal = refusals.first(where: { $0.proof == proof }), now < refusal.until else { return nil }
    return now.duration(to: refusal.until)
  }

  /// The controller refused `proof`.
  mutating func refused(_ proof: Proof, now: ContinuousClock.Instant) {
    let before = refusals.first { $0.proof == proof }?.pause
    let pause = before.map { min($0 * 2, Self.longestPause) } ?? Self.pause
    refusals.removeAll { $0.proof == proof }
    refusals.append(Refusal(proof: proof, pause: pause, until: now.advanced(by: pause)))
    if refusals.count > Self.capacity { refusals.removeFirst() }
  }

  /// The controller accepted `proof`: what it refused before counts no more.
  mutating func accepted(_ proof: Proof) { refusals.removeAll { $0.proof == proof } }
}
