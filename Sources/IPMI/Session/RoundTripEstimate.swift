/// How long a BMC takes to answer, estimated as TCP does (RFC 6298): when to send again what is not answered.
///
/// Part of what the owner of a BMC remembers of it between sessions: given to the next one by
/// ``IPMISessionConfiguration/roundTrip``, it spares that one the long first wait.
public struct RoundTripEstimate: Hashable, Sendable {
  /// The smoothed time (SRTT).
  public private(set) var smoothed: Duration

  /// How far times stray from it (RTTVAR).
  private var variation: Duration

  /// By how much more is waited because what was sent had to be sent again: otherwise a BMC that became slower would
  /// never be measured again, as only what was sent once is (Karn's rule).
  private var backoff = 1

  /// A BMC may become eight times slower between two measurements before this matters.
  private static let mostBackoff = 8

  public init(first sample: Duration) {
    smoothed = max(.zero, sample)
    variation = smoothed / 2
  }

  /// Takes a measured time; never that of something sent twice, as it is unknown which was answered.
  public mutating func measured(_ sample: Duration) {
    let sample = max(.zero, sample)
    let deviation = smoothed > sample ? smoothed - sample : sample - smoothed
    variation = (variation * 3 + deviation) / 4
    smoothed = (smoothed * 7 + sample) / 8
    backoff = 1
  }

  /// Something was answered only after it was sent again.
  public mutating func wasRetransmitted() { backoff = min(backoff * 2, Self.mostBackoff) }

  /// When to send again (RTO), at least `floor` before backing off.
  func timeout(floor: Duration) -> Duration { max(smoothed + variation * 4, floor) * backoff }
}
