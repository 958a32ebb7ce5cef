import UnixSignals

/// Somebody pressed Ctrl-C, or ended the command from outside.
struct Interruption: Error {
  /// Runs `body`, and cancels it at SIGINT, SIGTERM or SIGHUP: so that sessions are ended and terminals restored before
  /// the command ends.
  /// - Throws: what `body` throws, or ``Interruption``.
  static func cancelling(_ body: @escaping @Sendable () async throws -> Void) async throws {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await body()
        return false
      }
      group.addTask {
        for await _ in signals { return true }
        // Cancelled: the body is done.
        return false
      }
      let isInterrupted = try await group.next() ?? false
      group.cancelAll()
      guard isInterrupted else { return }
      while let result = await group.nextResult() { _ = result }
      throw Interruption()
    }
  }
}
