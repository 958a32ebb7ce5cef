import SimulationTesting

/// A segment that loses, doubles, delays and reorders packets as the scenario has it.
struct SimulatedNetwork {
  private let scenario: RackScenario
  private var random: SeededGenerator

  /// When the boot host's line has sent what was given to it.
  private var lineFreeAt: Nanoseconds = 0

  private(set) var lost = 0

  /// A frame of 1500 bytes at 1 Gbit/s.
  private static let frameTime = 12 * microsecond
  /// What a switch's port holds back before it drops.
  private static let longestQueue = 20 * millisecond

  init(_ scenario: RackScenario, random: SeededGenerator) {
    self.scenario = scenario
    self.random = random
  }

  /// When a packet sent now arrives: not at all, once, or twice.
  mutating func arrivals(ofPacketSent now: Nanoseconds, byHost isHosts: Bool) -> (Nanoseconds?, Nanoseconds?) {
    var start = now
    if isHosts {
      start = max(now, lineFreeAt)
      guard start - now < Self.longestQueue else {
        lost += 1
        return (nil, nil)
      }
      lineFreeAt = start + Self.frameTime
      start = lineFreeAt
    }
    if random.chance(scenario.loss) {
      lost += 1
      return (nil, nil)
    }
    let first = start + travelTime()
    return (first, random.chance(scenario.duplication) ? start + travelTime() : nil)
  }

  private mutating func travelTime() -> Nanoseconds {
    let usual = 50 * microsecond + Nanoseconds(random.below(50)) * microsecond
    return random.chance(scenario.lateness) ? usual + Nanoseconds(random.below(2000)) * millisecond : usual
  }
}
