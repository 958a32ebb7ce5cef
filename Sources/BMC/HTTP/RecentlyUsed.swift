/// A bounded table that forgets what was not used for longest.
struct RecentlyUsed<Key: Hashable, Value> {
  let capacity: Int
  private var entries: [Key: (value: Value, used: UInt64)] = [:]
  private var uses: UInt64 = 0

  init(capacity: Int) { self.capacity = capacity }

  var values: [Value] { entries.values.map(\.value) }

  /// The value there is, or a new one.
  mutating func value(of key: Key, orElse make: () -> Value) -> Value {
    uses += 1
    if entries[key] == nil, entries.count >= capacity { forget() }
    let value = entries[key]?.value ?? make()
    entries[key] = (value, uses)
    return value
  }

  /// Makes room for an eighth more, so that this is rare.
  private mutating func forget() {
    let oldest = entries.sorted { $0.value.used < $1.value.used }.prefix(max(1, capacity / 8))
    for (key, _) in oldest { entries[key] = nil }
  }
}
