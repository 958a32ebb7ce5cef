/// What is going to happen, in order of time; of what happens at one time, in the order it was put in.
///
/// A binary heap of numbers: events stay where they are, so that moving entries costs no reference counting.
struct Agenda {
  private struct Entry {
    var time: Nanoseconds
    var order: UInt64
    var place: Int32
  }

  private var heap: [Entry] = []
  private var events: [RackEvent?] = []
  private var free: [Int32] = []
  private var order: UInt64 = 0

  var count: Int { heap.count }

  mutating func add(_ event: RackEvent, at time: Nanoseconds) {
    let place: Int32
    if let known = free.popLast() {
      place = known
      events[Int(place)] = event
    } else {
      place = Int32(events.count)
      events.append(event)
    }
    order += 1
    let entry = Entry(time: time, order: order, place: place)
    heap.append(entry)
    var index = heap.count - 1
    while index > 0 {
      let parent = (index - 1) / 2
      guard Self.precedes(entry, heap[parent]) else { break }
      heap[index] = heap[parent]
      index = parent
    }
    heap[index] = entry
  }

  mutating func next() -> (time: Nanoseconds, event: RackEvent)? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    if !heap.isEmpty { sink(last) }
    let place = Int(first.place)
    guard let event = events[place] else { return nil }
    events[place] = nil
    free.append(first.place)
    return (first.time, event)
  }

  private mutating func sink(_ entry: Entry) {
    let count = heap.count
    var index = 0
    while true {
      var child = 2 * index + 1
      guard child < count else { break }
      if child + 1 < count, Self.precedes(heap[child + 1], heap[child]) { child += 1 }
      guard Self.precedes(heap[child], entry) else { break }
      heap[index] = heap[child]
      index = child
    }
    heap[index] = entry
  }

  private static func precedes(_ one: Entry, _ other: Entry) -> Bool {
    one.time < other.time || one.time == other.time && one.order < other.order
  }
}
