import CoreMetrics
import NIOCore
import NIOHTTPTypes
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
  /// Bytes of body after which a connection is cut, whatever answer it got. Above every limit that is answered with 413.
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

/// Cuts connections that take more than ``ConnectionLimits`` allow, each with its reason counted.
///
/// Hummingbird's own idle timeout covers silence between requests and the header; this covers slow and endless bodies,
/// clients that stop reading, and many connections from one address.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let limits: ConnectionLimits
  private let table: ConnectionTable
  private var client: IPAddress?
  private var bodyBytes = 0
  private var deadline: Scheduled<Void>?

  init(limits: ConnectionLimits, table: ConnectionTable) {
    self.limits = limits
    self.table = table
  }

  func channelActive(context: ChannelHandlerContext) {
    if let address = context.remoteAddress.flatMap({ Endpoint($0)?.address }) {
      guard table.open(address) else { return cut(context, "connections") }
      client = address
    }
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    deadline = nil
    if let client { table.close(client) }
    client = nil
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head:
      bodyBytes = 0
      deadline?.cancel()
      deadline = context.eventLoop.assumeIsolated().scheduleTask(in: limits.request) {
        self.cut(context, "slow")
      }
    case .body(let bytes):
      bodyBytes += bytes.readableBytes
      guard bodyBytes <= limits.bodyBytes else { return cut(context, "size") }
    case .end:
      deadline?.cancel()
      deadline = nil
    }
    context.fireChannelRead(data)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent { return cut(context, "stall") }
    context.fireUserInboundEventTriggered(event)
  }

  private func cut(_ context: ChannelHandlerContext, _ reason: String) {
    Counter(label: "siderite_http_connections_cut_total", dimensions: [("reason", reason)]).increment()
    context.close(promise: nil)
  }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
