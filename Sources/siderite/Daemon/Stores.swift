import BareMetal
import SQLiteStore

/// The databases under the state directory.
struct Stores {
  let resources: SQLiteResourceStore
  let leases: SQLiteLeaseStore
  let secrets: SQLiteSecretStore

  /// Opens or creates them.
  init(directory: String) throws(StoreError) {
    resources = try SQLiteResourceStore(path: "\(directory)/resources.sqlite", now: { .now })
    leases = try SQLiteLeaseStore(path: "\(directory)/leases.sqlite")
    secrets = try SQLiteSecretStore(path: "\(directory)/secrets.sqlite")
  }

  /// Ends all watches. Everything acknowledged is on disk already.
  func close() {
    resources.close()
    leases.close()
    secrets.close()
  }
}
