import AsyncHTTPClient
import BareMetal
import FoundationEssentials
import Glibc
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The two HTTP clients of one cluster: one for watches, which hold their connections for minutes, and one for the rest.
///
/// HTTP/1.1: a connection that hangs takes one request with it and is closed, where with HTTP/2 all that share it hang.
struct HTTPTransport: Sendable {
  private let requests: HTTPClient
  private let watches: HTTPClient
  private let server: String
  /// How people know the cluster.
  private let name: String
  private let impersonation: ClusterAccess.Impersonation?
  private let configuration: KubernetesClientConfiguration

  init(_ access: ClusterAccess, configuration: KubernetesClientConfiguration) {
    var settings = HTTPClient.Configuration(redirectConfiguration: .disallow, ignoreUncleanSSLShutdown: true)
    settings.httpVersion = .http1Only
    settings.timeout.connect = TimeAmount(configuration.connectTime)
    settings.connectionPool.retryConnectionEstablishment = false
    settings.connectionPool.idleTimeout = .seconds(30)
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connections
    var server = access.server
    if let serverName = access.serverName, let url = URL(string: server), let host = url.host() {
      // The certificate's name in the URL, the address behind it.
      settings.dnsOverride = [serverName: host]
      let port = url.port.map { ":\($0)" } ?? ""
      server = "\(url.scheme ?? "https")://\(serverName)\(port)\(url.path())"
      while server.hasSuffix("/") { server.removeLast() }
    }
    requests = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    settings.timeout.read = TimeAmount(configuration.watchSilence)
    settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.watches
    watches = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
    self.server = server
    name = "the API server of \(access.name) (\(access.server))"
    impersonation = access.impersonation
    self.configuration = configuration
  }

  func close() async {
    try? await requests.shutdown()
    try? await watches.shutdown()
  }

  /// As ``close()``, for who cannot wait for it. Closed twice is closed once.
  func abandon() {
    let ends: [EventLoopFuture<Void>] = [requests.shutdown(), watches.shutdown()]
    for end in ends { end.whenComplete { _ in } }
  }

  /// One attempt: the whole answer, within its time.
  /// - Parameter read: reads the answer's body.
  func exchange<Answer: Sendable>(
    _ call: APICall, as identity: CredentialKeeper.Identity,
    _ read: @escaping @Sendable (HTTPClientResponse.Body) async throws -> Answer
  ) async throws(KubernetesError) -> Answer {
    let request = request(call, identity)
    let time = call.time ?? configuration.answerTime
    // The client's own deadline ends with the head of the answer: a body may drip for ever.
    let outcome = await withTaskGroup(of: Result<Answer, KubernetesError>?.self) { tasks in
      tasks.addTask { await attempt(call, request, read) }
      tasks.addTask {
        try? await Task.sleep(for: time)
        return nil
      }
      let first = await tasks.next() ?? nil
      tasks.cancelAll()
      return first
    }
    if let outcome { return try outcome.get() }
    if Task.isCancelled { throw cancelled(call) }
    throw tooLate(call, time)
  }

  /// Begins a watch: the body of its answer, once it is known that it is one.
  func open(
    _ call: APICall, as identity: CredentialKeeper.Identity
  ) async throws(KubernetesError) -> HTTPClientResponse.Body {
    let request = request(call, identity)
    do {
      // The head comes at once; what it is awaited for at most.
      let response = try await watches.execute(request, timeout: TimeAmount(configuration.answerTime))
      guard response.status == .ok else { throw try await refusal(call, response) }
      return response.body
    } catch let error as KubernetesError {
      throw error
    } catch {
      throw Task.isCancelled ? cancelled(call) : failure(call, error)
    }
  }

  private func request(_ call: APICall, _ identity: CredentialKeeper.Identity) -> HTTPClientRequest {
    var request = HTTPClientRequest(url: server + call.path.text + URLText.query(call.query))
    request.method = call.method
    request.tlsConfiguration = identity.tls
    request.headers.add(name: "accept", value: "application/json")
    request.headers.add(name: "user-agent", value: "siderite")
    if let token = identity.token { request.headers.add(name: "authorization", value: "Bearer \(token.exposedText)") }
    if let impersonation {
      request.headers.add(name: "impersonate-user", value: impersonation.user)
      for group in impersonation.groups { request.headers.add(name: "impersonate-group", value: group) }
    }
    if let body = call.body {
      request.headers.add(name: "content-type", value: call.contentType)
      request.body = .bytes(body)
    }
    return request
  }

