import Wire

/// What the log tells of again and again: of each subject once an hour, however often it happens.
struct RareNews<Subject: Hashable & Sendable>: Sendable {
  private static var silenceSeconds: Int64 { 3600 }
  /// More than a segment has of other servers, and enough of machines for a person: whoever invents some is told of so often
  /// an hour.
  private static var limit: Int { 64 }

  private var toldOf: [Subject: Timestamp] = [:]

  /// Whether people should hear of it now.
  mutating func isNews(_ subject: Subject, now: Timestamp) -> Bool {
    if let last = toldOf[subject], now < last.advanced(bySeconds: Self.silenceSeconds), now >= last { return false }
    if toldOf.count >= Self.limit {
      toldOf = toldOf.filter { now < $1.advanced(bySeconds: Self.silenceSeconds) }
      guard toldOf.count < Self.limit else { return false }
    }
    toldOf[subject] = now
    return true
  }
}
