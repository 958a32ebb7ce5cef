import BareMetal
import Synchronization

/// Whether the remote store answers.
final class MirrorLink: Sendable {
  typealias Instant = ContinuousClock.Instant

  private struct State {
    var isUp = false
    /// Since when it is as it is.
    var since: Instant
    /// Why it is not up, in one line.
    var reason = "it has not answered yet"
    var lastAnswer: Instant?
    /// A webhook that it asks failed: what it said, and when.
    var webhook: (reason: String, at: Instant)?
  }

  private let state: Mutex<State>
  /// Set when it goes up or down.
  let changed = WakeSignal()

  init() { state = Mutex(State(since: .now)) }

  var isUp: Bool { state.withLock(\.isUp) }

  /// Why it does not answer, and for how long; `nil` when it does.
  var trouble: (reason: String, time: Duration)? {
    state.withLock { $0.isUp ? nil : ($0.reason, $0.since.duration(to: .now)) }
  }

  /// How old what is known may be; `nil` when nothing was ever heard.
  var age: Duration? { state.withLock { $0.lastAnswer?.duration(to: .now) } }

  /// Why it lately could not do what it was told, though it answers.
  var webhookTrouble: String? {
    state.withLock { state in
      state.webhook.flatMap { $0.at.duration(to: .now) < Self.webhookMemory ? $0.reason : nil }
    }
  }

  /// - Returns: whether that is new: it is said once for each time it lasts.
  func webhookFailed(_ reason: String) -> Bool {
    state.withLock { state in
      let isNew = state.webhook.map { $0.at.duration(to: .now) >= Self.webhookMemory } ?? true
      state.webhook = (reason, .now)
      return isNew
    }
  }

  /// How long a webhook that failed counts as failing: longer than the longest pause between two attempts.
  private static let webhookMemory = Duration.seconds(30)

  /// - Returns: whether it did not before.
  @discardableResult
  func answered() -> Bool {
    let isNew = state.withLock { state in
      state.lastAnswer = .now
      guard !state.isUp else { return false }
      state.isUp = true
      state.since = .now
      return true
    }
    if isNew { changed.set() }
    return isNew
  }

  /// - Returns: whether it did before.
  @discardableResult
  func failed(_ reason: String) -> Bool {
    let wasUp = state.withLock { state in
      state.reason = reason
      guard state.isUp else { return false }
      state.isUp = false
      state.since = .now
      return true
    }
    if wasUp { changed.set() }
    return wasUp
  }
}
