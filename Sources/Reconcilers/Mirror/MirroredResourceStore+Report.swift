import BareMetal
import CoreMetrics

extension MirroredResourceStore {
  /// Why machines cannot be answered yet; `nil` when they can: everything that decides about boots was once known.
  public var problem: String? {
    let missing = all.filter { !$0.isComplete }.map(\.kindName).sorted()
    guard !missing.isEmpty else { return nil }
    let reason = link.trouble.map { "the cluster cannot be reached: \($0.reason)" } ?? "the cluster is being read"
    return "nothing is known yet of \(missing.joined(separator: ", ")) (\(reason))"
  }

  /// Whether what is known is the cluster's latest word: it answers, and nothing waits to be told.
  public var isCurrent: Bool { link.isUp && all.allSatisfy(\.isFollowing) }

  /// In one line, for people.
  public var summary: String {
    let objects = all.reduce(0) { $0 + $1.objectCount }
    guard let trouble = link.trouble else {
      let waiting = depth
      let state = isCurrent ? "in sync" : "catching up"
      return "\(state), \(objects) objects" + (waiting > 0 ? ", \(waiting) yet to be told" : "")
    }
    return "out of reach for \(trouble.time.components.seconds) s (\(trouble.reason)); \(objects) objects known, "
      + "\(depth) yet to be told"
  }

  /// Returns when everything that decides about boots is known.
  public func untilComplete() async {
    while problem != nil, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(50)) }
  }

  /// Brings the gauges up to date, for a scrape.
  public func recordGauges() {
    counts.isUp.record(link.isUp ? 1 : 0)
    counts.isSynced.record(isCurrent ? 1 : 0)
    counts.depth.record(depth)
    if let age = link.age { counts.lag.record(link.isUp ? 0 : Double(age.components.seconds)) }
  }
}
