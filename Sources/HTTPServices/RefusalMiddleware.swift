import BareMetal
import CoreMetrics
import HTTPTypes
import Hummingbird
import Logging

/// Turns everything a handler throws into an answer, and counts what was answered.
struct RefusalMiddleware: RouterMiddleware {
  typealias Context = PeerContext

  /// `boot`, `admin` or `health`, in the metrics.
  let plane: String
  let render: @Sendable (Refusal) -> Response

  func handle(
    _ request: Request, context: PeerContext, next: (Request, PeerContext) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      let refusal = Self.refusal(of: error, request: request)
      if refusal.status == .internalServerError {
        context.logger.error(
          "A request failed", metadata: ["error": "\(error)", "path": "\(PlainText.line(request.uri.path))"])
      }
      response = render(refusal)
      if let seconds = refusal.retryAfterSeconds { response.headers[.retryAfter] = "\(seconds)" }
      if request.method == .head { response = response.createHeadResponse() }
    }
    Counter(
      label: "siderite_http_requests_total",
      dimensions: [
        ("plane", plane), ("route", context.endpointPath ?? "none"), ("status", "\(response.status.code)"),
      ]
    ).increment()
    return response
  }

  private static func refusal(of error: any Error, request: Request) -> Refusal {
    switch error {
    case let refusal as Refusal: refusal
    case let error as StoreError: Refusal(error)
    case let error as HTTPError where error.status == .notFound:
      Refusal(.notFound, "there is nothing at \(request.method) \(request.uri.path)")
    case let error as any HTTPResponseError: Refusal(error.status, error.status.reasonPhrase.lowercased())
    default: Refusal(.internalServerError, "internal error: see the log of the boot host")
    }
  }
}

extension Refusal {
  /// Seconds after which a client tries a store again that was not there.
  static let storeRetrySeconds = 5

  init(_ error: StoreError) {
    switch error {
    case .notFound, .conflict, .alreadyExists:
      self.init(error.isNotFound ? .notFound : .conflict, error.description)
    case .invalid: self.init(.unprocessableContent, error.description)
    case .unavailable:
      self.init(
        .serviceUnavailable, "the store is not available: try again", retryAfterSeconds: Self.storeRetrySeconds)
    }
  }
}

extension StoreError {
  fileprivate var isNotFound: Bool { if case .notFound = self { true } else { false } }
}
