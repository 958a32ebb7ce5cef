public import BareMetal
import HTTPTypes
public import Wire

/// How a machine's BMC becomes ours: makes the password, hands it to the machine's agent, and believes that it is set when
/// a login over the network shows it. Only then do address and credentials become part of the Server.
///
/// The password is on disk before anybody gets it, and stays the same until it is verified: whatever breaks in between,
/// and wherever, the next boot goes on with the one that the BMC may have already. The boot network is what it is:
/// whoever speaks there as an accepted machine without a BMC, or listens, learns that machine's password.
public final class BMCHandover: Sendable {
  /// Bounds on what can be under way.
  enum Limits {
    /// Seconds that a token is good for: an agent takes one to five minutes.
    static let tokenSeconds: Int64 = 30 * 60
    /// Logins over the network at a time; the other agents are told to come again.
    static let concurrentVerifications = 16
    static let tokenLength = 32
    /// Reads and writes of one Server before giving up against others that change it too.
    static let attempts = 8
  }

  /// What became of a report.
  enum Outcome: Sendable {
    case verified(endpoint: String)
    case failed(BMCFailure)
  }

  private let store: any ResourceStore
  private let secrets: any SecretStore
  private let allowsLoopback: Bool
  private let now: @Sendable () -> Timestamp
  private let controller: @Sendable (ManagementMethod) -> any PowerController
  private let busy = NamesInUse()
  private let verifications = Slots(limit: Limits.concurrentVerifications)

  /// - Parameters:
  ///   - controller: what logs in over the network; it bounds how long that takes.
  public convenience init(
    store: any ResourceStore, secrets: any SecretStore, now: @escaping @Sendable () -> Timestamp,
    controller: @escaping @Sendable (ManagementMethod) -> any PowerController
  ) {
    self.init(store: store, secrets: secrets, allowsLoopback: false, now: now, controller: controller)
  }

  /// - Parameter allowsLoopback: believes in BMCs at 127.0.0.0/8, for tests on one host.
  package init(
    store: any ResourceStore, secrets: any SecretStore, allowsLoopback: Bool, now: @escaping @Sendable () -> Timestamp,
    controller: @escaping @Sendable (ManagementMethod) -> any PowerController
  ) {
    self.store = store
    self.secrets = secrets
    self.allowsLoopback = allowsLoopback
    self.now = now
    self.controller = controller
  }

  // MARK: Handing out

  /// What the agent is to set up, kept before it is returned; `nil` when the machine is nobody's or has a way to be
  /// switched already.
  func setup(for server: Server) async throws -> BMCSetup? {
    guard server.wantsBMCSetup else { return nil }
    return try await exclusively(server.metadata.name) {
      let place = SecretName.pendingBMC(ofServer: server.metadata.name)
      var random = SystemRandomNumberGenerator()
      let old = PendingBMC(try await secrets.secret(place))
      let isFresh = old.map { $0.expiry > now().seconds } ?? false
      let setup = BMCSetup(
        user: BMCSetup.userName,
        password: old?.setup.password ?? .random(length: BMCSetup.passwordLength, using: &random),
        token: (isFresh ? old?.setup.token : nil) ?? .random(length: Limits.tokenLength, using: &random))
      try await secrets.setSecret(
        place, to: PendingBMC(setup: setup, expiry: now().seconds + Limits.tokenSeconds).values)
      return setup
    }
  }

  // MARK: Taking over

  /// Checks who reports, logs in where the report says, and makes that the Server's BMC.
  func take(_ report: BMCReport) async throws -> Outcome {
    try await exclusively(report.server) {
      guard let server = try await store.get(ServerKind.self, named: report.server),
        let pending = PendingBMC(try await secrets.secret(.pendingBMC(ofServer: report.server)))
      else { throw Refusal(.notFound, "no BMC is being set up for a Server of that name") }
      guard pending.setup.token == report.token else { throw Refusal(.forbidden, "the token is not the one given out") }
      guard pending.expiry > now().seconds else {
        throw Refusal(.forbidden, "the token has expired: register again")
      }
      guard server.wantsBMCSetup else {
        throw Refusal(.conflict, "the Server has a BMC already, or is accepted no more")
      }
      if let failure = report.failure {
        return .failed(BMCFailure(.refused, failure.isEmpty ? "the agent says no reason" : PlainText.line(failure)))
      }
      let (address, port): (IPv4Address, UInt16)
      do throws(BMCReportError) {
        (address, port) = try report.endpoint(allowsLoopback: allowsLoopback)
      } catch {
        throw Refusal(.unprocessableContent, error.description)
      }
      let credentials = Credentials(user: pending.setup.user, password: pending.setup.password)
      let method = ManagementMethod.ipmi(IPMIAccess(host: "\(address)", port: port, credentials: credentials))
      if let failure = try await verify(method) { return .failed(failure) }
      try await keep(credentials, at: address, port: port, for: report.server)
      return .verified(endpoint: "\(address):\(port)")
    }
  }

