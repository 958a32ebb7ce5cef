import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A file server on loopback for the time of a test, which misbehaves as told, a request at a time.
final class FaultyServer: Sendable {
  /// What goes wrong with one request.
  enum Fault: Sendable {
    /// The connection is closed after so many bytes of the body.
    case cut(after: Int)
    /// Nothing more comes after so many bytes, and the connection stays open.
    case hang(after: Int)
    /// Never answers.
    case silence
    /// Closes the connection in place of an answer.
    case hangUp
    case status(Int)
    case redirect(String)
    /// Sends the rest, and then more than it said there is.
    case longer
    /// Answers a request for the rest with another part.
    case otherPart
    /// These bytes, whatever they are.
    case raw(String)
  }

  struct File: Sendable {
    var content: [UInt8]
    var etag: String?
    var lastModified: String?
    var hasRanges = true
    /// For the requests to come, one each.
    var faults: [Fault] = []
    /// For every request after those.
    var always: Fault?
  }

  struct Request: Sendable, Equatable {
    var path: String
    var range: String?
    var ifRange: String?
    var ifNoneMatch: String?
    var ifModifiedSince: String?
    /// What was answered; 0: nothing.
    var status: UInt = 0
  }

  private struct State {
    var files: [String: File] = [:]
    var requests: [Request] = []
    var open = 0
    var mostOpen = 0
  }

  private let state: StateBox
  private let channel: any Channel
  let port: Int

  var url: String { "http://127.0.0.1:\(port)" }
  var requests: [Request] { state.state.withLock { $0.requests } }
  /// Of one path.
  func requests(_ path: String) -> [Request] { requests.filter { $0.path == path } }
  /// Transfers at a time, at most.
  var mostOpen: Int { state.state.withLock { $0.mostOpen } }

  func serve(_ file: File, at path: String) { state.state.withLock { $0.files[path] = file } }
  func remove(_ path: String) { state.state.withLock { $0.files[path] = nil } }

  private init(state: StateBox, channel: any Channel) {
    self.state = state
    self.channel = channel
    port = channel.localAddress?.port ?? 0
  }

  static func start() async throws -> FaultyServer {
    let state = StateBox()
    let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(Handler(state: state))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return FaultyServer(state: state, channel: channel)
  }

  /// Nobody listens from now on.
  func stop() async { try? await channel.close() }

  private final class StateBox: Sendable {
    let state = Mutex(State())
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let state: StateBox
    private var head: HTTPRequestHead?
    private var isCounted = false

    init(state: StateBox) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      switch unwrapInboundIn(data) {
      case .head(let head): self.head = head
      case .body: break
      case .end: if let head { answer(head, context) }
      }
    }

    func channelInactive(context: ChannelHandlerContext) {
      if isCounted { state.state.withLock { $0.open -= 1 } }
      context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
      var request = Request(
        path: head.uri, range: head.headers.first(name: "Range"), ifRange: head.headers.first(name: "If-Range"),
        ifNoneMatch: head.headers.first(name: "If-None-Match"),
        ifModifiedSince: head.headers.first(name: "If-Modified-Since"))
      let (file, fault) = state.state.withLock { state -> (File?, Fault?) in
        if !isCounted {
          isCounted = true
          state.open += 1
          state.mostOpen = max(state.mostOpen, state.open)
        }
        guard var file = state.files[head.uri] else { return (nil, nil) }
        let fault = file.faults.isEmpty ? file.always : file.faults.removeFirst()
        state.files[head.uri] = file
        return (file, fault)
      }
      let reply = file.map { Self.reply(to: request, $0, fault) } ?? Reply(status: 404)
      request.status = reply.status
      state.state.withLock { $0.requests.append(request) }
      send(reply, context)
    }

    private struct Reply {
      var status: UInt
      var headers: HTTPHeaders = [:]
      var body: ArraySlice<UInt8> = []
      var isChunked = false
      /// Bytes of the body that are sent before what is in ``end``.
      var sent: Int?
      var end = End.whole
      var raw: String?

      enum End { case whole, close, hang }
    }

    private static func reply(to request: Request, _ file: File, _ fault: Fault?) -> Reply {
      switch fault {
      case .status(let code): return Reply(status: UInt(code))
      case .redirect(let place): return Reply(status: 302, headers: ["Location": place])
      case .silence: return Reply(status: 0, end: .hang)
      case .hangUp: return Reply(status: 0, end: .close)
      case .raw(let text): return Reply(status: 0, end: .close, raw: text)
      case .cut, .hang, .longer, .otherPart, nil: break
      }
      var headers: HTTPHeaders = [:]
      if let etag = file.etag { headers.add(name: "ETag", value: etag) }
      if let time = file.lastModified { headers.add(name: "Last-Modified", value: time) }
      if request.range == nil,
        file.etag != nil
          ? request.ifNoneMatch == file.etag
          : request.ifModifiedSince != nil
            && request.ifModifiedSince == file.lastModified
      {
        return Reply(status: 304, headers: headers)
      }
      var reply = Reply(status: 200, headers: headers, body: file.content[...])
      let isSame = request.ifRange == nil || request.ifRange == file.etag || request.ifRange == file.lastModified
      if file.hasRanges, isSame, let range = request.range, let first = Int(range.dropFirst(6).dropLast()) {
        guard first < file.content.count else {
          return Reply(status: 416, headers: ["Content-Range": "bytes */\(file.content.count)"])
        }
        reply.status = 206
        reply.body = file.content[first...]
        var said = first
        if case .otherPart = fault { said = first - 1 }
        reply.headers.add(
          name: "Content-Range", value: "bytes \(said)-\(file.content.count - 1)/\(file.content.count)")
      }
      switch fault {
      case .cut(let count): (reply.sent, reply.end) = (count, .close)
      case .hang(let count): (reply.sent, reply.end) = (count, .hang)
      case .longer where reply.status == 206:
        reply.isChunked = true
        reply.body += [UInt8](repeating: 0, count: 1000)
      default: break
      }
      return reply
    }

    private func send(_ reply: Reply, _ context: ChannelHandlerContext) {
      if let raw = reply.raw,
        let encoder = try? context.pipeline.syncOperations.context(
          handlerType: HTTPResponseEncoder.self)
      {
        encoder.writeAndFlush(NIOAny(ByteBuffer(string: raw)), promise: nil)
      }
      guard reply.status > 0 else {
        if case .close = reply.end { context.close(promise: nil) }
        return
      }
      var headers = reply.headers
      if reply.isChunked {
        headers.add(name: "Transfer-Encoding", value: "chunked")
      } else if reply.status != 304 {
        headers.add(name: "Content-Length", value: "\(reply.body.count)")
      }
      let head = HTTPResponseHead(
        version: .http1_1, status: HTTPResponseStatus(statusCode: Int(reply.status)), headers: headers)
      context.write(wrapOutboundOut(.head(head)), promise: nil)
      let sent = reply.body.prefix(reply.sent ?? .max)
      if !sent.isEmpty { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: sent)))), promise: nil) }
      switch reply.end {
      case .whole: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
      case .hang: context.flush()
      case .close:
        let done = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: done)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        done.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
      }
    }
  }
}
