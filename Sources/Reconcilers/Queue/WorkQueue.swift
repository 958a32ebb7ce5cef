/// Which keys are to be worked on, and when: a value, without tasks or clocks.
///
/// A key is there once, however often it is added; it is worked on by one worker at a time; what is added while it is
/// being worked on is worked on again afterwards. Failures are tried again after a delay that grows with each of them in
/// a row, and differs by chance, so that a rack whose network came back is not asked all at once.
///
/// Bounded by its users: keys are names of stored objects, and the store bounds those.
public struct WorkQueue: Sendable {
  public typealias Instant = ContinuousClock.Instant

  /// How a piece of work ended.
  public enum Outcome: Hashable, Sendable {
    /// Nothing to do until something changes.
    case done
    /// To be looked at again, without having failed.
    case again(after: Duration)
    case failed
  }

  /// What there is to do now.
  public enum Next: Hashable, Sendable {
    case work(String)
    /// Nothing before then.
    case wait(until: Instant)
    /// Nothing until something is added or finished.
    case idle
  }

  private enum State {
    case ready
    case delayed(Instant)
    /// - `again`: it was added meanwhile.
    case running(again: Bool)
  }

  private let backoff: Backoff
  private var states: [String: State] = [:]
  private var failures: [String: Int] = [:]
  /// Keys in state `ready`, in the order in which they came; those before `head` are taken.
  private var ready: [String] = []
  private var head = 0
  /// When keys in state `delayed` are due; also entries that hold no more.
  private var delays = DelayHeap()

  public init(backoff: Backoff = Backoff()) { self.backoff = backoff }

  /// How many keys are waiting, delayed ones left out.
  public var depth: Int { ready.count - head }

  /// Whether there is nothing in it, not even work under way.
  public var isEmpty: Bool { states.isEmpty }

  /// To be worked on as soon as possible, whatever delay it had.
  public mutating func add(_ key: String) {
    switch states[key] {
    case .ready, .running(again: true): break
    case .running(again: false): states[key] = .running(again: true)
    case .delayed, nil: makeReady(key)
    }
  }

  /// To be worked on at `due`, or at the earlier moment it is due already.
  public mutating func add(_ key: String, at due: Instant) {
    switch states[key] {
    case .ready, .running: break
    case .delayed(let earlier) where earlier <= due: break
    case .delayed, nil:
      states[key] = .delayed(due)
      delays.insert(key, due: due)
      // Keys that became ready before they were due have left their entries behind.
      if delays.count > 2 * states.count + 64 { delays = DelayHeap(delays.all.filter(isCurrent)) }
    }
  }

  /// Takes the next key to be worked on; ``finish(_:_:now:using:)`` is then called for it.
  public mutating func next(now: Instant) -> Next {
    while let first = delays.first {
      guard isCurrent(first) else {
        delays.removeFirst()
        continue
      }
      guard first.due <= now else { break }
      delays.removeFirst()
      makeReady(first.key)
    }
    if head < ready.count {
      let key = ready[head]
      head += 1
      if head == ready.count || head > 1024 {
        ready.removeFirst(head)
        head = 0
      }
      states[key] = .running(again: false)
      return .work(key)
    }
    return delays.first.map { .wait(until: $0.due) } ?? .idle
  }

  /// The work on a key that ``next(now:)`` gave out has ended.
  public mutating func finish(
    _ key: String, _ outcome: Outcome, now: Instant, using random: inout some RandomNumberGenerator
  ) {
    guard case .running(let again) = states[key] else { return }
    states[key] = nil
    let delay: Duration?
    switch outcome {
    case .done:
      failures[key] = nil
      delay = nil
    case .again(let after):
      failures[key] = nil
      delay = after
    case .failed:
      let count = failures[key, default: 0] + 1
      failures[key] = count
      delay = backoff.delay(afterFailures: count, using: &random)
    }
    if again {
      makeReady(key)
    } else if let delay {
      add(key, at: now + delay)
    }
  }

  private mutating func makeReady(_ key: String) {
    states[key] = .ready
    ready.append(key)
  }

  private func isCurrent(_ delay: DelayHeap.Delay) -> Bool {
    guard case .delayed(let due) = states[delay.key] else { return false }
    return due == delay.due
  }
}
