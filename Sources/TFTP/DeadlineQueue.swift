/// The next deadline of each of many, who are known by small numbers, not negative: a binary heap whose entries can be moved and taken out.
public struct DeadlineQueue: Sendable {
  private struct Entry {
    var deadline: ContinuousClock.Instant
    var number: Int
  }

  private var heap: [Entry] = []

  /// Where a number's entry is in the heap; -1: it has none.
  private var places: [Int] = []

  public init() {}

  /// How many have a deadline.
  public var count: Int { heap.count }

  /// The deadline that comes first.
  public var first: ContinuousClock.Instant? { heap.first?.deadline }

  /// The deadline of a number.
  public subscript(number: Int) -> ContinuousClock.Instant? {
    number < places.count && places[number] >= 0 ? heap[places[number]].deadline : nil
  }

  /// Gives a number its deadline, instead of the one it had.
  public mutating func set(_ number: Int, to deadline: ContinuousClock.Instant) {
    if number >= places.count { places.append(contentsOf: repeatElement(-1, count: number + 1 - places.count)) }
    let entry = Entry(deadline: deadline, number: number)
    var place = places[number]
    if place < 0 {
      place = heap.count
      heap.append(entry)
      places[number] = place
    } else {
      heap[place] = entry
    }
    settle(place)
  }

  /// Takes a number's deadline out.
  public mutating func remove(_ number: Int) {
    guard number < places.count, places[number] >= 0 else { return }
    let place = places[number]
    places[number] = -1
    guard let last = heap.popLast(), place < heap.count else { return }
    heap[place] = last
    places[last.number] = place
    settle(place)
  }

  /// Takes out a number whose deadline has passed, the earliest first.
  public mutating func next(at now: ContinuousClock.Instant) -> Int? {
    guard let first = heap.first, first.deadline <= now else { return nil }
    remove(first.number)
    return first.number
  }

  /// Moves an entry up or down until nothing later is above it.
  private mutating func settle(_ start: Int) {
    var place = start
    let entry = heap[place]
    while place > 0 {
      let parent = (place - 1) / 2
      guard entry.deadline < heap[parent].deadline else { break }
      move(parent, to: place)
      place = parent
    }
    while true {
      var child = 2 * place + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].deadline < heap[child].deadline { child += 1 }
      guard heap[child].deadline < entry.deadline else { break }
      move(child, to: place)
      place = child
    }
    heap[place] = entry
    places[entry.number] = place
  }

  private mutating func move(_ from: Int, to place: Int) {
    heap[place] = heap[from]
    places[heap[place].number] = place
  }
}
