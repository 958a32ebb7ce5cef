import BareMetal
import Wire

/// Every machine's boot token: the only one who makes, checks and keeps them.
///
/// What is answered is on disk before it is answered. Tokens that are made or shown for the first time while a commit is
/// under way share the next one, so that a thousand machines cost a handful of commits and not a thousand.
actor BootTokens {
  /// Tokens held in memory, a few hundred bytes each; those beyond are read again when they are shown.
  private static let cacheLimit = 16_384

  private let secrets: any SecretStore
  private let now: @Sendable () -> Timestamp
  /// By the Server's name, as they are or are about to be in the store.
  private var tokens: [String: BootToken] = [:]
  private var isWriting = false
  private var waiting: [Waiter] = []

  private struct Waiter {
    var server: String
    var continuation: CheckedContinuation<Turn, Never>
  }

  /// What a waiting caller is woken for.
  private enum Turn: Sendable {
    case written(Result<Void, StoreError>)
    /// To write, for itself and those that wait by then.
    case write
  }

  init(secrets: any SecretStore, now: @escaping @Sendable () -> Timestamp) {
    self.secrets = secrets
    self.now = now
  }

  /// A new token for that Server, instead of the one before.
  func mint(for server: String, binding: String) async throws(StoreError) -> Secret {
    var random = SystemRandomNumberGenerator()
    let token = BootToken(
      token: .random(length: BootToken.length, using: &random), binding: binding, now: now())
    remember(token, of: server)
    do {
      try await save(server)
    } catch {
      if tokens[server]?.token == token.token { tokens[server] = nil }
      throw error
    }
    return token.token
  }

  /// Whether `shown` is good, and from now on only for that address.
  /// - Returns: why not.
  func redeem(
    _ shown: Secret, of server: String, binding: String, at address: IPAddress?, for purpose: BootToken.Purpose
  ) async throws(StoreError) -> BootToken.Refusal? {
    guard let token = try await token(of: server) else { return .wrong }
    if let refusal = token.refusal(of: shown, from: address, for: purpose, binding: binding, now: now()) {
      return refusal
    }
    guard token.address == nil else { return nil }
    // Before the store is asked: whoever shows it meanwhile finds it taken.
    tokens[server]?.address = address
    do {
      try await save(server)
    } catch {
      if tokens[server]?.token == token.token { tokens[server]?.address = nil }
      throw error
    }
    return nil
  }

  /// No configuration is given out by the Server's token any more.
  func spend(_ server: String) async throws(StoreError) {
    guard let token = try await token(of: server), !token.isSpent else { return }
    tokens[server]?.isSpent = true
    do {
      try await save(server)
    } catch {
      if tokens[server]?.token == token.token { tokens[server]?.isSpent = false }
      throw error
    }
  }

  private func token(of server: String) async throws(StoreError) -> BootToken? {
    if let token = tokens[server] { return token }
    let stored = BootToken(try await secrets.secret(.bootToken(ofServer: server)))
    // Another may have made one, or shown this one, while the store was read.
    if let token = tokens[server] { return token }
    if let stored { remember(stored, of: server) }
    return stored
  }

  private func remember(_ token: BootToken, of server: String) {
    // What waits to be written must stay.
    if tokens.count >= Self.cacheLimit, !isWriting { tokens.removeAll(keepingCapacity: true) }
    tokens[server] = token
  }

  // MARK: One commit for many

  private func save(_ server: String) async throws(StoreError) {
    if isWriting {
      switch await withCheckedContinuation({ waiting.append(Waiter(server: server, continuation: $0)) }) {
      case .written(let result): return try result.get()
      case .write: break
      }
    }
    isWriting = true
    let others = waiting
    waiting = []
    let result = await write(Set(others.map(\.server) + [server]))
    for other in others { other.continuation.resume(returning: .written(result)) }
    if waiting.isEmpty {
      isWriting = false
    } else {
      waiting.removeFirst().continuation.resume(returning: .write)
    }
    try result.get()
  }

  private func write(_ servers: Set<String>) async -> Result<Void, StoreError> {
    var values: [SecretName: [String: Secret]] = [:]
    for server in servers { values[.bootToken(ofServer: server)] = tokens[server]?.values }
    do {
      try await secrets.setSecrets(values)
      return .success(())
    } catch {
      return .failure(error)
    }
  }
}
