import BareMetal
import Wire

/// Which passwords a BMC refused: they are not tried again until they change or long enough ago, as BMCs lock accounts.
struct LockoutGuard {
  /// What a login depends on.
  struct Login: Hashable {
    var credentials: Credentials
    var bmcKey: Secret?

    init(_ access: IPMIAccess) {
      credentials = access.credentials
      bmcKey = access.bmcKey
    }
  }

  struct Refusal {
    let login: Login
    var since: Timestamp
    var at: ContinuousClock.Instant
    var reason: String
    /// Times the BMC said nothing at the point where IPMI 1.5 BMCs say nothing to a wrong password.
    var silences = 0
    var isCertain = false
  }

  /// Refused logins remembered of one BMC; the oldest gives way.
  static let mostRefusals = 8

  /// Silences until they count as a refusal.
  static let mostSilences = 2

  private var refusals: [Refusal] = []

  /// Why this login must not be tried now; `nil` when it may.
  func refusal(of login: Login, at now: ContinuousClock.Instant, for time: Duration) -> Refusal? {
    refusals.first { $0.login == login && $0.isCertain && now - $0.at < time }
  }

  /// Nothing is held against anybody.
  var isEmpty: Bool { refusals.isEmpty }

  mutating func refused(_ login: Login, reason: String, at now: ContinuousClock.Instant, wallClock: Timestamp) {
    update(login, reason, now, wallClock) { $0.isCertain = true }
  }

  /// The BMC fell silent when it was shown the password: once may be a lost datagram's doing, twice is not.
  /// - Returns: the refusal that this amounts to.
  mutating func fellSilent(_ login: Login, at now: ContinuousClock.Instant, wallClock: Timestamp) -> Refusal? {
    let entry = update(login, "the BMC falls silent when it is shown this password", now, wallClock) {
      $0.silences += 1
      $0.isCertain = $0.silences >= Self.mostSilences
    }
    return entry.isCertain ? entry : nil
  }

  mutating func accepted(_ login: Login) { refusals.removeAll { $0.login == login } }

  @discardableResult
  private mutating func update(
    _ login: Login, _ reason: String, _ now: ContinuousClock.Instant, _ wallClock: Timestamp,
    _ change: (inout Refusal) -> Void
  ) -> Refusal {
    var entry =
      refusals.first { $0.login == login } ?? Refusal(login: login, since: wallClock, at: now, reason: reason)
    refusals.removeAll { $0.login == login }
    (entry.since, entry.at, entry.reason) = (wallClock, now, reason)
    change(&entry)
    if refusals.count == Self.mostRefusals { refusals.removeFirst() }
    refusals.append(entry)
    return entry
  }
}
