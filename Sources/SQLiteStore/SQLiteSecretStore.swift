public import BareMetal
import FoundationEssentials
import GRDB
import Synchronization

/// Secrets in a SQLite file of their own, 0600: backups and bug reports can leave it out.
///
/// The file is the daemon's alone while it is open. Every write is synced to the disk before it returns; what is replaced
/// or forgotten is overwritten in the database file, and leaves the write-ahead log with it.
public final class SQLiteSecretStore: SecretStore {
  /// Secrets there may be: one a Server, with room.
  static let maximumSecrets = 131_072
  /// Bytes of one Secret's values, as of a cluster's.
  static let maximumBytes = 1_000_000

  private let file: DatabaseFile
  /// Those that were read lately: changed on the database's queue only, so always what is in the file, which is this
  /// process's alone.
  private let known = Mutex<[SecretName: [String: Secret]]>([:])
  /// Of those: machine configurations of some kilobytes, and small ones.
  private static let maximumKnown = 2048

  /// - Parameter path: The database file, `/var/lib/siderite/secrets.sqlite`; made where missing.
  /// - Throws: ``StoreError/unavailable(message:)``, with what to do about it.
  public init(path: String) throws(StoreError) {
    file = try DatabaseFile(path: path, migrator: Self.migrator)
  }

  public func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    if file.isOpen, let values = known.withLock({ $0[name] }) { return values }
    return try await file.read { database in
      let json = try Data.fetchOne(
        database, sql: "SELECT json FROM secrets WHERE namespace = ? AND name = ?",
        arguments: [name.namespace, name.name])
      guard let json else { return nil }
      guard let values = try? JSONDecoder().decode([String: Secret].self, from: json) else {
        // The error would quote what it could not read.
        throw StoreError.unavailable(
          message: "\(self.file.path) is damaged: Secret \(name.namespace)/\(name.name) cannot be read")
      }
      self.known.withLock { known in
        if known.count >= Self.maximumKnown, let other = known.keys.first { known[other] = nil }
        known[name] = values
      }
      return values
    }
  }

  public func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    try await set([name: values])
  }

  public func setSecrets(_ secrets: [SecretName: [String: Secret]]) async throws(StoreError) {
    try await set(secrets.mapValues { $0 })
  }

  private func set(_ secrets: [SecretName: [String: Secret]?]) async throws(StoreError) {
    guard !secrets.isEmpty else { return }
    var rows: [(name: SecretName, json: Data?)] = []
    for (name, values) in secrets {
      rows.append((name, try values.map { values throws(StoreError) in try Self.json(values, of: name) }))
    }
    let (written, maximum) = (rows, Self.maximumSecrets)
    try await file.write { database in
      // Zeroes what is deleted; it may not change inside a transaction that wrote already.
      try database.execute(sql: "PRAGMA secure_delete = ON")
      let deletion = try database.cachedStatement(sql: "DELETE FROM secrets WHERE namespace = ? AND name = ?")
      for row in written {
        self.known.withLock { $0[row.name] = nil }
        try deletion.execute(arguments: [row.name.namespace, row.name.name])
      }
      let added = written.filter { $0.json != nil }
      guard !added.isEmpty else { return }
      guard try Int.fetchOne(database, sql: "SELECT count(*) FROM secrets") ?? 0 <= maximum - added.count else {
        throw StoreError.unavailable(message: "it holds \(maximum) Secrets, which is the most there may be")
      }
      let insertion = try database.cachedStatement(
        sql: "INSERT INTO secrets (namespace, name, json) VALUES (?, ?, ?)")
      for row in added {
        try insertion.execute(arguments: [row.name.namespace, row.name.name, row.json])
      }
    }
    try await file.emptyLog()
  }

  /// Ends the use of the file; whatever is asked later fails as unavailable.
  public func close() { file.close() }

  private static func json(_ values: [String: Secret], of name: SecretName) throws(StoreError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard !name.namespace.isEmpty, !name.name.isEmpty, let json = try? encoder.encode(values) else {
      throw .invalid(kind: "Secret", name: name.name, message: "its name or namespace is empty")
    }
    guard json.count <= maximumBytes else {
      throw .invalid(kind: "Secret", name: name.name, message: "it is larger than \(maximumBytes) bytes")
    }
    return json
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 secrets") { database in
      try database.execute(
        sql: """
          CREATE TABLE secrets (
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            json BLOB NOT NULL,
            PRIMARY KEY (namespace, name)
          ) STRICT
          """)
    }
    return migrator
  }
}
