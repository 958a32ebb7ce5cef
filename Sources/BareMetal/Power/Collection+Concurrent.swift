extension Collection where Element: Sendable {
  /// Does `work` with every element, `limit` at a time, and hands each result to `receive` as it comes.
  ///
  /// When the task is cancelled, or `receive` throws, no further work begins; what was begun is cancelled and waited for.
  public func concurrently<Output: Sendable>(
    limit: Int, _ work: @escaping @Sendable (Element) async -> Output,
    receive: (Output) async throws -> Void
  ) async rethrows {
    try await withThrowingTaskGroup(of: Output.self) { group in
      var waiting = makeIterator()
      for _ in 0..<Swift.max(1, limit) {
        guard let element = waiting.next() else { break }
        group.addTask { await work(element) }
      }
      while let output = try await group.next() {
        try await receive(output)
        guard !Task.isCancelled, let element = waiting.next() else { continue }
        group.addTask { await work(element) }
      }
    }
  }
}
