import HTTPTypes
import Hummingbird
public import Logging
public import ServiceLifecycle
public import Wire

/// What monitors ask: TCP 9440, unauthenticated, nothing in it that is secret.
///
/// - `GET /healthz`: 200 as long as the process answers.
/// - `GET /readyz`: 200 when every check passes, else 503 and a line for each that does not.
/// - `GET /metrics`: Prometheus text.
public struct HealthServer: Service {
  private let checks: [ReadinessCheck]
  private let metrics: PrometheusRegistry
  private let listener: HTTPListener

  /// - Parameters:
  ///   - port: 9440 as Sidero's `--health-addr`; 0 takes any that is free.
  ///   - onListening: called once, when every address listens, with the true ports.
  public init(
    addresses: [IPAddress] = [.any], port: UInt16 = 9440, checks: [ReadinessCheck], metrics: PrometheusRegistry,
    logger: Logger, onListening: @escaping @Sendable ([Endpoint]) async -> Void = { _ in }
  ) {
    self.checks = checks
    self.metrics = metrics
    listener = HTTPListener(
      addresses: addresses, port: port, limits: ConnectionLimits(connections: 64), logger: logger,
      onListening: onListening)
  }

  /// Serves until graceful shutdown.
  /// - Throws: ``ListenError`` when an address cannot be listened on.
  public func run() async throws {
    try await listener.run(responder())
  }

  func responder() -> some HTTPResponder<PeerContext> {
    let router = Router(context: PeerContext.self)
    router.add(middleware: RefusalMiddleware(plane: "health") { .text($0.reason + "\n", status: $0.status) })
    router.get("healthz") { _, _ in Response.text("ok\n") }
    router.get("readyz") { _, _ in
      let problems = await ReadinessCheck.problems(checks)
      guard !problems.isEmpty else { return Response.text("ok\n") }
      return Response.text(problems.map { "not ready: \($0)\n" }.joined(), status: .serviceUnavailable)
    }
    router.get("metrics") { _, _ in
      var response = Response.text(metrics.text)
      response.headers[.contentType] = "text/plain; version=0.0.4; charset=utf-8"
      return response
    }
    return router.buildResponder()
  }
}
