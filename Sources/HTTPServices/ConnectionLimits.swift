import NIOCore
import Synchronization
import Wire

/// What one connection, and one client with all of its connections, may take.
struct ConnectionLimits: Sendable {
  /// Connections of all clients together. More wait in the kernel's backlog. A thousand machines boot at once, each with
  /// one or two connections that it may leave open, and each costs two descriptors and little memory.
  var connections = 2048
  /// Connections of one client: firmware, iPXE and the agent use two; this leaves room for people with a browser.
  var connectionsPerClient = 32
  /// How long a connection may be silent between requests, or take to send a request's header.
  var idle: TimeAmount = .seconds(30)
  /// How long a request's body may take to arrive.
  var request: TimeAmount = .seconds(30)
  /// How long a client may take nothing of an answer that waits for it.
  var stall: TimeAmount = .seconds(60)
  /// Bytes of a body that are kept for who answers, at least the most that is taken anywhere. A larger one is answered,
  /// with 413, when so much is there.
  var keptBodyBytes = 512 << 10
  /// Bytes of body after which a connection is cut, whatever answer it got.
  var bodyBytes = 4 << 20
  /// Bytes of all header fields. iPXE and firmware send some hundred.
  var headerBytes = 16 << 10
  /// Header fields of one request.
  var headerFields = 64
}

/// Counts each client's connections.
final class ConnectionTable: Sendable {
  private let counts = Mutex<[IPAddress: Int]>([:])
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  func open(_ client: IPAddress) -> Bool {
    counts.withLock { counts in
      guard counts[client, default: 0] < limit else { return false }
      counts[client, default: 0] += 1
      return true
    }
  }

  func close(_ client: IPAddress) {
    counts.withLock { counts in
      let left = counts[client, default: 0] - 1
      counts[client] = left > 0 ? left : nil
    }
  }
}
