import Glibc
import LinuxSystem

/// Standard input, piece by piece, no faster than it is taken.
final class KeyboardInput: Sendable {
  private static let pieceBytes = 4096

  private let pieces: AsyncStream<[UInt8]>
  private let taken: EventDescriptor

  init() throws {
    let taken = try EventDescriptor()
    let (pieces, continuation) = AsyncStream<[UInt8]>.makeStream()
    self.taken = taken
    self.pieces = pieces
    // A thread: read(2) waits as long as nobody types, and ends with the process.
    let isStarted = SystemThread.start(named: "input") {
      var buffer = [UInt8](repeating: 0, count: Self.pieceBytes)
      while true {
        let count = buffer.withUnsafeMutableBytes { Glibc.read(STDIN_FILENO, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        continuation.yield(Array(buffer.prefix(count)))
        var entry = pollfd(fd: taken.rawValue, events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, -1) < 0, errno == EINTR {}
        taken.take()
      }
      continuation.finish()
    }
    if !isStarted { continuation.finish() }
  }

  /// Hands over what comes, until the end of input or cancellation.
  func read(_ body: ([UInt8]) async throws -> Bool) async throws {
    for await piece in pieces {
      guard try await body(piece) else { return }
      taken.signal()
    }
  }
}
