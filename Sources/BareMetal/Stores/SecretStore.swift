/// Where credentials are kept: Secrets of the management cluster, or the embedded store's own.
public protocol SecretStore: Sendable {
  /// The values by key, or `nil`.
  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]?

  /// Keeps these values under that name instead of what was there; `nil` forgets it. On disk when it returns.
  func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError)

  /// Keeps all of them, in one commit where the store has such: a thousand machines boot at once.
  func setSecrets(_ secrets: [SecretName: [String: Secret]]) async throws(StoreError)
}

extension SecretStore {
  public func setSecrets(_ secrets: [SecretName: [String: Secret]]) async throws(StoreError) {
    for (name, values) in secrets { try await setSecret(name, to: values) }
  }
}

/// A Secret's place.
public struct SecretName: Codable, Hashable, Sendable {
  public var namespace: String
  public var name: String

  public init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }
}
