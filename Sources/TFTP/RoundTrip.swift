/// How long the path and the client take to answer, estimated as TCP does (RFC 6298).
public struct RoundTrip: Hashable, Sendable {
  /// No retransmission earlier than this after the mean: an emulated or busy client easily pauses so long. On top of the
  /// mean, not instead of it: where thousands of clients share a host, all answers take the same long time.
  public static let floor: Duration = .milliseconds(20)

  /// Smoothed time from a window to its ACK.
  public private(set) var smoothed: Duration?

  /// The shortest time seen.
  public private(set) var minimum: Duration?

  private var variation: Duration = .zero

  public init() {}

  /// Takes a measured time; never one of a packet that was sent twice (Karn's rule), as it is unknown which was answered.
  public mutating func measured(_ sample: Duration) {
    let sample = max(.zero, sample)
    minimum = min(minimum ?? sample, sample)
    if let mean = smoothed {
      let deviation = mean > sample ? mean - sample : sample - mean
      variation = variation - variation.shifted(2) + deviation.shifted(2)
      smoothed = mean - mean.shifted(3) + sample.shifted(3)
    } else {
      variation = sample.shifted(1)
      smoothed = sample
    }
  }

  /// When to send again what was not answered; `nil` before the first measurement.
  public var retransmissionInterval: Duration? {
    smoothed.map { $0 + max(Self.floor, variation + variation + variation + variation) }
  }
}

extension Duration {
  /// Divided by 2 so many times: for each ACK, and a division of 128 bits is a hundred times slower.
  fileprivate func shifted(_ places: Int) -> Duration { Duration(attoseconds: attoseconds >> Int128(places)) }
}
