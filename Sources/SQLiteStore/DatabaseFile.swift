import BareMetal
import FoundationEssentials
import GRDB
import Glibc
import Synchronization

/// One SQLite file and the only connection to it.
///
/// A commit is on the disk when it returns: write-ahead log with `synchronous=FULL`, one sync of the log per commit; or
/// without, where it was opened so.
/// The connection holds the file's lock as long as it is open, so a second daemon on the same state is refused, and
/// what this process keeps in memory about the file stays true. Accesses run one after the other on a queue of GRDB's.
final class DatabaseFile: Sendable {
  let path: String
  /// `nil` once closed. Not `DatabaseQueue.close()`: an access that comes after it reads through a null pointer.
  private let queue: Mutex<DatabaseQueue?>

  /// Opens the file, makes it (0600, and its directory 0700) where it is missing, checks it and brings its tables up
  /// to date.
  init(path: String, isSynced: Bool = true, migrator: DatabaseMigrator) throws(StoreError) {
    self.path = path
    do {
      Self.create(path)
      let queue = try DatabaseQueue(path: path, configuration: Self.configuration(isSynced: isSynced))
      try queue.read { database in
        if let damage = try String.fetchOne(database, sql: "PRAGMA quick_check(1)"), damage != "ok" {
          throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: damage)
        }
        if try migrator.hasBeenSuperseded(database) {
          throw StoreError.unavailable(
            message: "\(path) was written by a newer siderite: install that one, or move the file away")
        }
      }
      try migrator.migrate(queue)
      self.queue = Mutex(queue)
    } catch {
      throw Self.failure(error, path)
    }
  }

  /// Reads in one transaction.
  func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
    do { return try await opened().read(body) } catch { throw Self.failure(error, path) }
  }

  /// Reads and writes in one transaction, which is durable on return and undone on an error.
  func write<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws(StoreError) -> Value {
    do { return try await opened().write(body) } catch { throw Self.failure(error, path) }
  }

  /// Brings what the write-ahead log holds into the file, and empties the log.
  func emptyLog() async throws(StoreError) {
    do {
      _ = try await opened().writeWithoutTransaction { try $0.checkpoint(.truncate) }
    } catch {
      throw Self.failure(error, path)
    }
  }

  /// Whatever is asked later fails as unavailable. What is under way finishes, and with the last of it the connection
  /// ends and the file's lock goes.
  func close() { queue.withLock { $0 = nil } }

  /// Whether it was not closed.
  var isOpen: Bool { queue.withLock { $0 != nil } }

  private func opened() throws(StoreError) -> DatabaseQueue {
    guard let queue = queue.withLock({ $0 }) else { throw .unavailable(message: "\(path) is closed") }
    return queue
  }

  private static func configuration(isSynced: Bool) -> Configuration {
    var configuration = Configuration()
    configuration.prepareDatabase { database in
      // Before the log is touched: an exclusive connection keeps the log's index in its own memory, no -shm file.
      try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
      guard try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL") == "wal" else {
        throw DatabaseError(message: "no write-ahead log is possible on this file system")
      }
      // NORMAL syncs when the log is brought into the file, which so is whole after a power cut, too.
      try database.execute(
        sql: """
          PRAGMA synchronous = \(isSynced ? "FULL" : "NORMAL");
          PRAGMA journal_size_limit = \(logBytes);
          PRAGMA wal_autocheckpoint = \(logBytes / 4096);
          """)
    }
    return configuration
  }

  /// When the log is brought into the file, in pages of 4096 bytes: late, for whoever commits then waits for that as well,
  /// and a page that was written several times is written to the file once. It is also what the log is cut down to after
  /// that, should a large transaction have made it larger.
  private static let logBytes = 16 << 20

  /// SQLite gives its other files the mode of this one.
  private static func create(_ path: String) {
    let directory = URL(filePath: path).deletingLastPathComponent().path
    if !FileManager.default.fileExists(atPath: directory) {
      // What fails here, SQLite meets too, and its error says which file.
      try? FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor >= 0 {
      Glibc.close(descriptor)
    } else if errno == EEXIST {
      // By path: closing a descriptor of an open database would drop SQLite's locks (POSIX fcntl(2)).
      _ = chmod(path, 0o600)
    }
  }
}