  private func verify(_ method: ManagementMethod) async throws -> BMCFailure? {
    let result = await verifications.with { () async -> BMCFailure? in
      do throws(BMCFailure) {
        _ = try await controller(method).powerState()
        return nil
      } catch {
        return error
      }
    }
    guard let result else {
      throw Refusal(
        .serviceUnavailable, "too many BMCs are being verified at this moment: try again",
        retryAfterSeconds: Refusal.storeRetrySeconds)
    }
    return result
  }

  /// The Secret first: a Server must not name one that is not there.
  private func keep(_ credentials: Credentials, at address: IPv4Address, port: UInt16, for name: String) async throws {
    let place = SecretName.bmc(ofServer: name)
    try await secrets.setSecret(
      place, to: [SecretName.userKey: Secret(credentials.user), SecretName.passwordKey: credentials.password])
    var bmc = BMC(endpoint: "\(address)", port: UInt32(port))
    bmc.userFrom = CredentialSource(place, key: SecretName.userKey)
    bmc.passFrom = CredentialSource(place, key: SecretName.passwordKey)
    for _ in 0..<Limits.attempts {
      guard var server = try await store.get(ServerKind.self, named: name), server.wantsBMCSetup else {
        throw Refusal(.conflict, "the Server has a BMC already, or is accepted no more")
      }
      server.spec.bmc = bmc
      do {
        _ = try await store.update(server)
      } catch StoreError.conflict {
        continue
      }
      // What is left of it does no harm: nothing is handed out for a Server with a BMC.
      try? await secrets.setSecret(.pendingBMC(ofServer: name), to: nil)
      return
    }
    throw Refusal(
      .serviceUnavailable, "the Server is being changed by others: try again",
      retryAfterSeconds: Refusal.storeRetrySeconds)
  }

  /// One at a time for each Server: the store of Secrets has no versions.
  private func exclusively<Result: Sendable>(_ name: String, _ work: () async throws -> Result) async throws -> Result {
    guard let result = try await busy.with(name, work) else {
      throw Refusal(
        .serviceUnavailable, "this machine's BMC is being set up at this moment: try again",
        retryAfterSeconds: Refusal.storeRetrySeconds)
    }
    return result
  }
}

/// What was handed out and is not verified, as it is kept.
private struct PendingBMC {
  var setup: BMCSetup
  /// Of the token, in seconds since 1970.
  var expiry: Int64

  init(setup: BMCSetup, expiry: Int64) {
    self.setup = setup
    self.expiry = expiry
  }

  init?(_ values: [String: Secret]?) {
    guard let user = values?[SecretName.userKey], let password = values?[SecretName.passwordKey],
      let token = values?["token"], let expiry = values?["expires"].flatMap({ Int64($0.exposedText) })
    else { return nil }
    self.init(setup: BMCSetup(user: user.exposedText, password: password, token: token), expiry: expiry)
  }

  var values: [String: Secret] {
    [
      SecretName.userKey: Secret(setup.user), SecretName.passwordKey: setup.password, "token": setup.token,
      "expires": Secret("\(expiry)"),
    ]
  }
}

extension SecretName {
  /// Where what was handed out to a Server's agent is kept until it is verified.
  static func pendingBMC(ofServer name: String) -> SecretName {
    var place = SecretName.bmc(ofServer: name)
    place.name += "-pending"
    return place
  }
}

extension CredentialSource {
  fileprivate init(_ place: SecretName, key: String) {
    self.init(secretKeyRef: SecretKeyRef(namespace: place.namespace, name: place.name, key: key))
  }
}

extension Server {
  /// Nothing is written to the BMC of a machine that nobody accepted, or that is switched in another way already.
  fileprivate var wantsBMCSetup: Bool { spec.accepted && spec.bmc == nil && spec.managementApi == nil }
}
