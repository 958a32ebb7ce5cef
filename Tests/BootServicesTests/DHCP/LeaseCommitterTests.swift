import BareMetal
import Testing
import Wire

@testable import BootServices

@Suite("Lease committer")
struct LeaseCommitterTests {
  private struct Store: LeaseStore {
    let committed: AsyncStream<[LeaseChange]>.Continuation
    var error: StoreError?

    func leases() async throws(StoreError) -> [Lease] { [] }
    func commit(_ changes: [LeaseChange]) async throws(StoreError) {
      if let error { throw error }
      committed.yield(changes)
    }
  }

  @Test("a batch is committed as one, and its result is taken once", .timeLimit(.minutes(1)))
  func commit() async throws {
    let (changes, committed) = AsyncStream<[LeaseChange]>.makeStream()
    let (turns, turn) = AsyncStream<Void>.makeStream()
    let committer = LeaseCommitter()
    await withDiscardingTaskGroup { group in
      group.addTask { await committer.run(Store(committed: committed)) { turn.yield() } }
      let batch: [LeaseChange] = [.remove(.loopback), .remove(.any)]
      committer.submit(batch)
      for await one in changes {
        #expect(one == batch)
        break
      }
      for await _ in turns { break }
      #expect(throws: Never.self) { try #require(committer.takeResult()).get() }
      #expect(committer.takeResult() == nil)
      group.cancelAll()
    }
  }

  @Test("a failing store is a result as well", .timeLimit(.minutes(1)))
  func failure() async throws {
    let (_, committed) = AsyncStream<[LeaseChange]>.makeStream()
    let (turns, turn) = AsyncStream<Void>.makeStream()
    let committer = LeaseCommitter()
    await withDiscardingTaskGroup { group in
      let store = Store(committed: committed, error: .unavailable(message: "disk full"))
      group.addTask { await committer.run(store) { turn.yield() } }
      committer.submit([.remove(.any)])
      for await _ in turns { break }
      #expect(throws: StoreError.unavailable(message: "disk full")) { try #require(committer.takeResult()).get() }
      group.cancelAll()
    }
  }
}
