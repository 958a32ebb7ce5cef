public import BareMetal
import FoundationEssentials
import GRDB

/// What a boot host knows of the management cluster, in one SQLite file.
///
/// The file is the daemon's alone while it is open. Every write is synced to the disk before it returns.
public final class SQLiteSnapshotStore: SnapshotStore {
  /// JSON of one object: an API server takes no more.
  static let objectBytes = 2_000_000

  /// Objects that are read at a time: of Servers, 2 MB of JSON.
  private static let readAtOnce = 256

  private let file: DatabaseFile
  private let strings = SharedStrings()

  /// - Parameter path: The database file, `/var/lib/siderite/mirror.sqlite`; made where missing.
  /// - Throws: ``StoreError/unavailable(message:)``, with what to do about it.
  public init(path: String) throws(StoreError) {
    file = try DatabaseFile(path: path, migrator: Self.migrator)
  }

  public func origin() async throws(StoreError) -> String? {
    try await file.read { try String.fetchOne($0, sql: "SELECT origin FROM origins") }
  }

  /// Whether there is something that the cluster is yet to be told.
  public func hasPending() async throws(StoreError) -> Bool {
    try await file.read { database in
      try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT * FROM pending) OR EXISTS (SELECT * FROM pending_secrets)") ?? false
    }
  }

  public func begin(origin: String) async throws(StoreError) {
    try await file.write { database in
      for table in ["origins", "kinds", "objects", "pending", "own_status", "pending_secrets"] {
        try database.execute(sql: "DELETE FROM \(table)")
      }
      try database.execute(sql: "INSERT INTO origins (origin) VALUES (?)", arguments: [origin])
    }
  }

  public func snapshot<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> KindSnapshot<Kind> {
    let (pending, statuses, isComplete) = try await file.read { database in
      (
        try Row.fetchAll(
          database, sql: "SELECT number, base, ours FROM pending WHERE kind = ? ORDER BY number",
          arguments: [Kind.kind]
        ).map { ($0["number"] as Int64, $0["base"] as Data?, $0["ours"] as Data) },
        try Row.fetchAll(
          database, sql: "SELECT name, json FROM own_status WHERE kind = ?", arguments: [Kind.kind]
        ).map { ($0["name"] as String, $0["json"] as Data) },
        try Bool.fetchOne(
          database, sql: "SELECT EXISTS (SELECT * FROM kinds WHERE kind = ?)", arguments: [Kind.kind]) ?? false
      )
    }
    var snapshot = KindSnapshot<Kind>()
    snapshot.objects = try await objects(kind)
    for (number, base, ours) in pending {
      snapshot.pending.append(
        PendingWrite(
          number: number, base: try base.map { json throws(StoreError) in try decode(Resource<Kind>.self, json) },
          ours: try decode(Resource<Kind>.self, ours)))
    }
    for (name, json) in statuses { snapshot.ownStatus[name] = try decode(Kind.Status.self, json) }
    snapshot.isComplete = isComplete
    return snapshot
  }

  /// By name; read in parts, so that the JSON of all of them is never in memory.
  private func objects<Kind: ResourceKind>(_ kind: Kind.Type) async throws(StoreError) -> [Resource<Kind>] {
    var objects: [Resource<Kind>] = []
    var last = ""
    let path = file.path
    while true {
      let start = last
      let rows = try await file.read { database in
        try Row.fetchAll(
          database, sql: "SELECT name, json FROM objects WHERE kind = ? AND name > ? ORDER BY name LIMIT ?",
          arguments: [Kind.kind, start, Self.readAtOnce]
        ).map { ($0["name"] as String, $0["json"] as Data) }
      }
      guard let end = rows.last?.0 else { return objects }
      last = end
      let read = await inParallel(rows) { [strings] (row) -> Result<Resource<Kind>, StoreError> in
        do throws(StoreError) {
          var object = try ResourceDocument(json: row.1).resource(Kind.self, path: path)
          object.compact(sharing: strings)
          return .success(object)
        } catch {
          return .failure(error)
        }
      }
      for one in read { objects.append(try one.get()) }
    }
  }

  public func write<Kind: ResourceKind>(_ changes: SnapshotChanges<Kind>) async throws(StoreError) {
    let stored = try changes.stored.map { object throws(StoreError) in (object.metadata.key, try encode(object)) }
    let pending = try changes.pending.map { write throws(StoreError) in
      (write, try write.base.map { base throws(StoreError) in try encode(base) }, try encode(write.ours))
    }
    let statuses = try changes.ownStatus.map { entry throws(StoreError) in (entry.key, try encode(entry.value)) }
    try await file.write { database in
      for (name, json) in stored {
        try database.execute(
          sql: "INSERT OR REPLACE INTO objects (kind, name, json) VALUES (?, ?, ?)",
          arguments: [Kind.kind, name, json])
      }
      for name in changes.removed {
        for table in ["objects", "own_status"] {
          try database.execute(
            sql: "DELETE FROM \(table) WHERE kind = ? AND name = ?", arguments: [Kind.kind, name])
        }
      }
      for (write, base, ours) in pending {
        try database.execute(
          sql: "INSERT OR REPLACE INTO pending (kind, name, number, base, ours) VALUES (?, ?, ?, ?, ?)",
          arguments: [Kind.kind, write.key, write.number, base, ours])
      }
      for name in changes.settled {
        try database.execute(
          sql: "DELETE FROM pending WHERE kind = ? AND name = ?", arguments: [Kind.kind, name])
      }
      for (name, json) in statuses {
        try database.execute(
          sql: "INSERT OR REPLACE INTO own_status (kind, name, json) VALUES (?, ?, ?)",
          arguments: [Kind.kind, name, json])
      }
      if changes.isComplete {
        try database.execute(sql: "INSERT OR IGNORE INTO kinds (kind) VALUES (?)", arguments: [Kind.kind])
      }
    }
  }

  public func pendingSecrets() async throws(StoreError) -> [SecretName] {
    try await file.read { database in
      try Row.fetchAll(database, sql: "SELECT namespace, name FROM pending_secrets ORDER BY number").map {
        SecretName(namespace: $0["namespace"], name: $0["name"])
      }
    }
  }

  public func setPendingSecret(_ name: SecretName, _ isPending: Bool) async throws(StoreError) {
    try await file.write { database in
      try database.execute(
        sql: isPending
          ? "INSERT OR IGNORE INTO pending_secrets (namespace, name) VALUES (?, ?)"
          : "DELETE FROM pending_secrets WHERE namespace = ? AND name = ?",
        arguments: [name.namespace, name.name])
    }
  }

  /// Ends the use of the file; whatever is asked later fails as unavailable.
  public func close() { file.close() }

  private func encode(_ value: some Encodable) throws(StoreError) -> Data {
    do {
      let json = try JSONEncoder().encode(value)
      guard json.count <= Self.objectBytes else {
        throw StoreError.unavailable(message: "an object takes \(json.count) bytes, \(Self.objectBytes) are allowed")
      }
      return json
    } catch let error as StoreError {
      throw error
    } catch {
      throw .unavailable(message: "it cannot be written as JSON: \(error)")
    }
  }

  private func decode<Value: Decodable>(_ type: Value.Type, _ json: Data) throws(StoreError) -> Value {
    do { return try JSONDecoder().decode(type, from: json) } catch {
      throw .unavailable(message: "\(file.path): what waits for the cluster cannot be read: \(error)")
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 mirror") { database in
      try database.execute(
        sql: """
          CREATE TABLE origins (origin TEXT NOT NULL) STRICT;
          CREATE TABLE kinds (kind TEXT NOT NULL PRIMARY KEY) STRICT;
          CREATE TABLE objects (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            json BLOB NOT NULL,
            PRIMARY KEY (kind, name)
          ) STRICT;
          CREATE TABLE pending (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            number INTEGER NOT NULL,
            base BLOB,
            ours BLOB NOT NULL,
            PRIMARY KEY (kind, name)
          ) STRICT;
          CREATE TABLE own_status (
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            json BLOB NOT NULL,
            PRIMARY KEY (kind, name)
          ) STRICT;
          CREATE TABLE pending_secrets (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            UNIQUE (namespace, name)
          ) STRICT;
          """)
    }
    return migrator
  }
}
