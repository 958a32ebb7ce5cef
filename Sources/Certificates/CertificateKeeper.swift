public import BareMetal
import CoreMetrics
public import Logging
public import ServiceLifecycle
public import Wire

/// Keeps a webhook server in certificates, and the cluster in knowledge of whom to trust: made by us and replaced long
/// before they end, or an operator's, read again when they change. Nothing is restarted for it.
///
/// The authority's key is in a Secret, so that all boot hosts of a cluster share it; what it signs is in memory only, and
/// made anew at every start. When two hosts make an authority in the same moment the Secret that was written last holds,
/// and the other host changes over when it looks again. A new authority joins the old ones in the bundle that is trusted,
/// so what the old one signed goes on being trusted, and is shown until it is replaced anyway.
public actor CertificateKeeper: Service {
  /// Who makes the certificates.
  public enum Source: Sendable {
    /// We do.
    case own(any SecretStore)
    /// An operator, or cert-manager: `tls.crt`, `tls.key` and, if we are to say whom to trust, `ca.crt`, as read.
    case files(@Sendable () throws -> Files)
  }

  /// What lies in an operator's directory.
  public struct Files: Hashable, Sendable {
    public var certificate: String
    public var key: Secret
    public var authority: String?

    public init(certificate: String, key: Secret, authority: String? = nil) {
      self.certificate = certificate
      self.key = key
      self.authority = authority
    }
  }

  /// The Secret of the authority.
  public static let secretName = SecretName(namespace: "sidero-system", name: "siderite-webhook-ca")
  /// Between two looks. What a look finds is mostly that nothing is to be done.
  public static let interval = Duration.seconds(60)
  /// The same, while something has failed.
  public static let retryInterval = Duration.seconds(5)
  /// How soon it is noticed that another host leads.
  private static let step = Duration.milliseconds(250)

  private static let certificateKey = "ca.crt"
  private static let privateKey = "ca.key"

  private let source: Source
  private let names: [String]
  private let url: String?
  private let show: @Sendable (String, Secret) throws -> Void
  private let registrar: (any WebhookRegistrar)?
  private let isRegistering: @Sendable () -> Bool
  private let now: @Sendable () -> Timestamp
  private let logger: Logger

  private var authority: CertificateAuthority?
  private var serving: ServingCertificate?
  private var shownFiles: Files?
  private var lastFailure: String?

  /// - Parameters:
  ///   - names: what clients call the server by, the DNS names and IPv4 addresses.
  ///   - url: where a cluster reaches this server; `nil`: by its Service.
  ///   - show: given certificate and key, PEM, whenever they change.
  ///   - registrar: `nil`: nobody is told.
  ///   - isRegistering: of several boot hosts one tells the cluster where it is.
  public init(
    source: Source, names: [String], url: String?, show: @escaping @Sendable (String, Secret) throws -> Void,
    registrar: (any WebhookRegistrar)?, isRegistering: @escaping @Sendable () -> Bool = { true },
    now: @escaping @Sendable () -> Timestamp, logger: Logger
  ) {
    self.source = source
    self.names = names
    self.url = url
    self.show = show
    self.registrar = registrar
    self.isRegistering = isRegistering
    self.now = now
    self.logger = logger
  }

  /// Looks until graceful shutdown.
  public func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let wasRegistering = self.isRegistering()
        var rest = await self.look() ? Self.interval : Self.retryInterval
        // Whoever begins to lead tells the cluster at once: until then it takes nothing of our kinds.
        while rest > .zero, !Task.isCancelled, self.isRegistering() == wasRegistering {
          try? await Task.sleep(for: Self.step)
          rest -= Self.step
        }
      }
    }
  }

  /// Makes what is missing, replaces what ends soon, tells the cluster.
  /// - Returns: whether all of it is as it should be. What failed is in the log, once.
  @discardableResult
  public func look() async -> Bool {
    do {
      let bundle = try await certificates()
      if let registrar, isRegistering() { try await registrar.register(WebhookClient(url: url, caBundle: bundle)) }
      lastFailure = nil
    } catch {
      let failure = "\(error)"
      if failure != lastFailure { logger.warning("The webhooks are not set up yet", metadata: ["error": "\(failure)"]) }
      lastFailure = failure
    }
    if let serving {
      Gauge(label: "siderite_webhook_certificate_seconds_left").record(serving.notAfter.seconds - now().seconds)
    }
    return lastFailure == nil
  }

  /// - Returns: what the cluster is to trust; `nil`: not our business.
  private func certificates() async throws -> String? {
    switch source {
    case .own(let secrets): return try await own(secrets)
    case .files(let read):
      let files = try read()
      if files != shownFiles {
        try show(files.certificate, files.key)
        shownFiles = files
        logger.notice("The webhooks show another certificate")
      }
      return files.authority
    }
  }

  private func own(_ secrets: any SecretStore) async throws -> String {
    var (authority, bundle) = try await stored(secrets)
    if authority?.isDue(at: now()) ?? true {
      let new = try CertificateAuthority(commonName: "siderite-webhook-ca", now: now())
      bundle = new.certificate + bundle
      try await secrets.setSecret(
        Self.secretName, to: [Self.certificateKey: Secret(bundle), Self.privateKey: new.key])
      logger.notice("A certification authority for the webhooks was made")
      // Another host may have written at the same time: what is there now holds.
      (authority, bundle) = try await stored(secrets)
    }
    guard let authority else { throw CertificateError("the Secret \(Self.secretName.name) is gone") }
    // As long as the authority that signed it is trusted a certificate lives its life: the cluster has months to learn of
    // a new one.
    let isTrusted = self.authority.map { bundle.contains($0.certificate) } ?? false
    if serving?.isDue(at: now()) ?? true || !isTrusted {
      let new = try authority.issue(for: names, now: now())
      try show(new.certificate, new.key)
      self.authority = authority
      serving = new
      logger.info("The webhooks show a new certificate", metadata: ["notAfter": "\(new.notAfter)"])
    }
    return bundle
  }

  /// The authority that is kept, and all that are trusted. A Secret that cannot be read is as good as none: it would keep
  /// the webhooks from ever working again.
  private func stored(_ secrets: any SecretStore) async throws -> (CertificateAuthority?, String) {
    guard let values = try await secrets.secret(Self.secretName), let certificate = values[Self.certificateKey],
      let key = values[Self.privateKey]
    else { return (nil, "") }
    do {
      let authority = try CertificateAuthority(certificates: certificate.exposedText, key: key)
      return (authority, try CertificateAuthority.valid(in: certificate.exposedText, at: now()))
    } catch {
      logger.error("The webhooks' authority cannot be read: it is made anew", metadata: ["error": "\(error)"])
      return (nil, "")
    }
  }
}
