import Synchronization

/// One thing at a time for each name.
final class NamesInUse: Sendable {
  private let used = Mutex<Set<String>>([])

  /// Does `work`; `nil` when something is being done under that name.
  func with<Result: Sendable>(_ name: String, _ work: () async throws -> Result) async rethrows -> Result? {
    guard used.withLock({ $0.insert(name).inserted }) else { return nil }
    defer { used.withLock { _ = $0.remove(name) } }
    return try await work()
  }
}