  private func attempt<Answer: Sendable>(
    _ call: APICall, _ request: HTTPClientRequest,
    _ read: @Sendable (HTTPClientResponse.Body) async throws -> Answer
  ) async -> Result<Answer, KubernetesError> {
    do {
      let response = try await requests.execute(request, timeout: TimeAmount(configuration.answerTime))
      guard (200..<300).contains(response.status.code) else { return .failure(try await refusal(call, response)) }
      return .success(try await read(response.body))
    } catch {
      return .failure(Task.isCancelled ? cancelled(call) : failure(call, error))
    }
  }

  /// Of what the server says why it does not.
  private static let maximumRefusalBytes = 1 << 20

  private func refusal(_ call: APICall, _ response: HTTPClientResponse) async throws -> KubernetesError {
    let body = try? await response.body.collect(upTo: Self.maximumRefusalBytes)
    let told = body.flatMap { try? JSONDecoder().decode(KubernetesStatus.self, from: Data(buffer: $0)) }
    let seconds = response.headers.first(name: "retry-after").flatMap { Int64($0) }
    var error = KubernetesError(
      status: response.status.code, told: told?.kind == "Status" ? told : nil, request: call.name,
      retryAfter: seconds.map { .seconds(max(0, min($0, 3600))) })
    // The server, or its database, gave up in the middle; a proxy in between knows nothing of it.
    error.mayHaveBeenDone = error.reason == .serverFailure
    return error
  }

  private func cancelled(_ call: APICall) -> KubernetesError {
    lost(call, "was not waited for any longer", .cancelled)
  }

  /// What broke the exchange off, when the request had gone out.
  private func lost(_ call: APICall, _ text: String, _ reason: KubernetesError.Reason) -> KubernetesError {
    var error = KubernetesError(reason, "\(call.name): \(name) \(text)")
    error.mayHaveBeenDone = true
    return error
  }

  private func tooLate(_ call: APICall, _ time: Duration) -> KubernetesError {
    lost(call, "did not answer within \(time.components.seconds) s", .noAnswer)
  }

  func failure(_ call: APICall, _ error: any Error) -> KubernetesError {
    func unreached(_ text: String, _ reason: KubernetesError.Reason = .unreachable) -> KubernetesError {
      KubernetesError(reason, "\(call.name): \(name) \(text)")
    }
    switch error {
    case let error as HTTPClientError:
      switch error {
      case .connectTimeout: return unreached("does not answer: is the address right?")
      case .getConnectionFromPoolTimeout: return unreached("has no connection free: too many requests at once")
      case .tlsHandshakeTimeout: return unreached("accepted a connection, but speaks no TLS")
      case .remoteConnectionClosed: return lost(call, "hung up before it had answered", .noAnswer)
      case .readTimeout: return lost(call, "went silent", .noAnswer)
      case .deadlineExceeded: return tooLate(call, configuration.answerTime)
      default: break
      }
    case let error as ListFramer.Malformed:
      return KubernetesError(.malformed, "\(call.name): what came back cannot be read: \(error.problem)")
    case is NIOTooManyBytesError:
      var error = KubernetesError(
        .malformed, "\(call.name): \(name) sent an answer of more than \(call.maximumBytes) bytes")
      error.mayHaveBeenDone = true
      return error
    case is HTTPParserError:
      var found = KubernetesError(.malformed, "\(call.name): \(name) does not speak HTTP: \(error)")
      found.mayHaveBeenDone = true
      return found
    case let error as IOError where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN].contains(error.errnoCode):
      return unreached(error.errnoCode == ECONNREFUSED ? "refuses connections" : "cannot be reached")
    case let error as NIOConnectionError:
      let isRefused = error.connectionErrors.contains { ($0.error as? IOError)?.errnoCode == ECONNREFUSED }
      return unreached(isRefused ? "refuses connections" : "cannot be reached: \(PlainText.line("\(error)"))")
    case is SocketAddressError: return unreached("cannot be reached: \(error)")
    case ChannelError.connectTimeout: return unreached("does not answer: is the address right?")
    case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE:
      return lost(call, "hung up before it had answered", .noAnswer)
    default: break
    }
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
      return unreached(
        "has a certificate that is not of the cluster's CA: somebody is in between, or the CA is another",
        .untrusted)
    }
    if error is NIOSSLExtraError { return unreached("has a certificate for another name: \(text)", .untrusted) }
    if text.contains("BAD_CERTIFICATE") || text.contains("CERTIFICATE_REQUIRED")
      || text.contains("CERTIFICATE_EXPIRED") || text.contains("UNKNOWN_CA")
    {
      return unreached("does not accept the client certificate: \(text)", .unauthorized)
    }
    if error is NIOSSLError || text.contains("handshakeFailed") { return unreached("cannot agree on TLS: \(text)") }
    return lost(call, "did not answer: \(text)", .noAnswer)
  }
}
