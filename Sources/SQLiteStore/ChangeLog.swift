import GRDB
import Synchronization

/// How large the changes are that the file remembers, oldest first: so that it is known without reading them which must
/// go. A status of a class of ten thousand Servers takes half a megabyte; two thousand of those are not to be kept.
struct ChangeLog: Sendable {
  private struct Entry {
    var version: Int64
    var bytes: Int
  }

  private var entries: [Entry] = []
  /// Entries before it are forgotten.
  private var head = 0
  private var bytes = 0

  /// Of what the file holds.
  init(_ database: Database) throws {
    let rows = try Row.fetchCursor(
      database, sql: "SELECT version, length(CAST(json AS BLOB)) FROM changes ORDER BY version")
    while let row = try rows.next() {
      append(version: try row.decode(Int64.self, atIndex: 0), bytes: try row.decode(Int.self, atIndex: 1))
    }
  }

  mutating func append(version: Int64, bytes: Int) {
    entries.append(Entry(version: version, bytes: bytes))
    self.bytes += bytes
  }

  /// The last version that must go so that there is room for one more change of so many bytes; `nil` for none.
  func lastToForget(beforeAdding bytes: Int, maximumCount: Int, maximumBytes: Int) -> Int64? {
    var (index, count, total) = (head, entries.count - head + 1, self.bytes + bytes)
    while index < entries.count, count > maximumCount || total > maximumBytes {
      total -= entries[index].bytes
      count -= 1
      index += 1
    }
    return index > head ? entries[index - 1].version : nil
  }

  /// Versions up to that one are gone.
  mutating func forget(upTo version: Int64) {
    while head < entries.count, entries[head].version <= version {
      bytes -= entries[head].bytes
      head += 1
    }
    guard head > 1024 else { return }
    entries.removeFirst(head)
    head = 0
  }
}

/// The log of one store. A class, for closures that outlive the call hold it.
final class SharedChangeLog: Sendable {
  private let log = Mutex<ChangeLog?>(nil)

  func withLock<Value: Sendable>(_ body: (inout ChangeLog?) -> Value) -> Value {
    log.withLock { body(&$0) }
  }
}
