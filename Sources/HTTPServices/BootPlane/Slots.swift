import Synchronization

/// A number of things at a time, and no more.
final class Slots: Sendable {
  private let used = Mutex(0)
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  /// Does `work` in a slot; `nil` when none is free.
  func with<Result: Sendable>(_ work: () async throws -> Result) async rethrows -> Result? {
    let isFree = used.withLock { used in
      guard used < limit else { return false }
      used += 1
      return true
    }
    guard isFree else { return nil }
    defer { used.withLock { $0 -= 1 } }
    return try await work()
  }
}
