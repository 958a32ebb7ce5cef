import Wire

/// What people were told of lately: of each subject once an hour, however often there is reason to.
struct RecentNews<Subject: Hashable & Sendable>: Sendable {
  private static var silenceSeconds: Int64 { 3600 }
  /// More than a segment has of what is told of: whoever invents subjects is told of so often an hour.
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
