/// When a request that failed is made again, and when no more.
struct RetryPolicy: Hashable, Sendable {
  /// What may be repeated.
  enum Repetition: Hashable, Sendable {
    /// Doing it twice is as good as once: reading; and writing with a version, where the second time is refused.
    case harmless
    /// Only while it is certain that nothing was done: a creation.
    case ifNothingWasDone
  }

  /// Requests in all; it is the caller's patience that ends before, where the server is away or starting.
  var attempts = 12
  /// Requests in all where the server itself says that it failed (500): that seldom passes.
  var attemptsAtFaults = 5
  /// After the first failure, then twice as long each time.
  var first = Duration.milliseconds(200)
  var longest = Duration.seconds(10)

  /// How long to wait before the next attempt; `nil` to give up.
  /// - Parameters:
  ///   - attempt: how many have failed, this one included.
  ///   - remaining: until the caller wants an answer.
  /// - Returns: from half of the delay to the whole, by chance; not less than the server asked for.
  func delay(
    after error: KubernetesError, attempt: Int, _ repetition: Repetition, remaining: Duration,
    using random: inout some RandomNumberGenerator
  ) -> Duration? {
    guard attempt < (error.status == 500 ? min(attempts, attemptsAtFaults) : attempts), Self.mayPass(error) else {
      return nil
    }
    guard repetition == .harmless || !error.mayHaveBeenDone else { return nil }
    let whole = min(longest, first * (1 << min(max(attempt, 1) - 1, 20)))
    var delay = whole * Double.random(in: 0.5...1, using: &random)
    if let asked = error.retryAfter { delay = max(delay, min(asked, longest * 3)) }
    return delay < remaining ? delay : nil
  }

  /// Whether it may go away by itself.
  private static func mayPass(_ error: KubernetesError) -> Bool {
    switch error.reason {
    case .unreachable, .noAnswer, .throttled, .serverFailure: true
    default: false
    }
  }
}
