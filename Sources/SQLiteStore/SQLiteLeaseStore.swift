public import BareMetal
import FoundationEssentials
import GRDB
import Wire

/// Leases in a SQLite file of their own, so that a client's ACK never waits for a write of resources.
///
/// The file is the daemon's alone while it is open. Every commit is synced to the disk before it returns,
/// unless it was opened otherwise.
public final class SQLiteLeaseStore: LeaseStore {
  let file: DatabaseFile

  /// - Parameters:
  ///   - path: The database file, `/var/lib/siderite/leases.sqlite`; made where missing.
  ///   - isSynced: Whether a commit waits for the disk. If not, a power cut may undo the last commits, whole ones; the end of
  ///     the process, however it comes, undoes none.
  /// - Throws: ``StoreError/unavailable(message:)``, with what to do about it.
  public init(path: String, isSynced: Bool = true) throws(StoreError) {
    file = try DatabaseFile(path: path, isSynced: isSynced, migrator: Self.migrator)
  }

  public func leases() async throws(StoreError) -> [Lease] {
    try await file.read { [file] database in
      var leases: [Lease] = []
      let rows = try Row.fetchCursor(
        database, sql: "SELECT address, client, mac, hostname, state, expires FROM leases ORDER BY address")
      while let row = try rows.next() { leases.append(try Lease(row, path: file.path)) }
      return leases
    }
  }

  public func commit(_ changes: [LeaseChange]) async throws(StoreError) {
    guard !changes.isEmpty else { return }
    try await file.write { database in
      let put = try database.cachedStatement(
        sql: """
          INSERT OR REPLACE INTO leases (address, client, mac, hostname, state, expires) VALUES (?, ?, ?, ?, ?, ?)
          """)
      let remove = try database.cachedStatement(sql: "DELETE FROM leases WHERE address = ?")
      for change in changes {
        switch change {
        case .put(let lease): try put.execute(arguments: lease.columns)
        case .remove(let address): try remove.execute(arguments: [Int64(address.rawValue)])
        }
      }
    }
  }

  /// Ends the use of the file; whatever is asked later fails as unavailable.
  public func close() { file.close() }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 leases") { database in
      // Addresses as numbers; expires in milliseconds since 1970.
      try database.execute(
        sql: """
          CREATE TABLE leases (
            address INTEGER PRIMARY KEY,
            client BLOB NOT NULL,
            mac INTEGER NOT NULL,
            hostname TEXT,
            state TEXT NOT NULL,
            expires INTEGER NOT NULL
          ) STRICT
          """)
    }
    registerIPv6(in: &migrator)
    return migrator
  }
}

extension Lease {
  fileprivate init(_ row: Row, path: String) throws {
    let number = try row.decode(Int64.self, atIndex: 0)
    let text = try row.decode(String.self, atIndex: 4)
    guard let address = UInt32(exactly: number), let state = State(rawValue: text) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "lease \(number), state \(text)")
    }
    self.init(
      address: IPv4Address(rawValue: address),
      client: [UInt8](try row.decode(Data.self, atIndex: 1)),
      mac: MACAddress(rawValue: UInt64(bitPattern: try row.decode(Int64.self, atIndex: 2))),
      hostname: try row.decode(String?.self, atIndex: 3),
      state: state,
      expires: Timestamp(milliseconds: try row.decode(Int64.self, atIndex: 5)))
  }

  fileprivate var columns: StatementArguments {
    [
      Int64(address.rawValue), Data(client), Int64(bitPattern: mac.rawValue), hostname, state.rawValue,
      expires.milliseconds,
    ]
  }
}
