public import BareMetal
import Synchronization

/// Secrets of others, as they were a moment ago: for who looks at them at every change of something else.
public final class RecentSecretStore: SecretStore {
  /// How long what is there counts without being asked for again, and what is not.
  private static let freshness = Duration.seconds(60)
  private static let absence = Duration.seconds(5)
  /// A rack that is installed; beyond, they are read again.
  private static let maximum = 4096

  private struct Entry {
    var values: [String: Secret]?
    var read: ContinuousClock.Instant
  }

  private let store: any SecretStore
  private let entries = Mutex<[SecretName: Entry]>([:])

  public init(_ store: any SecretStore) { self.store = store }

  public func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    let known = entries.withLock { $0[name] }
    if let known, known.read.duration(to: .now) < (known.values == nil ? Self.absence : Self.freshness) {
      return known.values
    }
    let values = try await store.secret(name)
    entries.withLock { entries in
      if entries.count >= Self.maximum { entries = [:] }
      entries[name] = Entry(values: values, read: .now)
    }
    return values
  }

  public func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    try await store.setSecret(name, to: values)
    entries.withLock { $0[name] = nil }
  }
}
