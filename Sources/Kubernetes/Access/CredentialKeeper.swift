import BareMetal
import FoundationEssentials
import NIOSSL
import Synchronization
import Wire

/// What requests carry, kept fresh: tokens and certificates expire and are rotated while the daemon runs.
actor CredentialKeeper {
  /// Who asks, and whom is believed, at one moment.
  struct Identity: Sendable {
    var token: Secret?
    var tls: TLSConfiguration?
    /// Tells one state of the credentials from the next.
    var number = 0
  }

  /// Between two looks at a file: Kubernetes' own clients look as often.
  private static let fileAge = Duration.seconds(60)
  /// Before it expires, what a plugin said is asked for anew.
  private static let expiryMargin: Int64 = 30
  /// A plugin that says no expiry is asked again only when its credentials were refused; not more often than this.
  private static let pluginPause = Duration.seconds(5)

  /// What an identity is made of.
  private struct Material: Hashable {
    var token: Secret?
    var chain: String?
    var key: Secret?
    var authorities: String?
  }

  private let access: ClusterAccess
  private let now: @Sendable () -> Timestamp
  private var identity: Identity?
  private var material: Material?
  /// When what is known is to be looked at again.
  private var freshUntil = ContinuousClock.now
  private var pluginRan: ContinuousClock.Instant?
  private var pluginAnswer: CredentialPlugin.Answer?
  /// Several requests at once run a plugin once.
  private var refreshing: Task<Result<Identity, KubernetesError>, Never>?

  init(_ access: ClusterAccess, now: @escaping @Sendable () -> Timestamp) {
    self.access = access
    self.now = now
  }

  /// - Parameter refused: the number of the identity that the server has just refused: another one is wanted.
  func current(refused: Int? = nil) async throws(KubernetesError) -> Identity {
    if let identity, refused != identity.number, isFresh { return identity }
    let task: Task<Result<Identity, KubernetesError>, Never>
    if let refreshing {
      task = refreshing
    } else {
      let wasRefused = refused != nil
      task = Task { await refresh(wasRefused: wasRefused) }
      refreshing = task
    }
    let result = await task.value
    refreshing = nil
    return try result.get()
  }

  private var isFresh: Bool {
    if let expiry = pluginAnswer?.expiry { return now() < expiry.advanced(bySeconds: -Self.expiryMargin) }
    return ContinuousClock.now < freshUntil
  }

  private func refresh(wasRefused: Bool) async -> Result<Identity, KubernetesError> {
    do throws(KubernetesError) {
      if case .plugin(let plugin) = access.credentials { try await ask(plugin, wasRefused: wasRefused) }
      let next = try read()
      identity = next
      freshUntil = .now + Self.fileAge
      return .success(next)
    } catch {
      // What was good a minute ago may still be: a file that is replaced is away for a moment.
      if let identity, !wasRefused, pluginAnswer?.expiry.map({ now() < $0 }) ?? true {
        freshUntil = .now + .seconds(5)
        return .success(identity)
      }
      return .failure(error)
    }
  }

  private func ask(_ plugin: CredentialPlugin, wasRefused: Bool) async throws(KubernetesError) {
    if pluginAnswer != nil, isFreshAnswer, !wasRefused { return }
    if let pluginRan, pluginRan + Self.pluginPause > .now, pluginAnswer != nil, isFreshAnswer { return }
    pluginAnswer = try await plugin.run()
    pluginRan = .now
  }

  private var isFreshAnswer: Bool {
    pluginAnswer?.expiry.map { now() < $0.advanced(bySeconds: -Self.expiryMargin) } ?? true
  }

  /// Everything as it is in files and answers now; the same identity where nothing has changed, whose connections then
  /// go on being used.
  private func read() throws(KubernetesError) -> Identity {
    do throws(KubeconfigError) {
      let material = try currentMaterial()
      if let identity, material == self.material { return identity }
      var next = Identity(token: material.token, number: (identity?.number ?? 0) + 1)
      if access.server.hasPrefix("https:") { next.tls = try tls(material) }
      self.material = material
      return next
    } catch {
      throw KubernetesError(.noCredentials, "no credentials for the cluster \(access.name): \(error)")
    }
  }

  private func currentMaterial() throws(KubeconfigError) -> Material {
    var material = Material()
    switch access.credentials {
    case .none: break
    case .token(let token): material.token = token
    case .tokenFile(let path):
      let text = try AccessFile.text(path, at: "the token")
      guard let token = text.split(whereSeparator: \.isWhitespace).first else {
        throw KubeconfigError(path: "the token", message: "\(path) is empty")
      }
      material.token = Secret(String(token))
    case .certificate(let chain, let key): (material.chain, material.key) = (chain, key)
    case .certificateFiles(let chain, let key):
      material.chain = try AccessFile.text(chain, at: "the client certificate")
      material.key = Secret(try AccessFile.text(key, at: "the client's key"))
    case .plugin:
      material.token = pluginAnswer?.token
      material.chain = pluginAnswer?.certificate?.chain
      material.key = pluginAnswer?.certificate?.key
    }
    switch access.trust {
    case .authorities(let pem): material.authorities = pem
    case .file(let path): material.authorities = try AccessFile.text(path, at: "the cluster's certificates")
    case .system, .anything: break
    }
    return material
  }

  private func tls(_ material: Material) throws(KubeconfigError) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if case .anything = access.trust { tls.certificateVerification = .none }
    if let pem = material.authorities {
      tls.trustRoots = .certificates(try Self.certificates(pem, "the cluster's certificates"))
    }
    guard let chain = material.chain, let key = material.key else { return tls }
    tls.certificateChain = try Self.certificates(chain, "the client certificate").map { .certificate($0) }
    do {
      tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.exposedText.utf8), format: .pem))
    } catch {
      throw KubeconfigError(path: "the client's key", message: "is no private key in PEM")
    }
    return tls
  }

  private static func certificates(_ pem: String, _ what: String) throws(KubeconfigError) -> [NIOSSLCertificate] {
    do {
      let certificates = try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8))
      guard !certificates.isEmpty else { throw KubeconfigError(path: what, message: "there is no certificate in it") }
      return certificates
    } catch {
      throw KubeconfigError(path: what, message: "cannot be read as certificates in PEM")
    }
  }
}
