import Reconcilers
import Testing

@Suite struct WorkQueueTests {
  private let start = ContinuousClock.now
  private var random = SeededGenerator(seed: 1)

  @Test("A key added many times is worked on once")
  func deduplicates() {
    var queue = WorkQueue()
    for _ in 0..<3 { queue.add("a") }
    #expect(queue.next(now: start) == .work("a"))
    #expect(queue.next(now: start) == .idle)
  }

  @Test("Keys come in the order in which they were added, thousands of them too")
  func order() {
    var queue = WorkQueue()
    let keys = (0..<5000).map { "key\($0)" }
    keys.forEach { queue.add($0) }
    for key in keys { #expect(queue.next(now: start) == .work(key)) }
    #expect(queue.next(now: start) == .idle)
  }

  @Test("A key added while it is worked on is worked on again, after that and not beside it")
  mutating func dirtyWhileRunning() {
    var queue = WorkQueue()
    queue.add("a")
    #expect(queue.next(now: start) == .work("a"))
    queue.add("a")
    queue.add("a", at: start)
    #expect(queue.next(now: start) == .idle)
    queue.finish("a", .done, now: start, using: &random)
    #expect(queue.next(now: start) == .work("a"))
    queue.finish("a", .done, now: start, using: &random)
    #expect(queue.isEmpty)
  }

  @Test("A delayed key waits, unless it is added")
  mutating func delays() {
    var queue = WorkQueue()
    queue.add("a")
    _ = queue.next(now: start)
    queue.finish("a", .again(after: .seconds(10)), now: start, using: &random)
    #expect(queue.next(now: start) == .wait(until: start + .seconds(10)))
    queue.add("a", at: start + .seconds(20))
    #expect(queue.next(now: start) == .wait(until: start + .seconds(10)))
    queue.add("a", at: start + .seconds(5))
    #expect(queue.next(now: start) == .wait(until: start + .seconds(5)))
    #expect(queue.next(now: start + .seconds(5)) == .work("a"))
    queue.finish("a", .again(after: .seconds(10)), now: start, using: &random)
    queue.add("a")
    #expect(queue.next(now: start) == .work("a"))
    queue.finish("a", .done, now: start, using: &random)
    #expect(queue.next(now: start + .seconds(60)) == .idle)
  }

  @Test("Each failure in a row is followed by a longer wait, and success ends that")
  mutating func backsOff() throws {
    var queue = WorkQueue(backoff: Backoff(first: .seconds(1), longest: .seconds(60)))
    var now = start
    queue.add("a")
    for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
      #expect(queue.next(now: now) == .work("a"))
      queue.finish("a", .failed, now: now, using: &random)
      guard case .wait(let until) = queue.next(now: now) else {
        Issue.record("no wait after a failure")
        return
      }
      #expect(until - now >= .seconds(expected) * 0.5)
      #expect(until - now <= .seconds(expected))
      now = until
    }
    #expect(queue.next(now: now) == .work("a"))
    queue.finish("a", .done, now: now, using: &random)
    queue.add("a")
    _ = queue.next(now: now)
    queue.finish("a", .failed, now: now, using: &random)
    #expect(queue.next(now: now + .seconds(1)) == .work("a"))
  }

  @Test("Keys that failed together are not tried again together")
  mutating func jitter() {
    var queue = WorkQueue()
    var moments: Set<ContinuousClock.Instant> = []
    for index in 0..<20 {
      queue.add("\(index)")
      _ = queue.next(now: start)
      queue.finish("\(index)", .failed, now: start, using: &random)
    }
    var now = start
    while case .wait(let until) = queue.next(now: now) {
      moments.insert(until)
      now = until
      while case .work(let key) = queue.next(now: now) { queue.finish(key, .done, now: now, using: &random) }
    }
    #expect(moments.count > 15)
  }

  @Test("By chance: no key is lost, none is worked on twice at once, and delays are kept", arguments: 1...30)
  func randomised(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var queue = WorkQueue()
    var now = start
    var running: Set<String> = []
    // When each key must be worked on at the latest.
    var owed: [String: ContinuousClock.Instant] = [:]
    for _ in 0..<3000 {
      let key = "\(Int.random(in: 0..<12, using: &random))"
      switch Int.random(in: 0..<5, using: &random) {
      case 0:
        queue.add(key)
        owed[key] = now
      case 1:
        let due = now + .seconds(Int.random(in: 1...20, using: &random))
        queue.add(key, at: due)
        if !running.contains(key) { owed[key] = min(owed[key] ?? due, due) }
      case 2:
        guard case .work(let key) = queue.next(now: now) else {
          #expect(owed.allSatisfy { $0.value > now || running.contains($0.key) })
          continue
        }
        #expect(running.insert(key).inserted)
        #expect((owed.removeValue(forKey: key) ?? start) <= now)
      case 3:
        guard let key = running.sorted().randomElement(using: &random) else { continue }
        running.remove(key)
        if Bool.random(using: &random) {
          queue.finish(key, .done, now: now, using: &random)
        } else {
          queue.finish(key, .again(after: .seconds(5)), now: now, using: &random)
          if owed[key] == nil { owed[key] = now + .seconds(5) }
        }
      default: now += .milliseconds(Int.random(in: 0...3000, using: &random))
      }
    }
  }
}
