public import BareMetal

/// Why the management cluster did not do what was asked. "Not there" is `nil` where one is read, an error where one
/// writes.
public struct KubernetesError: Error, Hashable, Sendable {
  /// What sort of failure.
  public enum Reason: String, Hashable, Sendable {
    /// No connection: wrong address, nothing listens, no route.
    case unreachable
    /// The server's certificate is not one of the cluster's.
    case untrusted
    /// Connected, but no answer in time, or cut off in the middle of it.
    case noAnswer
    /// The credentials could not be had: a file that is missing, a program that failed.
    case noCredentials
    /// 401: the credentials are wrong, or have expired.
    case unauthorized
    /// 403: the credentials do not allow it.
    case forbidden
    case notFound
    /// 404 for the kind itself: its definition is not installed.
    case unserved
    case alreadyExists
    /// 409: changed since it was read, or a precondition does not hold.
    case conflict
    /// 410: the version asked for is not remembered any more.
    case expired
    /// 400, 413, 422: the object, or the request, is not acceptable.
    case invalid
    /// 429: asked too often.
    case throttled
    /// 5xx.
    case serverFailure
    /// What came back is not what an API server says, or more than is read.
    case malformed
    /// The task was cancelled.
    case cancelled
  }

  public var reason: Reason
  /// One sentence for people, with the server's own words where it has any. No credentials in it.
  public var message: String
  /// The HTTP status, if there was an answer.
  public var status: UInt?
  /// The fields that are not acceptable, by path.
  public var problems: [FieldProblem] = []
  /// When the server wants to be asked again.
  public var retryAfter: Duration?
  /// Whether the server may have done it all the same: the request went out and no answer came, now or in an attempt
  /// before.
  public var mayHaveBeenDone = false

  public init(_ reason: Reason, _ message: String, status: UInt? = nil) {
    self.reason = reason
    self.message = message
    self.status = status
  }
}

extension KubernetesError: CustomStringConvertible {
  public var description: String { message }
}

extension KubernetesError {
  /// What an answer that is no success says.
  init(status code: UInt, told: KubernetesStatus?, request: String, retryAfter: Duration?) {
    let problems = (told?.details?.causes ?? []).compactMap { cause in
      cause.field.map {
        FieldProblem(path: $0, message: PlainText.line(cause.message ?? cause.reason ?? "is not valid"))
      }
    }
    let words = told?.message.map { PlainText.line($0) } ?? "HTTP status \(code)"
    let reason: Reason
    switch code {
    case 401: reason = .unauthorized
    case 403: reason = .forbidden
    // Without a name it is not the object that is missing, but its kind (or a proxy's page that answers).
    case 404: reason = told?.details?.name?.isEmpty == false ? .notFound : .unserved
    case 409: reason = told?.reason == "AlreadyExists" ? .alreadyExists : .conflict
    case 410: reason = .expired
    case 429: reason = .throttled
    case 400, 413, 415, 422: reason = .invalid
    case 500...599:
      // "Too large resource version" and the like come as 504 with this reason.
      reason = told?.reason == "Expired" ? .expired : .serverFailure
    default: reason = .malformed
    }
    var message = "\(request): \(words)"
    switch reason {
    case .unauthorized: message = "\(request): the credentials are wrong or have expired (\(words))"
    case .forbidden: message = "\(request): the credentials do not allow this: \(words)"
    case .unserved: message = "\(request): \(StoreError.unservedKind): are its CRDs installed? (\(words))"
    // The API server's own words: "failed calling webhook …", "conversion webhook for … failed: …".
    case .serverFailure where words.contains("webhook"):
      message = "\(request): \(StoreError.failedWebhook) (\(words))"
    case .malformed: message = "\(request): no answer of a Kubernetes API server (\(words))"
    default: break
    }
    self.init(reason, message, status: code)
    self.problems = problems
    self.retryAfter = retryAfter ?? (told?.details?.retryAfterSeconds).map { .seconds(max(0, min($0, 3600))) }
  }

  /// As the stores say it.
  func asStoreError(kind: String, name: String) -> StoreError {
    switch reason {
    case .notFound: .notFound(kind: kind, name: name)
    case .alreadyExists: .alreadyExists(kind: kind, name: name)
    case .conflict: .conflict(kind: kind, name: name)
    case .invalid: .invalid(kind: kind, name: name, message: message)
    default: .unavailable(message: message)
    }
  }
}
