import BareMetal
import GRDB

extension DatabaseFile {
  /// What went wrong, in words that a person can act on.
  static func failure(_ error: any Error, _ path: String) -> StoreError {
    switch error {
    case let error as StoreError: error
    case let error as DatabaseError: .unavailable(message: explanation(error, path))
    case is CancellationError: .unavailable(message: "the caller was cancelled")
    case is RowDecodingError: .unavailable(message: damaged(path, "a value of another type than its column's"))
    default: .unavailable(message: "\(path): \(error)")
    }
  }

  private static func explanation(_ error: DatabaseError, _ path: String) -> String {
    let detail = error.message ?? "\(error.extendedResultCode)"
    return switch error.resultCode {
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      damaged(path, detail)
    case .SQLITE_FULL:
      "the disk of \(path) is full: make room on it"
    case .SQLITE_IOERR:
      "the disk of \(path) failed (\(detail), code \(error.extendedResultCode.rawValue)): see the kernel's log"
    case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
      "\(path) cannot be opened for writing (\(detail)): it and its directory must belong to siderite's user"
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      "\(path) is in use by another process: is another siderite running?"
    default:
      "\(path): \(detail) (SQLite code \(error.extendedResultCode.rawValue))"
    }
  }

  private static func damaged(_ path: String, _ detail: String) -> String {
    "\(path) is damaged (\(detail)): stop siderite, keep a copy, and put back a backup, "
      + "try 'sqlite3 \(path) .recover', or move it away to begin with an empty one"
  }
}
