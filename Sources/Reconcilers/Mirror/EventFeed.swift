import BareMetal

/// What happened to the objects of one kind, for those who watch: a value, guarded by whoever holds it.
///
/// Bounded as every store's: the events that are remembered, the watches, and how far each of them may be behind.
struct EventFeed<Kind: ResourceKind> {
  /// Events remembered for a watch that begins in the past. Each holds a whole object.
  static var remembered: Int { 512 }
  /// Watches open at one time: controllers, and people at the administration socket.
  static var maximumWatchers: Int { 128 }
  /// Events a watch may lag behind before it is reset: as many as machines register in a storm.
  static var buffered: Int { 1024 }

  typealias Continuation = AsyncStream<WatchEvent<Kind>>.Continuation

  private struct Entry {
    var position: Int64
    var event: WatchEvent<Kind>
  }

  /// Of this process: what a list says after a restart, a watch of another does not go on from.
  private let epoch = UInt32.random(in: .min ... .max)
  private var position: Int64 = 0
  private var recent: [Entry] = []
  private var watchers: [UInt64: Continuation] = [:]
  private var lastKey: UInt64 = 0
  private let ended = EndedStreams()
  private(set) var isClosed = false

  /// Where a watch begins that follows a list made now.
  var version: String { "\(epoch).\(position)" }

  /// - Returns: watches that were too slow, to be ended outside of any lock.
  mutating func publish(_ event: WatchEvent<Kind>) -> [Continuation] {
    position += 1
    recent.append(Entry(position: position, event: event))
    if recent.count >= 2 * Self.remembered { recent.removeFirst(recent.count - Self.remembered) }
    var late: [Continuation] = []
    for (key, watcher) in watchers {
      if case .enqueued(let remaining) = watcher.yield(event), remaining > 1 { continue }
      watcher.yield(.reset)
      watchers[key] = nil
      late.append(watcher)
    }
    return late
  }

  /// What happened after that version, which is a list's or an object's; `nil` when that is not remembered.
  func events(after version: String) -> [WatchEvent<Kind>]? {
    let prefix = "\(epoch)."
    let start: Int64
    if version.hasPrefix(prefix), let position = Int64(version.dropFirst(prefix.count)) {
      start = position
    } else if let entry = recent.last(where: { $0.event.version == version }) {
      start = entry.position
    } else {
      return nil
    }
    guard start <= position, start >= (recent.first?.position ?? position + 1) - 1 else { return nil }
    return recent.filter { $0.position > start }.map(\.event)
  }

  /// - Returns: `false` when there are too many watches, or the feed is closed.
  mutating func add(_ watcher: Continuation) -> Bool {
    for key in ended.take() { watchers[key] = nil }
    guard !isClosed, watchers.count < Self.maximumWatchers else { return false }
    lastKey += 1
    watchers[lastKey] = watcher
    watcher.onTermination = { [ended, lastKey] _ in ended.note(lastKey) }
    return true
  }

  /// - Returns: all watches, to be ended outside of any lock.
  mutating func close() -> [Continuation] {
    isClosed = true
    defer { watchers = [:] }
    return Array(watchers.values)
  }
}

extension WatchEvent {
  var version: String? {
    switch self {
    case .added(let object), .modified(let object), .deleted(let object): object.metadata.resourceVersion
    case .reset: nil
    }
  }
}
