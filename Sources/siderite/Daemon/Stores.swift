import BareMetal
import Logging
import SQLiteStore

/// The databases under the state directory.
struct Stores {
  let resources: SQLiteResourceStore
  let leases: SQLiteLeaseStore

  /// Opens or creates both.
  init(directory: String) throws(StoreError) {
    resources = try SQLiteResourceStore(path: "\(directory)/resources.sqlite", now: { .now })
    leases = try SQLiteLeaseStore(path: "\(directory)/leases.sqlite")
  }

  /// Everything acknowledged is on disk already: a failure here loses nothing.
  func close(_ logger: Logger) {
    do {
      try resources.close()
      try leases.close()
    } catch {
      logger.warning("a database did not close", metadata: ["error": "\(error)"])
    }
  }
}
