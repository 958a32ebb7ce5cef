import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// A stream of JSON values, one a line, as the daemon sends them. Read by one task at a time.
final class AdminStream: @unchecked Sendable {
  /// One value: a BMC's whole event log is about 1 MB.
  private static let maximumLineBytes = 64 << 20

  /// How many machines were asked, where that is known.
  let targets: Int?
  private var chunks: HTTPClientResponse.Body.AsyncIterator
  private var pending = ByteBuffer()
  private let decoder = JSONDecoder()

  init(_ response: HTTPClientResponse) {
    targets = response.headers.first(name: "siderite-targets").flatMap { Int($0) }
    chunks = response.body.makeAsyncIterator()
  }

  /// The next value; `nil` at the end.
  func next<Value: Decodable>(_ type: Value.Type) async throws -> Value? {
    while true {
      if let end = pending.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
        let line = pending.readData(length: end - pending.readerIndex) ?? Data()
        pending.moveReaderIndex(forwardBy: 1)
        if line.isEmpty { continue }
        return try decoder.decode(type, from: line)
      }
      guard pending.readableBytes <= Self.maximumLineBytes, var chunk = try await nextChunk() else { return nil }
      pending.discardReadBytes()
      pending.writeBuffer(&chunk)
    }
  }

  private func nextChunk() async throws -> ByteBuffer? {
    do {
      return try await chunks.next()
    } catch let error as HTTPClientError {
      throw AdminClient.Failure(description: "the daemon broke off: \(error)", isUnreachable: true)
    }
  }
}
