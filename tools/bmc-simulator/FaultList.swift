import ArgumentParser
import IPMI

/// What `--faults` says: `NAME[=VALUE],…`.
struct FaultList: ExpressibleByArgument {
  var faults = BMCFaults()
  var advertisedSuites: [CipherSuite]?

  static let help = """
    loss=10 loss-in=5 loss-out=5 duplicate=5 reorder=5 \
    wrong-integrity=1 wrong-checksum=1 wrong-session=1 wrong-sequence=1 truncate=1 replay=1 forget=1 (percent); \
    jitter=2ms hold-up=50ms slow-login=2s; busy=3 hang-up=1 (so many times); silent=17 advertise=17+3 (suites); exhausted
    """

  init() {}

  init?(argument: String) {
    for item in argument.split(separator: ",") {
      let parts = item.split(separator: "=", maxSplits: 1)
      guard let name = parts.first, set(String(name), parts.count == 2 ? String(parts[1]) : nil) else { return nil }
    }
  }

  private mutating func set(_ name: String, _ text: String?) -> Bool {
    let shares: [String: [WritableKeyPath<BMCFaults, Double>]] = [
      "loss": [\.lossIn, \.lossOut], "loss-in": [\.lossIn], "loss-out": [\.lossOut], "duplicate": [\.duplication],
      "reorder": [\.reordering], "wrong-integrity": [\.wrongIntegrity], "wrong-checksum": [\.wrongChecksum],
      "wrong-session": [\.wrongSession], "wrong-sequence": [\.wrongSequence], "truncate": [\.truncation],
      "replay": [\.replay], "forget": [\.forgetting],
    ]
    let durations: [String: WritableKeyPath<BMCFaults, Duration>] = [
      "jitter": \.jitter, "hold-up": \.holdUp, "slow-login": \.slowLogin,
    ]
    let counts: [String: WritableKeyPath<BMCFaults, Int>] = ["busy": \.busyAnswers, "hang-up": \.hangUps]
    if let fields = shares[name] {
      guard let percent = text.flatMap(Percentage.init(argument:)) else { return false }
      for field in fields { faults[keyPath: field] = percent.share }
    } else if let field = durations[name] {
      guard let time = text.flatMap(TimeSpan.init(argument:)) else { return false }
      faults[keyPath: field] = time.duration
    } else if let field = counts[name] {
      guard let count = text.flatMap({ Int($0) }), (0...1_000_000).contains(count) else { return false }
      faults[keyPath: field] = count
    } else if name == "silent" || name == "advertise" {
      let suites = (text ?? "").split(separator: "+").map { UInt8($0).flatMap(CipherSuite.init(identifier:)) }
      let known = suites.compactMap(\.self)
      guard known.count == suites.count else { return false }
      if name == "silent" { faults.silentSuites = Set(known.map(\.identifier)) } else { advertisedSuites = known }
    } else if name == "exhausted", text == nil {
      faults.isExhausted = true
    } else {
      return false
    }
    return true
  }
}

/// `10` or `10%`: of a hundred.
struct Percentage: ExpressibleByArgument {
  var share = 0.0

  init(share: Double) { self.share = share }

  init?(argument: String) {
    guard let value = Double(argument.last == "%" ? String(argument.dropLast()) : argument), (0...100).contains(value)
    else { return nil }
    share = value / 100
  }
}

/// `500us`, `1ms`, `2s`, `3m`; a bare number is seconds.
struct TimeSpan: ExpressibleByArgument {
  var duration: Duration

  init(_ duration: Duration) { self.duration = duration }

  init?(argument: String) {
    let number = argument.prefix { $0.isNumber || $0 == "." }
    guard let value = Double(number), value <= 1_000_000 else { return nil }
    switch argument.dropFirst(number.count) {
    case "us": duration = .microseconds(value)
    case "ms": duration = .milliseconds(value)
    case "s", "": duration = .seconds(value)
    case "m": duration = .seconds(value * 60)
    default: return nil
    }
  }
}
