public import BareMetal
import FoundationEssentials
import GRDB
public import Wire

// IPv6 leases in the same file: one host, one server identity, one thing to keep.
extension SQLiteLeaseStore: IPv6LeaseStore {
  public func ipv6Leases() async throws(StoreError) -> [IPv6Lease] {
    try await file.read { database in
      var leases: [IPv6Lease] = []
      let rows = try Row.fetchCursor(
        database, sql: "SELECT address, client, hostname, state, expires FROM ipv6_leases ORDER BY address")
      while let row = try rows.next() { leases.append(try IPv6Lease(row)) }
      return leases
    }
  }

  public func commit(_ changes: [IPv6LeaseChange]) async throws(StoreError) {
    guard !changes.isEmpty else { return }
    try await file.write { database in
      let put = try database.cachedStatement(
        sql: "INSERT OR REPLACE INTO ipv6_leases (address, client, hostname, state, expires) VALUES (?, ?, ?, ?, ?)")
      let remove = try database.cachedStatement(sql: "DELETE FROM ipv6_leases WHERE address = ?")
      for change in changes {
        switch change {
        case .put(let lease):
          try put.execute(arguments: [
            Data(lease.address.bytes), Data(lease.client), lease.hostname, lease.state.rawValue,
            lease.expires.milliseconds,
          ])
        case .remove(let address): try remove.execute(arguments: [Data(address.bytes)])
        }
      }
    }
  }

  public func serverUUID(first: SystemUUID) async throws(StoreError) -> SystemUUID {
    try await file.write { database in
      try database.execute(
        sql: "INSERT OR IGNORE INTO server_identity (id, uuid) VALUES (1, ?)", arguments: [Data(first.bytes)])
      let kept = try Data.fetchOne(database, sql: "SELECT uuid FROM server_identity WHERE id = 1")
      guard let uuid = kept.flatMap({ SystemUUID(bytes: $0) }) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the server's identity is no UUID")
      }
      return uuid
    }
  }

  /// Addresses and clients as bytes; expires in milliseconds since 1970.
  static func registerIPv6(in migrator: inout DatabaseMigrator) {
    migrator.registerMigration("2 IPv6") { database in
      try database.execute(
        sql: """
          CREATE TABLE ipv6_leases (
            address BLOB PRIMARY KEY,
            client BLOB NOT NULL,
            hostname TEXT,
            state TEXT NOT NULL,
            expires INTEGER NOT NULL
          ) STRICT;
          CREATE TABLE server_identity (id INTEGER PRIMARY KEY CHECK (id = 1), uuid BLOB NOT NULL) STRICT
          """)
    }
  }
}

extension IPv6Lease {
  fileprivate init(_ row: Row) throws {
    let bytes = try row.decode(Data.self, atIndex: 0)
    let text = try row.decode(String.self, atIndex: 3)
    guard let address = IPv6Address(bytes: bytes), let state = Lease.State(rawValue: text) else {
      throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "an IPv6 lease of \(bytes.count) bytes, state \(text)")
    }
    self.init(
      address: address, client: [UInt8](try row.decode(Data.self, atIndex: 1)),
      hostname: try row.decode(String?.self, atIndex: 2), state: state,
      expires: Timestamp(milliseconds: try row.decode(Int64.self, atIndex: 4)))
  }
}
