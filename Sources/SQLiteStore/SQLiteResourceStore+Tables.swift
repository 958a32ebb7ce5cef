import BareMetal
import GRDB

extension SQLiteResourceStore {
  /// What happened to an object, as the table says it.
  enum Change: String {
    case added, modified, deleted
  }

  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 resources and changes") { database in
      // AUTOINCREMENT: a version is never given again, not even after the last changes were trimmed.
      try database.execute(
        sql: """
          CREATE TABLE resources (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            json TEXT NOT NULL,
            PRIMARY KEY (kind, name)
          ) STRICT;
          CREATE TABLE changes (
            version INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            change TEXT NOT NULL,
            json TEXT NOT NULL
          ) STRICT;
          """)
    }
    return migrator
  }

  /// Writes a change under a new version, forgets the oldest, and tells the watchers once it is committed.
  /// - Parameter json: the object's, where it is known already.
  /// - Returns: the object with its new version.
  func record<Kind: ResourceKind>(
    _ change: Change, _ resource: Resource<Kind>, json: String? = nil, in database: Database
  ) throws -> Resource<Kind> {
    let name = resource.metadata.key
    let json = try json ?? ResourceDocument.json(resource, maximumBytes: limits.objectBytes)
    let bytes = json.utf8.count
    // Before the change is there itself: what is read from the file is what was there.
    var gone = try log(in: database).lastToForget(
      beforeAdding: bytes, maximumCount: Int(limits.changes), maximumBytes: limits.changeBytes)
    try database.cachedStatement(sql: "INSERT INTO changes (kind, change, json) VALUES (?, ?, ?)")
      .execute(arguments: [Kind.kind, change.rawValue, json])
    let version = database.lastInsertedRowID
    if limits.changes == 0 { gone = version }
    if let gone { try database.execute(sql: "DELETE FROM changes WHERE version <= ?", arguments: [gone]) }
    if change == .deleted {
      try database.execute(sql: "DELETE FROM resources WHERE kind = ? AND name = ?", arguments: [Kind.kind, name])
    } else {
      try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO resources (kind, name, version, json) VALUES (?, ?, ?, ?)"
      ).execute(arguments: [Kind.kind, name, version, json])
    }
    var recorded = resource
    recorded.metadata.resourceVersion = String(version)
    let event = Self.event(change, recorded)
    written.forget(Kind.kind, name)
    database.afterNextTransaction { [feed, changeLog, written, gone, recorded] _ in
      if change != .deleted { written.keep(recorded) }
      changeLog.withLock { log in
        log?.append(version: version, bytes: bytes)
        if let gone { log?.forget(upTo: gone) }
      }
      feed.publish(event)
    }
    return recorded
  }

  /// What is remembered; read from the file once.
  private func log(in database: Database) throws -> ChangeLog {
    if let log = changeLog.withLock({ $0 }) { return log }
    let log = try ChangeLog(database)
    changeLog.withLock { $0 = log }
    return log
  }

  func document<Kind: ResourceKind>(
    _ kind: Kind.Type, _ name: String, in database: Database
  ) throws -> ResourceDocument? {
    try ResourceDocument.fetchOne(
      database, sql: "SELECT version, json FROM resources WHERE kind = ? AND name = ?", arguments: [Kind.kind, name])
  }

  func documents<Kind: ResourceKind>(_ kind: Kind.Type, in database: Database) throws -> [ResourceDocument] {
    try ResourceDocument.fetchAll(
      database, sql: "SELECT version, json FROM resources WHERE kind = ? ORDER BY name", arguments: [Kind.kind])
  }

  func existing<Kind: ResourceKind>(
    _ kind: Kind.Type, _ name: String, in database: Database
  ) throws -> Resource<Kind> {
    if let known = written.resource(kind, name) { return known }
    guard let document = try document(kind, name, in: database) else {
      throw StoreError.notFound(kind: Kind.kind, name: name)
    }
    return try document.resource(kind, path: file.path)
  }

  func count<Kind: ResourceKind>(_ kind: Kind.Type, in database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "SELECT count(*) FROM resources WHERE kind = ?", arguments: [Kind.kind]) ?? 0
  }

  /// The version of the last change; 0 before the first.
  func latestVersion(in database: Database) throws -> Int64 {
    try Int64.fetchOne(database, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'changes'") ?? 0
  }

  /// Whether every change after `version` is still there.
  func remembers(_ version: Int64, in database: Database) throws -> Bool {
    let latest = try latestVersion(in: database)
    guard version >= 0, version < latest else { return version == latest }
    let oldest = try Int64.fetchOne(database, sql: "SELECT min(version) FROM changes") ?? .max
    return oldest <= version + 1
  }

  func changes<Kind: ResourceKind>(
    of kind: Kind.Type, after version: Int64, in database: Database
  ) throws -> [WatchEvent<Kind>] {
    let rows = try Row.fetchCursor(
      database, sql: "SELECT version, change, json FROM changes WHERE kind = ? AND version > ? ORDER BY version",
      arguments: [Kind.kind, version])
    var events: [WatchEvent<Kind>] = []
    while let row = try rows.next() {
      let text = try row.decode(String.self, forColumn: "change")
      guard let change = Change(rawValue: text) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "change '\(text)'")
      }
      events.append(Self.event(change, try ResourceDocument(row: row).resource(kind, path: file.path)))
    }
    return events
  }

  private static func event<Kind: ResourceKind>(_ change: Change, _ resource: Resource<Kind>) -> WatchEvent<Kind> {
    switch change {
    case .added: .added(resource)
    case .modified: .modified(resource)
    case .deleted: .deleted(resource)
    }
  }
}
