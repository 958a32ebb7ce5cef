import Synchronization

/// How much may be said of failures: where a store or a network is away, ten thousand objects fail alike.
final class Complaints: Sendable {
  /// In each ``window``.
  static let most = 20
  static let window = Duration.seconds(60)

  private struct State {
    var began: ContinuousClock.Instant?
    var said = 0
    var unsaid = 0
  }

  private let state = Mutex(State())

  /// - Returns: `nil` when nothing more may be said; otherwise how many were not said since the last.
  func next(at now: ContinuousClock.Instant) -> Int? {
    state.withLock { state in
      if state.began.map({ $0 + Self.window <= now }) ?? true { (state.began, state.said) = (now, 0) }
      guard state.said < Self.most else {
        state.unsaid += 1
        return nil
      }
      state.said += 1
      defer { state.unsaid = 0 }
      return state.unsaid
    }
  }
}
