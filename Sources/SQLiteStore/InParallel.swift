import Glibc
import Synchronization

/// What `body` makes of each, in their order, on every processor there is: for work that takes processors' time.
func inParallel<Value: Sendable, Made: Sendable>(
  _ values: [Value], _ body: @escaping @Sendable (Value) async -> Made
) async -> [Made] {
  let workers = min(values.count, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  let next = Counter()
  let made = await withTaskGroup(of: [(Int, Made)].self) { group in
    for _ in 0..<workers {
      group.addTask {
        var made: [(Int, Made)] = []
        while let index = next.take(below: values.count) { made.append((index, await body(values[index]))) }
        return made
      }
    }
    return await group.reduce(into: []) { $0 += $1 }
  }
  return made.sorted { $0.0 < $1.0 }.map(\.1)
}

/// Gives out numbers, each once.
private final class Counter: Sendable {
  private let taken = Mutex(0)

  func take(below end: Int) -> Int? {
    taken.withLock { taken in
      guard taken < end else { return nil }
      defer { taken += 1 }
      return taken
    }
  }
}
