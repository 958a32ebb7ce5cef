public import BareMetal
import HTTPTypes
import Hummingbird
public import Logging
import NIOCore
public import ServiceLifecycle
public import Wire

/// What a cluster's API server asks about our kinds, over TLS on TCP 9443 (Sidero's `--webhook-port`).
///
/// - `POST /convert`: `ConversionReview` (`apiextensions.k8s.io/v1`), objects in another version.
/// - `POST /validate`: `AdmissionReview` (`admission.k8s.io/v1`), whether an object is as it should be.
///
/// Whoever can reach the port may ask; answers hold nothing that was not in the question.
public struct WebhookServer: Service {
  private let listener: HTTPListener
  private let answers: WebhookAnswers

  /// - Parameters:
  ///   - port: 0 takes any that is free.
  ///   - identity: a connection that comes before it has a certificate is closed.
  ///   - patcher: looks into the patches of Servers and ServerClasses.
  ///   - onListening: called once, when every address listens, with the true ports.
  public init(
    addresses: [IPAddress] = [.any], port: UInt16 = 9443, identity: TLSIdentity, patcher: MachineConfigPatcher,
    logger: Logger, onListening: @escaping @Sendable ([Endpoint]) async -> Void = { _ in }
  ) {
    var limits = ConnectionLimits(connections: 64)
    limits.keptBodyBytes = WebhookAnswers.Limits.conversionBytes
    limits.bodyBytes = WebhookAnswers.Limits.conversionBytes
    listener = HTTPListener(
      addresses: addresses, port: port, limits: limits, logger: logger, tls: identity, onListening: onListening)
    answers = WebhookAnswers(patcher: patcher)
  }

  /// Serves until graceful shutdown.
  /// - Throws: ``ListenError`` when an address cannot be listened on.
  public func run() async throws { try await listener.run(responder()) }

  func responder() -> some HTTPResponder<PeerContext> {
    let router = Router(context: PeerContext.self)
    router.add(middleware: RefusalMiddleware(plane: "webhook") { .text($0.reason + "\n", status: $0.status) })
    let answers = answers
    router.post("convert") { request, _ in
      try await answers.answer(request, limit: WebhookAnswers.Limits.conversionBytes) { try $0.conversion(of: $1) }
    }
    router.post("validate") { request, _ in
      try await answers.answer(request, limit: WebhookAnswers.Limits.admissionBytes) { try $0.admission(of: $1) }
    }
    return router.buildResponder()
  }
}
