import Logging
import ServiceLifecycle

/// An interface that went away is looked for again after so long.
private let reopenDelay: Duration = .seconds(1)

/// Serves until graceful shutdown, and begins anew whenever `serve` returned before: its interface went away.
///
/// - Parameter serve: until its socket fails or the task is cancelled; throws when it could not begin.
/// - Throws: what kept it from beginning the first time. Later that is waited for.
func keepServing(_ logger: Logger, _ serve: @escaping @Sendable () async throws -> Void) async throws {
  try await cancelWhenGracefulShutdown {
    try await serve()
    while !Task.isCancelled {
      // Cancelled: the loop sees it.
      try? await Task.sleep(for: reopenDelay)
      do {
        try await serve()
      } catch {
        logger.debug("interface not back yet", metadata: ["error": "\(error)"])
      }
    }
  }
}
