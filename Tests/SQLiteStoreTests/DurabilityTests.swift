import BareMetal
import FoundationEssentials
import GRDB
import Glibc
import SQLiteStore
import StoreConformance
import Testing
import Wire

@Suite("What SQLite stores have acknowledged is kept", .timeLimit(.minutes(2)))
struct DurabilityTests {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  static func resources(_ directory: String) throws -> SQLiteResourceStore {
    try SQLiteResourceStore(path: directory + "/resources.sqlite") { Timestamp(seconds: 1_763_829_830) }
  }

  static func leases(_ directory: String) throws -> SQLiteLeaseStore {
    try SQLiteLeaseStore(path: directory + "/leases.sqlite")
  }

  @Test("A process killed by SIGKILL in the middle of its writes loses nothing it acknowledged")
  func killed() async throws {
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = directory.path as String] in
      let resources = try DurabilityTests.resources(path)
      let leases = try DurabilityTests.leases(path)
      let log = open(path + "/acknowledged", O_WRONLY | O_CREAT | O_APPEND, 0o600)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for writer in 0..<4 as Range<UInt32> {
          group.addTask {
            for number in 0... {
              let server = try await resources.create(.example("s\(writer)-\(number)"))
              let line = Array("\(server.metadata.name) \(server.metadata.resourceVersion ?? "")\n".utf8)
              _ = write(log, line, line.count)
              try await leases.commit([
                .put(SQLiteLeaseStoreTests.lease(writer)), .put(SQLiteLeaseStoreTests.lease(100 + writer)),
              ])
              // Wherever the other writers are just now.
              if writer == 0, number == 20 { kill(getpid(), SIGKILL) }
            }
          }
        }
        try await group.waitForAll()
      }
    }
    let log = try String(contentsOf: URL(filePath: directory.file("acknowledged")), encoding: .utf8)
    let acknowledged = log.split(separator: "\n").map { $0.split(separator: " ").map { String($0) } }
    #expect(acknowledged.count > 20)
    let store = try Self.resources(directory.path)
    let versions = try await store.list(ServerKind.self).items.reduce(into: [String: String]()) {
      $0[$1.metadata.name] = $1.metadata.resourceVersion
    }
    for line in acknowledged { #expect(versions[line[0]] == line[1]) }
    let next = try await store.create(.example("next"))
    let last = versions.values.compactMap { Int($0) }.max() ?? 0
    #expect(next.metadata.resourceVersion == String(last + 1))
    // Both leases of a batch, or none.
    let leases = try await Self.leases(directory.path).leases().map(\.address.rawValue)
    #expect(leases.contains(0x0a00_0000))
    for writer in 0..<4 as Range<UInt32> {
      #expect(leases.contains(0x0a00_0000 + writer) == leases.contains(0x0a00_0064 + writer))
    }
  }

  @Test("A log cut off anywhere, as by a power failure, gives a state that was, and no batch in part")
  func logCutOff() async throws {
    let store = try Self.leases(directory.path)
    var states: [[Lease]] = [[]]
    for number in 0..<12 as Range<UInt32> {
      try await store.commit((0..<20).map { .put(SQLiteLeaseStoreTests.lease(number * 20 + $0)) })
      states.append(try await store.leases())
    }
    let database = try Data(contentsOf: URL(filePath: directory.file("leases.sqlite")))
    let log = try Data(contentsOf: URL(filePath: directory.file("leases.sqlite-wal")))
    #expect(log.count > 12 * 4096)
    var seen: [Int] = []
    for length in Array(stride(from: 0, to: log.count, by: 1021)) + [log.count] {
      let copy = try TemporaryDirectory()
      try database.write(to: URL(filePath: copy.file("leases.sqlite")))
      try log.prefix(length).write(to: URL(filePath: copy.file("leases.sqlite-wal")))
      let state = try await Self.leases(copy.path).leases()
      seen.append(try #require(states.firstIndex(of: state)))
    }
    #expect(seen == seen.sorted() && seen.first == 0 && seen.last == 12)
  }

  @Test("A damaged file is refused or read, with words that say which file it is; it never crashes")
  func damaged() async throws {
    let store = try Self.resources(directory.path)
    for number in 0..<40 { _ = try await store.create(.example("s\(number)")) }
    store.close()
    let whole = try Data(contentsOf: URL(filePath: directory.file("resources.sqlite")))
    var generator = SeededGenerator(seed: 7)
    var refused = 0
    for round in 0..<150 {
      var bytes = whole
      if round < 50 {
        bytes = bytes.prefix(Int.random(in: 1..<whole.count, using: &generator))
      } else {
        for _ in 0..<(round % 10 * 3 + 1) {
          let index = Int.random(in: 0..<(round < 100 ? 4096 : whole.count), using: &generator)
          bytes[index] ^= UInt8.random(in: 1...255, using: &generator)
        }
      }
      let copy = try TemporaryDirectory()
      try bytes.write(to: URL(filePath: copy.file("resources.sqlite")))
      do {
        let store = try Self.resources(copy.path)
        _ = try await store.list(ServerKind.self)
        _ = try await store.watch(ServerKind.self, after: "0")
        _ = try await store.create(.example("new"))
      } catch let error as StoreError {
        refused += 1
        #expect("\(error)".contains(copy.file("resources.sqlite")) || "\(error)".contains("exists already"))
      }
    }
    #expect(refused > 50)
  }

  @Test(
    "A file that is no database says what to do",
    arguments: ["not a database at all", String(repeating: "x", count: 9000)])
  func noDatabase(text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: directory.file("leases.sqlite")))
    #expect { try Self.leases(directory.path) } throws: { error in
      error.message.contains("leases.sqlite is damaged") && error.message.contains("backup")
    }
  }

  @Test("A second opening of an open file is refused")
  func openTwice() throws {
    let first = try Self.leases(directory.path)
    #expect { try Self.leases(directory.path) } throws: { $0.message.contains("another siderite") }
    first.close()
    _ = try Self.leases(directory.path)
  }

  @Test("A file of a newer siderite is refused and left as it is")
  func newer() async throws {
    try Self.leases(directory.path).close()
    let path = directory.file("leases.sqlite")
    let queue = try DatabaseQueue(path: path)
    try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99 later')") }
    try queue.close()
    #expect { try Self.leases(directory.path) } throws: { $0.message.contains("newer siderite") }
  }

  @Test("Files are the daemon's alone, made or found; the directory too where it is made")
  func modes() async throws {
    let state = directory.file("state")
    let store = try Self.leases(state)
    try await store.commit([.put(SQLiteLeaseStoreTests.lease(1))])
    #expect(try mode(state) == 0o700)
    for name in ["leases.sqlite", "leases.sqlite-wal"] { #expect(try mode("\(state)/\(name)") == 0o600) }
    store.close()
    chmod("\(state)/leases.sqlite", 0o644)
    try Self.leases(state).close()
    #expect(try mode("\(state)/leases.sqlite") == 0o600)
  }

  @Test("A place where no file can be is named in the error", arguments: ["/proc/nowhere", "/dev/null/under"])
  func noPlace(path: String) {
    #expect { try Self.leases(path) } throws: { $0.message.contains("\(path)/leases.sqlite cannot be opened") }
  }

  private func mode(_ path: String) throws -> UInt32 {
    var status = stat()
    try #require(stat(path, &status) == 0)
    return status.st_mode & 0o777
  }
}

/// The same numbers from the same seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
