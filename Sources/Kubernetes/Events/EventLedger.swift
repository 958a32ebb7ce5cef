import BareMetal
import Wire

/// What has happened and is to be told: the same thing again is counted, not told twice, and one object that fails all day
/// does not crowd out the others.
struct EventLedger {
  /// Things remembered; the oldest that were told go first.
  static let capacity = 1024
  /// Different things remembered of one object; more are dropped.
  static let perSubject = 25
  /// How long a thing is remembered without happening again; API servers keep Events for an hour.
  static let memory: Int64 = 3600
  /// Between two writes of one thing that happens again and again.
  static let repeatPause: Int64 = 10

  struct Entry: Hashable {
    var event: ObjectEvent
    /// The Event's name, unique for ever.
    var name: String
    var count = 1
    var first: Timestamp
    var last: Timestamp
    /// The count that the cluster knows; 0 before it knows anything.
    var told = 0
    /// When it was told last.
    var toldAt: Timestamp?
  }

  private var entries: [ObjectEvent: Entry] = [:]

  var count: Int { entries.count }

  /// - Parameter name: what to call it if it is new.
  /// - Returns: `false` where there is no room for it.
  mutating func record(_ event: ObjectEvent, named name: @autoclosure () -> String, at now: Timestamp) -> Bool {
    if var entry = entries[event], now.seconds - entry.last.seconds < Self.memory {
      entry.count += 1
      entry.last = now
      entries[event] = entry
      return true
    }
    entries[event] = nil
    var ofSubject = 0
    for (other, entry) in entries where other.subject == event.subject {
      if now.seconds - entry.last.seconds >= Self.memory { entries[other] = nil } else { ofSubject += 1 }
    }
    guard ofSubject < Self.perSubject, makeRoom(at: now) else { return false }
    entries[event] = Entry(event: event, name: name(), first: now, last: now)
    return true
  }

  private mutating func makeRoom(at now: Timestamp) -> Bool {
    guard entries.count >= Self.capacity else { return true }
    entries = entries.filter { now.seconds - $0.value.last.seconds < Self.memory }
    if entries.count < Self.capacity { return true }
    guard let oldest = entries.values.filter({ $0.told == $0.count }).min(by: { $0.last < $1.last }) else {
      return false
    }
    entries[oldest.event] = nil
    return true
  }

  /// The one to tell next: what is new, in the order it happened; then what has happened again.
  func next(at now: Timestamp) -> Entry? {
    var new: Entry?
    var again: Entry?
    for entry in entries.values where entry.told != entry.count {
      if entry.told == 0 {
        if new.map({ entry.first < $0.first }) ?? true { new = entry }
      } else if now.seconds - (entry.toldAt?.seconds ?? 0) >= Self.repeatPause {
        if again.map({ entry.last < $0.last }) ?? true { again = entry }
      }
    }
    return new ?? again
  }

  /// Whether anything is yet to be told, now or later.
  var isUntold: Bool { entries.values.contains { $0.told != $0.count } }

  /// The entry was told as it is given.
  mutating func told(_ entry: Entry, at now: Timestamp) {
    entries[entry.event]?.told = entry.count
    entries[entry.event]?.toldAt = now
  }

  /// The cluster does not know it any more: it is to be told as something new.
  mutating func untold(_ entry: Entry, named name: String) {
    entries[entry.event]?.told = 0
    entries[entry.event]?.name = name
  }

  mutating func forget(_ entry: Entry) { entries[entry.event] = nil }
}
