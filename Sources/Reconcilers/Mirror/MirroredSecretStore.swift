public import BareMetal
import Synchronization

/// The management cluster's Secrets that this boot host has read or written, and its own.
///
/// What is of this host only (``SecretName/isOfThisHost``) is in the local store. The others are the cluster's: read from
/// there now and then, and from the local store in between and when the cluster cannot be reached. Credentials of a BMC
/// that were set up meanwhile are kept and told to the cluster later; ours win, as a login has shown that they are true.
public final class MirroredSecretStore: SecretStore {
  /// How long a Secret that was read counts without being asked for again. A power poll asks for every Server's, and what
  /// a person changes in the cluster is to count before long.
  public static let freshness = Duration.seconds(900)
  /// Names whose time of reading is remembered; beyond, they are read again.
  private static let maximumRemembered = 16_384
  /// Secrets that may wait to be told.
  static let maximumWaiting = 16_384

  private struct State {
    var read: [SecretName: ContinuousClock.Instant] = [:]
    /// In the order in which they were written.
    var waiting: [SecretName] = []
    var link: MirrorLink?
    var untold: WakeSignal?
  }

  private let local: any SecretStore
  private let remote: any SecretStore
  private let snapshot: any SnapshotStore
  private let limit: Duration
  private let state = Mutex(State())

  /// - Parameters:
  ///   - limit: for one answer of the cluster.
  public init(
    local: any SecretStore, remote: any SecretStore, snapshot: any SnapshotStore, limit: Duration = .seconds(5)
  ) {
    self.local = local
    self.remote = remote
    self.snapshot = snapshot
    self.limit = limit
  }

  func load(link: MirrorLink, untold: WakeSignal) async throws(StoreError) {
    let waiting = try await snapshot.pendingSecrets()
    state.withLock { state in
      state.waiting = waiting
      state.link = link
      state.untold = untold
    }
  }

  var waiting: [SecretName] { state.withLock(\.waiting) }

  public func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? {
    guard !name.isOfThisHost, mustAsk(name) else { return try await local.secret(name) }
    let values: [String: Secret]?
    do throws(StoreError) {
      values = try await answer(within: limit) { [remote] () async throws(StoreError) in try await remote.secret(name) }
    } catch {
      guard case .unavailable(let message) = error else { throw error }
      link?.failed(message)
      return try await local.secret(name)
    }
    if try await local.secret(name) != values, !waiting.contains(name) { try await local.setSecret(name, to: values) }
    noteRead(name)
    return values
  }

  public func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    guard !name.isOfThisHost else { return try await local.setSecret(name, to: values) }
    if link?.isUp == true, !waiting.contains(name) {
      do throws(StoreError) {
        try await answer(within: limit) { [remote] () async throws(StoreError) in
          try await remote.setSecret(name, to: values)
        }
        try await local.setSecret(name, to: values)
        noteRead(name)
        return
      } catch {
        guard case .unavailable(let message) = error else { throw error }
        link?.failed(message)
      }
    }
    guard let values, name.mayWait else {
      throw .unavailable(message: "the cluster cannot be reached, and its Secret \(name.name) is kept there")
    }
    guard waiting.count < Self.maximumWaiting else {
      throw .unavailable(
        message: "\(Self.maximumWaiting) Secrets wait for the cluster already, which is the most there may be")
    }
    try await local.setSecret(name, to: values)
    try await snapshot.setPendingSecret(name, true)
    let untold = state.withLock { state in
      if !state.waiting.contains(name) { state.waiting.append(name) }
      return state.untold
    }
    untold?.set()
  }

  public func setSecrets(_ secrets: [SecretName: [String: Secret]]) async throws(StoreError) {
    let own = secrets.filter(\.key.isOfThisHost)
    if !own.isEmpty { try await local.setSecrets(own) }
    for (name, values) in secrets where !name.isOfThisHost { try await setSecret(name, to: values) }
  }

  /// Writes to the cluster what waits.
  func tell(_ name: SecretName, within limit: Duration) async throws(StoreError) {
    if let values = try await local.secret(name) {
      try await answer(within: limit) { [remote] () async throws(StoreError) in
        try await remote.setSecret(name, to: values)
      }
      // Written again meanwhile: it waits on.
      guard try await local.secret(name) == values else { return }
    }
    try await snapshot.setPendingSecret(name, false)
    state.withLock { $0.waiting.removeAll { $0 == name } }
    noteRead(name)
  }

  private var link: MirrorLink? { state.withLock(\.link) }

  private func mustAsk(_ name: SecretName) -> Bool {
    state.withLock { state in
      guard state.link?.isUp == true, !state.waiting.contains(name) else { return false }
      return state.read[name].map { $0.duration(to: .now) > Self.freshness } ?? true
    }
  }

  private func noteRead(_ name: SecretName) {
    state.withLock { state in
      if state.read.count >= Self.maximumRemembered { state.read = [:] }
      state.read[name] = .now
    }
  }
}
