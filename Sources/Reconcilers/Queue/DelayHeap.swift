/// Keys by when they are due, the earliest first: a binary heap.
struct DelayHeap: Sendable {
  struct Delay: Sendable {
    var key: String
    var due: WorkQueue.Instant
  }

  private var delays: [Delay] = []

  init(_ delays: [Delay] = []) {
    // A sorted array is a heap.
    self.delays = delays.sorted { $0.due < $1.due }
  }

  var count: Int { delays.count }
  var all: [Delay] { delays }
  var first: Delay? { delays.first }

  mutating func insert(_ key: String, due: WorkQueue.Instant) {
    delays.append(Delay(key: key, due: due))
    var index = delays.count - 1
    while index > 0, delays[index].due < delays[(index - 1) / 2].due {
      delays.swapAt(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  mutating func removeFirst() {
    guard let last = delays.popLast(), !delays.isEmpty else { return }
    delays[0] = last
    var index = 0
    while true {
      let children = (2 * index + 1..<2 * index + 3).clamped(to: 0..<delays.count)
      guard let least = children.min(by: { delays[$0].due < delays[$1].due }), delays[least].due < delays[index].due
      else { return }
      delays.swapAt(index, least)
      index = least
    }
  }
}
