import AsyncHTTPClient
import BareMetal
import FoundationEssentials
import Glibc
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix

/// Requests to one controller over HTTP/1.1, each bounded in time and size. Redirects are answers like others.
struct HTTPExchange: Sendable {
  /// What came back.
  struct Answer: Sendable {
    var status: HTTPResponseStatus
    var headers: HTTPHeaders
    var body: ByteBuffer

    /// The body; `nil` when it is not JSON.
    var json: JSONValue? { try? JSONDecoder().decode(JSONValue.self, from: Data(buffer: body)) }
  }

  /// No answer, or not a whole one.
  struct Loss: Error {
    var failure: BMCFailure
    /// Whether the request may have reached the controller, and been carried out.
    var mayHaveArrived: Bool
    /// The connection was closed: for what was idle, that is as good as a delay.
    var isHangUp = false
  }

  let client: HTTPClient
  /// How people know the controller.
  let name: String
  var limits: HTTPLimits

  func send(_ request: HTTPClientRequest) async throws(Loss) -> Answer {
    // The client's own deadline ends with the head of the answer: a body may drip for ever.
    let outcome = await withTaskGroup(of: Result<Answer, Loss>?.self) { tasks in
      tasks.addTask { await attempt(request) }
      tasks.addTask {
        try? await Task.sleep(for: limits.answerTime)
        return nil
      }
      let first = await tasks.next() ?? nil
      tasks.cancelAll()
      return first
    }
    guard let outcome else {
      if Task.isCancelled { throw cancelled }
      throw Loss(
        failure: BMCFailure(.timedOut, "\(name) did not answer within \(limits.answerTime.components.seconds) seconds"),
        mayHaveArrived: true)
    }
    return try outcome.get()
  }

  private func attempt(_ request: HTTPClientRequest) async -> Result<Answer, Loss> {
    do {
      let response = try await client.execute(request, deadline: .distantFuture)
      let body = try await response.body.collect(upTo: limits.answerBytes)
      return .success(Answer(status: response.status, headers: response.headers, body: body))
    } catch {
      return .failure(Task.isCancelled ? cancelled : loss(for: error))
    }
  }

  private var cancelled: Loss {
    Loss(failure: BMCFailure(.cancelled, "given up before \(name) answered"), mayHaveArrived: true)
  }

  private func loss(for error: any Error) -> Loss {
    func unreached(_ text: String, _ kind: BMCFailure.Kind = .unreachable) -> Loss {
      Loss(failure: BMCFailure(kind, "\(name) \(text)"), mayHaveArrived: false)
    }
    switch error {
    case let error as HTTPClientError:
      switch error {
      case .connectTimeout, .getConnectionFromPoolTimeout: return unreached("does not answer: is the address right?")
      case .tlsHandshakeTimeout: return unreached("accepted a connection, but speaks no TLS")
      case .remoteConnectionClosed:
        return Loss(
          failure: BMCFailure(.timedOut, "\(name) hung up before it answered"), mayHaveArrived: true, isHangUp: true)
      default: break
      }
    case is NIOTooManyBytesError:
      return Loss(
        failure: BMCFailure(.malformed, "\(name) sent an answer of more than \(limits.answerBytes) bytes"),
        mayHaveArrived: true)
    case let error as IOError where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ENETDOWN].contains(error.errnoCode):
      return unreached(error.errnoCode == ECONNREFUSED ? "refuses connections on this port" : "cannot be reached")
    case is HTTPParserError:
      return Loss(failure: BMCFailure(.malformed, "\(name) does not speak HTTP: \(error)"), mayHaveArrived: true)
    case is NIOConnectionError, is SocketAddressError: return unreached("cannot be reached: \(error)")
    case ChannelError.connectTimeout: return unreached("does not answer: is the address right?")
    case let error as IOError where error.errnoCode == ECONNRESET || error.errnoCode == EPIPE:
      return Loss(
        failure: BMCFailure(.timedOut, "\(name) hung up before it answered"), mayHaveArrived: true, isHangUp: true)
    default: break
    }
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("Hostname") {
      return unreached("has a certificate that nobody vouches for: install one, or allow it", .misconfigured)
    }
    if text.contains("handshakeFailed") { return unreached("cannot agree on TLS: \(text)") }
    return Loss(failure: BMCFailure(.timedOut, "\(name) did not answer: \(text)"), mayHaveArrived: true)
  }
}

/// How long and how large the answers of a controller may be, and how often it is asked.
struct HTTPLimits: Sendable {
  /// For one whole answer. Sidero's driver waits as long; Redfish services of small BMCs take up to 5 s for a page.
  var answerTime = Duration.seconds(10)
  /// For one answer: a page of 1000 log entries is about 1 MB.
  var answerBytes = 4 << 20
  /// Between two looks at a state that is waited for.
  var pollInterval = Duration.seconds(1)
  /// For the machine to be on or off as told; iLO takes up to 30 s.
  var switchTime = Duration.seconds(60)
  /// For an operating system to shut down.
  var shutdownTime = Duration.seconds(180)
  /// For a task of the controller (202 Accepted).
  var taskTime = Duration.seconds(120)
  /// The longest that `Retry-After` is waited for, and how often.
  var longestRetryAfter = Duration.seconds(30)
  var retries = 2
}
