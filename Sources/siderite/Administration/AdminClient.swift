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
  }

  /// An answer is never larger: ten thousand Servers are about 40 MB.
  static let maximumAnswerBytes = 256 << 20

  private let client: HTTPClient
  private let socket: String

  /// Runs `body` with a client of the socket, and closes it.
  static func withClient<Result>(
    socket: String, _ body: (AdminClient) async throws -> Result
  ) async throws -> Result {
    let client = HTTPClient(eventLoopGroupProvider: .singleton)
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
    let response = try await send(path)
    var body = try await response.body.collect(upTo: Self.maximumAnswerBytes)
    switch response.status {
    case .ok: return try JSONDecoder().decode(type, from: body.readData(length: body.readableBytes) ?? Data())
    case .notFound: return nil
    default: throw Failure(description: Self.reason(response.status, body))
    }
  }

  /// Follows a stream of JSON values, one a line, until it ends.
  func follow<Value: Decodable>(
    _ path: String, as type: Value.Type, _ body: (Value) throws -> Void
  ) async throws {
    let response = try await send(path)
    guard response.status == .ok else {
      throw Failure(description: Self.reason(response.status, try await response.body.collect(upTo: 1 << 16)))
    }
    let decoder = JSONDecoder()
    var pending = ByteBuffer()
    for try await chunk in response.body {
      var chunk = chunk
      pending.writeBuffer(&chunk)
      while let end = pending.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
        let line = pending.readData(length: end - pending.readerIndex) ?? Data()
        pending.moveReaderIndex(forwardBy: 1)
        if !line.isEmpty { try body(try decoder.decode(type, from: line)) }
      }
      pending.discardReadBytes()
    }
  }

  private func send(_ path: String) async throws -> HTTPClientResponse {
    guard let url = URL(httpURLWithSocketPath: socket, uri: path)?.absoluteString else {
      throw Failure(description: "\(socket) is not a socket's path")
    }
    do {
      return try await client.execute(HTTPClientRequest(url: url), deadline: .distantFuture)
    } catch {
      throw Failure(
        description: "no daemon answers at \(socket) (\(error)): is it running ('systemctl status siderite'), and may "
          + "you use the socket (root or group siderite)?",
        isUnreachable: true)
    }
  }

  private static func reason(_ status: HTTPResponseStatus, _ body: ByteBuffer) -> String {
    let message = try? JSONDecoder().decode(KubernetesStatus.self, from: Data(buffer: body)).message
    return message ?? "the daemon answered \(status)"
  }
}

/// The part of a Kubernetes `Status` that people read.
struct KubernetesStatus: Decodable {
  var message: String?
}
