import TFTP
import Testing

struct DeadlineQueueTests {
  private let start = ContinuousClock.now

  private func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

  @Test("deadlines come in order, whatever the order they were set in")
  func order() {
    var queue = DeadlineQueue()
    for (number, time) in [50, 10, 40, 20, 30].enumerated() { queue.set(number, to: at(time)) }
    #expect(queue.first == at(10))
    #expect(queue.next(at: at(9)) == nil)
    #expect([10, 20, 30, 40, 50].map { queue.next(at: at($0)) } == [1, 3, 4, 2, 0])
    #expect(queue.first == nil)
    #expect(queue.next(at: at(1000)) == nil)
  }

  @Test("a deadline can be moved both ways, taken out, and set again")
  func moving() {
    var queue = DeadlineQueue()
    for number in 0..<10 { queue.set(number, to: at(number * 10)) }
    queue.set(9, to: at(-1))
    #expect(queue.first == at(-1))
    queue.set(9, to: at(55))
    queue.remove(0)
    queue.remove(0)
    queue.remove(77)
    #expect(queue[0] == nil)
    #expect(queue[77] == nil)
    #expect(queue[9] == at(55))
    queue.set(0, to: at(200))
    var taken = [Int]()
    while let number = queue.next(at: at(1000)) { taken.append(number) }
    #expect(taken == [1, 2, 3, 4, 5, 9, 6, 7, 8, 0])
  }

  @Test("ten thousand random changes leave it as a sorted table would be", arguments: [1, 2, 3])
  func random(seed: UInt64) {
    var state = seed
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var queue = DeadlineQueue()
    var table: [Int: Int] = [:]
    // Each time once only: which of two alike comes first is open.
    var time = 0
    for _ in 0..<10_000 {
      let number = next(64)
      switch next(4) {
      case 0:
        queue.remove(number)
        table[number] = nil
      case 1:
        let earliest = table.min { $0.value < $1.value }
        #expect(queue.first == earliest.map { at($0.value) })
        guard let earliest else { continue }
        #expect(queue.next(at: at(earliest.value)) == earliest.key)
        table[earliest.key] = nil
      default:
        time += 1
        let when = time * 97 % 100_003
        queue.set(number, to: at(when))
        table[number] = when
      }
      #expect(queue.count == table.count)
    }
  }
}
