import CoreMetrics
import Synchronization

/// What a client asks of the API server: `siderite_kubernetes_requests_total` by verb and result, each attempt for itself.
final class RequestCounts: Sendable {
  enum Verb: String, CaseIterable, Sendable {
    case get, list, watch, create, update, patch, delete
  }

  enum Outcome: String, CaseIterable, Sendable {
    /// 2xx
    case succeeded
    /// 404, 409, 410, 422: an answer that callers reckon with.
    case refused
    /// 401, 403, and credentials that could not be had.
    case denied
    /// 429
    case throttled
    /// 5xx and garbage.
    case failed
    /// No connection, or no answer.
    case lost

    init(_ error: KubernetesError) {
      switch error.reason {
      case .unreachable, .untrusted, .noAnswer, .cancelled: self = .lost
      case .noCredentials, .unauthorized, .forbidden: self = .denied
      case .notFound, .unserved, .alreadyExists, .conflict, .expired, .invalid: self = .refused
      case .throttled: self = .throttled
      case .serverFailure, .malformed: self = .failed
      }
    }
  }

  private let counters: [Verb: [Outcome: Counter]]
  private let sum = Atomic<Int>(0)

  init() {
    counters = Dictionary(
      uniqueKeysWithValues: Verb.allCases.map { verb in
        let outcomes = Outcome.allCases.map { outcome in
          let dimensions = [("verb", verb.rawValue), ("result", outcome.rawValue)]
          return (outcome, Counter(label: "siderite_kubernetes_requests_total", dimensions: dimensions))
        }
        return (verb, Dictionary(uniqueKeysWithValues: outcomes))
      })
  }

  /// All of them.
  var total: Int { sum.load(ordering: .relaxed) }

  func count(_ verb: Verb, _ outcome: Outcome) {
    counters[verb]?[outcome]?.increment()
    sum.add(1, ordering: .relaxed)
  }
}
