import BareMetal

/// Lets one in at a time, in order: changes of one machine must not overlap.
struct Turnstile: Sendable {
  /// Callers that wait; more are turned away. A person, the reconciler and the console are three.
  static let capacity = 16

  private let queue: Queue

  init(capacity: Int = Turnstile.capacity) { queue = Queue(capacity: capacity) }

  /// Runs `body` when it is its turn.
  func pass<Value>(
    _ name: String, isolation: isolated (any Actor)? = #isolation, _ body: () async throws(BMCFailure) -> Value
  ) async throws(BMCFailure) -> Value {
    guard await queue.enter() else { throw BMCFailure(.busy, "\(name): too many requests wait already") }
    do throws(BMCFailure) {
      if Task.isCancelled { throw BMCFailure(.cancelled, "given up before \(name) was asked") }
      let value = try await body()
      await queue.leave()
      return value
    } catch {
      await queue.leave()
      throw error
    }
  }

  private actor Queue {
    private let capacity: Int
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(capacity: Int) { self.capacity = capacity }

    func enter() async -> Bool {
      guard isTaken else {
        isTaken = true
        return true
      }
      guard waiting.count < capacity else { return false }
      await withCheckedContinuation { waiting.append($0) }
      return true
    }

    func leave() {
      if waiting.isEmpty { isTaken = false } else { waiting.removeFirst().resume() }
    }
  }
}
