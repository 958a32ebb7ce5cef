import BareMetal
import Synchronization

/// Between a link's thread, which decides, and the store, which makes decisions durable.
///
/// The thread hands over one batch, keeps what it decides meanwhile, and hands that over when it has the result.
final class LeaseCommitter: Sendable {
  private let result = Mutex<Result<Void, StoreError>?>(nil)
  private let batches: AsyncStream<[LeaseChange]>
  private let submission: AsyncStream<[LeaseChange]>.Continuation

  init() {
    // One batch at a time, so one place is enough.
    (batches, submission) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(1))
  }

  /// Hands a batch over. Never blocks.
  func submit(_ changes: [LeaseChange]) { submission.yield(changes) }

  /// What became of the last batch, once it is known, and once only.
  func takeResult() -> Result<Void, StoreError>? {
    result.withLock { result in
      defer { result = nil }
      return result
    }
  }

  /// Commits what is handed over until the task is cancelled.
  /// - Parameter finished: called after each commit.
  func run(_ store: any LeaseStore, finished: @Sendable () -> Void) async {
    for await changes in batches {
      let outcome: Result<Void, StoreError>
      do throws(StoreError) {
        try await store.commit(changes)
        outcome = .success(())
      } catch {
        outcome = .failure(error)
      }
      result.withLock { $0 = outcome }
      finished()
    }
  }
}
