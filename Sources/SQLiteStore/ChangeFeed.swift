import BareMetal
import Synchronization

/// Everyone who watches a store.
///
/// Fed from the database's queue, after each commit and in the order of the commits.
final class ChangeFeed: Sendable {
  private struct Watcher: Sendable {
    /// An `AsyncStream<WatchEvent<Kind>>.Continuation`: its type says which kind is watched.
    var continuation: any Sendable
    var end: @Sendable () -> Void
  }

  private struct State {
    var watchers: [UInt64: Watcher] = [:]
    var lastKey: UInt64 = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  private let ended = EndedStreams()
  private let maximumWatchers: Int
  private let bufferedEvents: Int

  init(maximumWatchers: Int, bufferedEvents: Int) {
    self.maximumWatchers = maximumWatchers
    self.bufferedEvents = bufferedEvents
  }

  deinit { close() }

  /// A stream that begins with `backlog` and goes on with what is published from now on.
  func watch<Kind: ResourceKind>(from backlog: [WatchEvent<Kind>]) throws(StoreError) -> AsyncStream<WatchEvent<Kind>> {
    // One place more than events are let in, for the last one: .reset.
    let (stream, continuation) = AsyncStream<WatchEvent<Kind>>.makeStream(
      bufferingPolicy: .bufferingOldest(backlog.count + bufferedEvents + 1))
    for event in backlog { continuation.yield(event) }
    let key: UInt64? = try state.withLock { state throws(StoreError) in
      for key in ended.take() { state.watchers[key] = nil }
      guard !state.isClosed else { return nil }
      guard state.watchers.count < maximumWatchers else {
        throw .unavailable(message: "\(maximumWatchers) watches are open, which is the most there may be")
      }
      state.lastKey += 1
      state.watchers[state.lastKey] = Watcher(continuation: continuation, end: { continuation.finish() })
      return state.lastKey
    }
    if let key {
      continuation.onTermination = { [ended] _ in ended.note(key) }
    } else {
      continuation.finish()
    }
    return stream
  }

  /// Tells everyone who watches the kind. Who has no room left is told to list again, and forgotten.
  func publish<Kind: ResourceKind>(_ event: WatchEvent<Kind>) {
    let late = state.withLock { state in
      var late: [@Sendable () -> Void] = []
      for (key, watcher) in state.watchers {
        guard let continuation = watcher.continuation as? AsyncStream<WatchEvent<Kind>>.Continuation else { continue }
        if case .enqueued(let remaining) = continuation.yield(event), remaining > 1 { continue }
        continuation.yield(.reset)
        state.watchers[key] = nil
        late.append(watcher.end)
      }
      return late
    }
    for end in late { end() }
  }

  /// Ends every stream, and those yet to come.
  func close() {
    let watchers = state.withLock { state in
      defer { state.watchers = [:] }
      state.isClosed = true
      return state.watchers
    }
    for watcher in watchers.values { watcher.end() }
  }
}
