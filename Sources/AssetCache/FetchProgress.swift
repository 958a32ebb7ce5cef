import Synchronization

/// How far one transfer is; and the word that it is not wanted any more.
final class FetchProgress: Sendable {
  private struct State {
    var received: Int64 = 0
    var total: Int64?
    var isCancelled = false
  }

  private let state = Mutex(State())

  /// Bytes that are here, and all if known.
  var bytes: (received: Int64, total: Int64?) { state.withLock { ($0.received, $0.total) } }

  func begin(at received: Int64, of total: Int64?) { state.withLock { ($0.received, $0.total) = (received, total) } }

  /// - Throws: `CancellationError` when nobody wants the file any more.
  func add(_ bytes: Int) throws {
    let isCancelled = state.withLock { state in
      state.received += Int64(bytes)
      return state.isCancelled
    }
    if isCancelled { throw CancellationError() }
  }

  func cancel() { state.withLock { $0.isCancelled = true } }
}
