import AsyncHTTPClient
import BareMetal
import FoundationEssentials
public import Logging
import NIOCore
import NIOFoundationCompat
import Synchronization
public import Wire

/// A client of one Kubernetes API server.
///
/// Every request is bounded in time and size. What may be repeated without harm is repeated after a fault that may pass,
/// later each time and by chance; what may not (a creation of which no answer came) fails with
/// ``KubernetesError/mayHaveBeenDone`` set. Close it when it is no longer needed.
public final class KubernetesClient: Sendable {
  /// What the server said last, for those who show whether it is there.
  public struct Contact: Hashable, Sendable {
    /// When it last answered anything.
    public var answered: ContinuousClock.Instant?
    /// What went wrong since then.
    public var failure: KubernetesError?

    /// Whether it answers, as far as is known.
    public var isReachable: Bool { answered != nil && failure == nil }
  }

  public let access: ClusterAccess
  let configuration: KubernetesClientConfiguration
  let logger: Logger
  private let transport: HTTPTransport
  private let keeper: CredentialKeeper
  private let counts = RequestCounts()
  private let policy = RetryPolicy()
  private let lastContact = Mutex(Contact())

  /// - Parameter now: the wall clock, for credentials that expire.
  public init(
    _ access: ClusterAccess, configuration: KubernetesClientConfiguration = KubernetesClientConfiguration(),
    logger: Logger, now: @escaping @Sendable () -> Timestamp
  ) {
    self.access = access
    self.configuration = configuration
    self.logger = logger
    transport = HTTPTransport(access, configuration: configuration)
    keeper = CredentialKeeper(access, now: now)
  }

  /// Whoever forgets to close it loses a connection or two to idleness, not the process.
  deinit { transport.abandon() }

  /// Ends the requests that are under way, and the connections.
  public func close() async { await transport.close() }

  /// Requests made so far, each attempt for itself.
  public var requests: Int { counts.total }

  public var contact: Contact { lastContact.withLock { $0 } }

  /// The answer to a request, with as many attempts as it takes and is right.
  func send(_ call: APICall) async throws(KubernetesError) -> ByteBuffer {
    try await send(call) { body in try await body.collect(upTo: call.maximumBytes) }
  }

  /// The same, of what `read` makes of the answer's body; begun anew with each attempt.
  func send<Answer: Sendable>(
    _ call: APICall, _ read: @escaping @Sendable (HTTPClientResponse.Body) async throws -> Answer
  ) async throws(KubernetesError) -> Answer {
    let deadline = ContinuousClock.now + configuration.patience
    var random = SystemRandomNumberGenerator()
    var mayHaveBeenDone = false
    var attempt = 0
    while true {
      attempt += 1
      var failure: KubernetesError
      do throws(KubernetesError) {
        return try await attemptOnce(call, read)
      } catch {
        failure = error
      }
      failure.mayHaveBeenDone = failure.mayHaveBeenDone || mayHaveBeenDone
      mayHaveBeenDone = failure.mayHaveBeenDone
      let remaining = ContinuousClock.now.duration(to: deadline)
      guard
        let delay = policy.delay(
          after: failure, attempt: attempt, call.repetition, remaining: remaining, using: &random)
      else { throw failure }
      do {
        try await Task.sleep(for: delay)
      } catch {
        throw failure
      }
    }
  }

  /// Begins a watch. One attempt: whoever follows it begins it again anyway.
  func open(_ call: APICall) async throws(KubernetesError) -> WatchBody {
    try await identified(call) { [transport] identity throws(KubernetesError) in
      WatchBody(try await transport.open(call, as: identity))
    }
  }

  private func attemptOnce<Answer: Sendable>(
    _ call: APICall, _ read: @escaping @Sendable (HTTPClientResponse.Body) async throws -> Answer
  ) async throws(KubernetesError) -> Answer {
    try await identified(call) { [transport] identity throws(KubernetesError) in
      try await transport.exchange(call, as: identity, read)
    }
  }

  /// Does something as whom we are now; where that is refused and somebody newer is to be had, as him.
  private func identified<Answer: Sendable>(
    _ call: APICall, _ body: @Sendable (CredentialKeeper.Identity) async throws(KubernetesError) -> Answer
  ) async throws(KubernetesError) -> Answer {
    do throws(KubernetesError) {
      let identity = try await keeper.current()
      do throws(KubernetesError) {
        return noted(call, try await body(identity))
      } catch {
        guard error.reason == .unauthorized else { throw error }
        let next = try await keeper.current(refused: identity.number)
        guard next.number != identity.number else { throw error }
        counts.count(call.verb, RequestCounts.Outcome(error))
        return noted(call, try await body(next))
      }
    } catch {
      counts.count(call.verb, RequestCounts.Outcome(error))
      lastContact.withLock { contact in
        switch error.reason {
        case .cancelled: break
        case .unreachable, .untrusted, .noAnswer, .noCredentials, .malformed, .unauthorized, .serverFailure:
          contact.failure = error
        default:
          contact.failure = nil
          contact.answered = .now
        }
      }
      throw error
    }
  }

  private func noted<Answer>(_ call: APICall, _ answer: Answer) -> Answer {
    counts.count(call.verb, .succeeded)
    lastContact.withLock { contact in
      contact.failure = nil
      contact.answered = .now
    }
    return answer
  }

  /// What a watch that broke off is called.
  func failure(_ call: APICall, _ error: any Error) -> KubernetesError { transport.failure(call, error) }
}
