/// How long the path and the client take to answer, estimated as TCP does (RFC 6298).
public struct RoundTrip: Hashable, Sendable {
  /// No retransmission earlier than this: an emulated or busy client easily pauses so long.
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
      variation = (variation * 3 + deviation) / 4
      smoothed = (mean * 7 + sample) / 8
    } else {
      variation = sample / 2
      smoothed = sample
    }
  }

  /// When to send again what was not answered; `nil` before the first measurement.
  public var retransmissionInterval: Duration? { smoothed.map { max(Self.floor, $0 + variation * 4) } }
}
