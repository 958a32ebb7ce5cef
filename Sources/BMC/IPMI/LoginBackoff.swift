import BareMetal

/// When a BMC that could not be logged in to may be tried again.
struct LoginBackoff {
  /// The longest wait.
  static let longest: Duration = .seconds(60)

  /// Whoever asks waits at most this long; beyond, it is told the last failure at once.
  static let patience: Duration = .seconds(2)

  private(set) var notBefore: ContinuousClock.Instant?
  private(set) var failure: BMCFailure?
  private var failures = 0

  /// The wait doubles each time, with up to a quarter more by chance: the BMCs behind one switch do not all come at once.
  mutating func failed(
    _ failure: BMCFailure, at now: ContinuousClock.Instant, delay: Duration, random: inout some RandomNumberGenerator
  ) {
    let wait = Self.wait(after: failures, delay: delay, random: &random)
    failures += 1
    self.failure = failure
    notBefore = now + wait
  }

  mutating func succeeded() { self = LoginBackoff() }

  static func wait(after failures: Int, delay: Duration, random: inout some RandomNumberGenerator) -> Duration {
    let wait = min(delay * (1 << min(failures, 16)), longest)
    return wait + wait / 4 * Int(random.next(upperBound: UInt8(101))) / 100
  }
}
