import Wire

/// Items in order of a time, as a binary heap that knows where each item stands: set, change and remove in O(log n),
/// the earliest in O(1).
///
/// Items are small non-negative numbers (indexes into somebody's array).
struct ExpiryHeap: Sendable {
  private var heap: [(key: Timestamp, item: Int32)] = []
  /// Where an item stands in `heap`, or -1.
  private var positions: [Int32] = []

  var count: Int { heap.count }

  /// The item with the smallest key.
  var earliest: (item: Int, key: Timestamp)? { heap.first.map { (Int($0.item), $0.key) } }

  /// Puts an item in, or moves it to its new place.
  mutating func set(_ item: Int, key: Timestamp) {
    while positions.count <= item { positions.append(-1) }
    let position = Int(positions[item])
    if position < 0 {
      heap.append((key, Int32(truncatingIfNeeded: item)))
      positions[item] = Int32(truncatingIfNeeded: heap.count - 1)
      siftUp(heap.count - 1)
    } else {
      let old = heap[position].key
      heap[position].key = key
      if key < old { siftUp(position) } else { siftDown(position) }
    }
  }

  /// Takes an item out, if it is in.
  mutating func remove(_ item: Int) {
    guard item < positions.count, positions[item] >= 0 else { return }
    let position = Int(positions[item])
    let last = heap.count - 1
    swap(position, last)
    heap.removeLast()
    positions[item] = -1
    if position < last {
      siftUp(position)
      siftDown(position)
    }
  }

  private mutating func swap(_ one: Int, _ other: Int) {
    guard one != other else { return }
    heap.swapAt(one, other)
    positions[Int(heap[one].item)] = Int32(truncatingIfNeeded: one)
    positions[Int(heap[other].item)] = Int32(truncatingIfNeeded: other)
  }

  private mutating func siftUp(_ start: Int) {
    var index = start
    while index > 0, heap[index].key < heap[(index - 1) / 2].key {
      swap(index, (index - 1) / 2)
      index = (index - 1) / 2
    }
  }

  private mutating func siftDown(_ start: Int) {
    var index = start
    while true {
      var smallest = index
      for child in [2 * index + 1, 2 * index + 2]
      where child < heap.count && heap[child].key < heap[smallest].key {
        smallest = child
      }
      guard smallest != index else { return }
      swap(index, smallest)
      index = smallest
    }
  }
}
