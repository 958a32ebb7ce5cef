import AsyncHTTPClient
import BareMetal
import FoundationEssentials
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Asks the daemon over its Unix socket.
struct AdminClient {
  /// The daemon is not there, or did not do what was asked. The text is for people.
  struct Failure: Error, CustomStringConvertible {
    var description: String
    var isUnreachable = false
    /// What it answered, if it did.
    var status: UInt?
    /// Everything that is wrong with what was sent.
    var causes: [KubernetesStatus.Cause] = []
  }

  /// What is done with a path.
  enum Method: String {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  /// An answer is never larger: ten thousand Servers are about 40 MB.
  static let maximumAnswerBytes = 256 << 20

  private let client: HTTPClient
  private let socket: String

  /// Runs `body` with a client of the socket, and closes it.
  static func withClient<Result>(
    socket: String, _ body: (AdminClient) async throws -> Result
  ) async throws -> Result {
    // A socket of this host answers at once or not at all; the client would try again for ten seconds.
    var configuration = HTTPClient.Configuration()
    configuration.timeout.connect = .milliseconds(500)
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let result: Result
    do {
      result = try await body(AdminClient(client: client, socket: socket))
    } catch {
      try? await client.shutdown()
      throw error
    }
    try await client.shutdown()
    return result
  }

  /// Fetches and decodes; `nil` when there is no such thing.
  func get<Value: Decodable>(_ path: String, as type: Value.Type) async throws -> Value? {
    let response = try await exchange(.get, path)
    var body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
    switch response.status {
    case .ok: return try JSONDecoder().decode(type, from: body.readData(length: body.readableBytes) ?? Data())
    case .notFound: return nil
    default: throw Self.failure(response.status, body)
    }
  }

  /// Follows a stream of JSON values, one a line, until it ends.
  func follow<Value: Decodable>(
    _ path: String, as type: Value.Type, _ body: (Value) throws -> Void
  ) async throws {
    let answer = try await stream(.get, path)
    while let value = try await answer.next(type) { try body(value) }
  }

  /// Sends JSON and reads the answer, if there is any; a refusal is a ``Failure`` with the daemon's words.
  func send<Value: Decodable>(
    _ method: Method, _ path: String, _ body: (any Encodable)? = nil, contentType: String = "application/json",
    as type: Value.Type
  ) async throws -> Value {
    let response = try await accepted(try await exchange(method, path, body, contentType: contentType))
    return try JSONDecoder().decode(
      type, from: Data(buffer: try await response.body.collect(upTo: Self.maximumAnswerBytes)))
  }

  /// Sends JSON, where nothing is answered.
  func send(_ method: Method, _ path: String, _ body: (any Encodable)? = nil) async throws {
    _ = try await accepted(try await exchange(method, path, body)).body.collect(upTo: Self.maximumAnswerBytes)
  }

  /// Sends JSON and reads values as they come, one a line.
  func stream(_ method: Method, _ path: String, _ body: (any Encodable)? = nil) async throws -> AdminStream {
    AdminStream(try await accepted(try await exchange(method, path, body)))
  }

  private func accepted(_ response: HTTPClientResponse) async throws -> HTTPClientResponse {
    guard (200..<300).contains(response.status.code) else {
      throw Self.failure(response.status, try await response.body.collect(upTo: Self.maximumAnswerBytes))
    }
    return response
  }

  private func exchange(
    _ method: Method, _ path: String, _ body: (any Encodable)? = nil, contentType: String = "application/json"
  ) async throws -> HTTPClientResponse {
    guard let url = URL(httpURLWithSocketPath: socket, uri: path)?.absoluteString else {
      throw Failure(description: "\(socket) is not a socket's path")
    }
    var request = HTTPClientRequest(url: url)
    request.method = HTTPMethod(rawValue: method.rawValue)
    if let body {
      request.headers.add(name: "content-type", value: contentType)
      request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
    }
    do {
      return try await client.execute(request, deadline: .distantFuture)
    } catch is CancellationError {
      throw CancellationError()
    } catch {
      throw Failure(
        description: "no daemon answers at \(socket) (\(error)): is it running ('systemctl status siderite'), and may "
          + "you use the socket (root or group siderite)?",
        isUnreachable: true)
    }
  }

  private static func failure(_ status: HTTPResponseStatus, _ body: ByteBuffer) -> Failure {
    let told = try? JSONDecoder().decode(KubernetesStatus.self, from: Data(buffer: body))
    return Failure(
      description: told?.message ?? "the daemon answered \(status)", status: status.code,
      causes: told?.details?.causes ?? [])
  }
}

/// The part of a Kubernetes `Status` that people read.
struct KubernetesStatus: Decodable {
  struct Cause: Decodable, Hashable {
    /// `spec.kernel.url`
    var field: String
    var message: String
  }

  struct Details: Decodable { var causes: [Cause]? }

  var message: String?
  var details: Details?
}
