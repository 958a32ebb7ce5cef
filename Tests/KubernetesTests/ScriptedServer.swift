import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An API server for the time of a test, on loopback and without TLS, that answers as the test says: also with what no
/// server should.
final class ScriptedServer: Sendable {
  struct Request: Sendable {
    var method: String
    var uri: String
    var headers: HTTPHeaders
    var body: String

    var path: String { String(uri.prefix { $0 != "?" }) }
  }

  /// What comes back, byte for byte, and what becomes of the connection.
  struct Reply: Sendable {
    enum End: Sendable { case keep, close, hang }

    var bytes: String
    var end: End

    static let silence = Reply(bytes: "", end: .hang)
    static let hangUp = Reply(bytes: "", end: .close)

    static func raw(_ bytes: String, _ end: End = .close) -> Reply { Reply(bytes: bytes, end: end) }

    static func json(_ status: Int, _ body: String, headers: String = "") -> Reply {
      Reply(
        bytes:
          "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\n\(headers)Content-Length: \(body.utf8.count)\r\n"
          + "\r\n\(body)", end: .keep)
    }

    /// A `Status`.
    static func failure(_ status: Int, _ reason: String, details: String = "{}", headers: String = "") -> Reply {
      json(
        status,
        #"{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"\#(reason)","message":"as scripted","#
          + #""details":\#(details),"code":\#(status)}"#, headers: headers)
    }

    /// The head of a stream and its first pieces, a chunk each.
    static func stream(_ pieces: [String], _ end: End) -> Reply {
      let chunks = pieces.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
      // Ended properly where the connection is kept.
      return Reply(
        bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)" + (end == .keep ? "0\r\n\r\n" : ""),
        end: end)
    }
  }

  private final class Box: Sendable {
    let requests = Mutex<[Request]>([])
  }

  private let box: Box
  private let channel: any Channel
  let port: Int

  var url: String { "http://127.0.0.1:\(port)" }
  var requests: [Request] { box.requests.withLock { $0 } }

  private init(_ box: Box, _ channel: any Channel) {
    self.box = box
    self.channel = channel
    port = channel.localAddress?.port ?? 0
  }

  /// - Parameter answer: what is said to a request, given how many came before it.
  static func start(_ answer: @escaping @Sendable (Request, Int) -> Reply) async throws -> ScriptedServer {
    let box = Box()
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
          try channel.pipeline.syncOperations.addHandler(Handler(box, answer))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return ScriptedServer(box, channel)
  }

  /// Nobody listens from now on.
  func stop() async { try? await channel.close() }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let box: Box
    private let answer: @Sendable (Request, Int) -> Reply
    private var request: Request?

    init(_ box: Box, _ answer: @escaping @Sendable (Request, Int) -> Reply) {
      self.box = box
      self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head):
        request = Request(method: head.method.rawValue, uri: head.uri, headers: head.headers, body: "")
      case .body(let body): request?.body += String(buffer: body)
      case .end:
        guard let request else { return }
        let number = box.requests.withLock { requests in
          requests.append(request)
          return requests.count - 1
        }
        let reply = answer(request, number)
        context.writeAndFlush(NIOAny(context.channel.allocator.buffer(string: reply.bytes)), promise: nil)
        if reply.end == .close { context.close(promise: nil) }
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }
}
