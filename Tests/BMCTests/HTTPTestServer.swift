import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on loopback for the time of a test. What it answers is a function; what it was asked is kept.
final class HTTPTestServer: Sendable {
  struct Request: Sendable, CustomStringConvertible {
    var method: HTTPMethod
    var path: String
    var headers: HTTPHeaders
    var body: String

    var description: String { "\(method) \(path)" }
  }

  enum Reply: Sendable {
    case answer(HTTPResponseStatus, String, headers: HTTPHeaders = [:])
    /// Closes the connection in place of an answer.
    case hangUp
    /// Never answers.
    case silence
    /// The head of an answer, and never its body.
    case headOnly
    /// These bytes, whatever they are.
    case raw(String)

    static func json(_ text: String, headers: HTTPHeaders = [:]) -> Reply { .answer(.ok, text, headers: headers) }
  }

  typealias Responder = @Sendable (Request) -> Reply

  let port: Int
  private let channel: any Channel
  private let log: RequestLog

  var url: String { "http://127.0.0.1:\(port)" }

  /// Everything asked so far: `GET /status`.
  var requests: [Request] { log.requests.withLock { $0 } }

  /// Requests that change something.
  var changes: [Request] { requests.filter { $0.method != .GET } }

  private init(port: Int, channel: any Channel, log: RequestLog) {
    self.port = port
    self.channel = channel
    self.log = log
  }

  static func run<Value>(
    _ responder: @escaping Responder, _ body: (HTTPTestServer) async throws -> Value
  ) async throws -> Value {
    let log = RequestLog()
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(responder: responder, log: log))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    let server = HTTPTestServer(port: channel.localAddress?.port ?? 0, channel: channel, log: log)
    do {
      let value = try await body(server)
      try await channel.close()
      return value
    } catch {
      try? await channel.close()
      throw error
    }
  }

  private final class RequestLog: Sendable {
    let requests = Mutex<[Request]>([])
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let responder: Responder
    private let log: RequestLog
    private var request: Request?

    init(responder: @escaping Responder, log: RequestLog) {
      self.responder = responder
      self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): request = Request(method: head.method, path: head.uri, headers: head.headers, body: "")
      case .body(let buffer): request?.body += String(buffer: buffer)
      case .end:
        guard let request else { return }
        log.requests.withLock { $0.append(request) }
        reply(responder(request), context)
      }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func reply(_ reply: Reply, _ context: ChannelHandlerContext) {
      switch reply {
      case .answer(let status, let text, var headers):
        headers.replaceOrAdd(name: "Content-Length", value: "\(text.utf8.count)")
        write(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), context)
        write(.body(.byteBuffer(ByteBuffer(string: text))), context)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      case .hangUp: context.close(promise: nil)
      case .silence: break
      case .headOnly:
        write(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "100"])), context)
        context.flush()
      case .raw(let text):
        context.pipeline.syncOperations.removeAll(context, thenWrite: text)
      }
    }

    private func write(_ part: HTTPServerResponsePart, _ context: ChannelHandlerContext) {
      context.write(wrapOutboundOut(part), promise: nil)
    }
  }
}

extension ChannelPipeline.SynchronousOperations {
  /// Writes past the HTTP encoder.
  fileprivate func removeAll(_ context: ChannelHandlerContext, thenWrite text: String) {
    guard let first = try? self.context(handlerType: HTTPResponseEncoder.self) else { return }
    first.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
    context.close(promise: nil)
  }
}
