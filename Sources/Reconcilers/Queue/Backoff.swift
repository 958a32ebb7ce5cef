/// How long to wait before what failed is tried again: twice as long after each failure in a row.
public struct Backoff: Hashable, Sendable {
  /// Of the delay, after the first failure. A lost race for one object is over sooner than a person notices.
  public var first: Duration
  /// A machine, BMC or file server that is away for days is asked every five minutes.
  public var longest: Duration

  public init(first: Duration = .milliseconds(100), longest: Duration = .seconds(300)) {
    self.first = first
    self.longest = longest
  }

  /// - Parameter failures: in a row, at least 1.
  /// - Returns: from half of the delay to the whole, by chance.
  public func delay(afterFailures failures: Int, using random: inout some RandomNumberGenerator) -> Duration {
    // 2^20 times the first delay is longer than anybody waits; more would overflow at last.
    let whole = min(longest, first * (1 << min(max(failures, 1) - 1, 20)))
    return whole * Double.random(in: 0.5...1, using: &random)
  }
}
