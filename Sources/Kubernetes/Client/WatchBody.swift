import AsyncHTTPClient
import NIOCore

/// The body of a watch's answer. Read by one task at a time.
final class WatchBody: @unchecked Sendable {
  private var chunks: HTTPClientResponse.Body.AsyncIterator

  init(_ body: HTTPClientResponse.Body) { chunks = body.makeAsyncIterator() }

  func next() async throws -> ByteBuffer? { try await chunks.next() }
}
