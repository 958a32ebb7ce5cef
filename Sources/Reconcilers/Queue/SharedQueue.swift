import Synchronization

/// A controller's queue, shared by its watches and workers.
final class SharedQueue: Sendable {
  private struct State {
    var queue = WorkQueue()
    var running = 0
    var random = SystemRandomNumberGenerator()
  }

  private let state = Mutex(State())
  /// Set when there may be something new to do.
  let signal = WakeSignal()

  /// How many keys are being worked on.
  var running: Int { state.withLock(\.running) }
  var depth: Int { state.withLock { $0.queue.depth } }

  func add(_ keys: [String]) {
    guard !keys.isEmpty else { return }
    state.withLock { state in for key in keys { state.queue.add(key) } }
    signal.set()
  }

  func next() -> WorkQueue.Next {
    state.withLock { state in
      let next = state.queue.next(now: .now)
      if case .work = next { state.running += 1 }
      return next
    }
  }

  func finish(_ key: String, _ outcome: WorkQueue.Outcome) {
    state.withLock { state in
      state.running -= 1
      state.queue.finish(key, outcome, now: .now, using: &state.random)
    }
    signal.set()
  }
}
