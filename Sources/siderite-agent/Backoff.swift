/// Pauses between attempts: doubling from a second to half a minute, each between half and the whole of that, so that a
/// rack that lost its boot host does not come back in step.
struct Backoff: Sendable {
  static let longest = Duration.seconds(30)

  private var next = Duration.seconds(1)

  mutating func pause(using random: inout some RandomNumberGenerator) -> Duration {
    defer { next = min(next * 2, Self.longest) }
    return next * Double.random(in: 0.5...1, using: &random)
  }
}
