import CoreMetrics
import HTTPTypes
import Hummingbird
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Wire

/// HTTP/1.1 on a connection: one request after the other, each answered on the connection's event loop as soon as all of it
/// is there. What waits for nobody else is answered before the loop goes on.
///
/// What takes more than ``ConnectionLimits`` allow is cut, with its reason counted: slow and endless bodies, clients that
/// stop reading, and many connections from one address.
final class HTTPConnection: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = Never
  typealias OutboundOut = HTTPServerResponsePart
  typealias Responder = @Sendable (Request, any Channel) async -> Response

  private let limits: ConnectionLimits
  private let table: ConnectionTable
  private let executor: EventLoopExecutor
  private let respond: Responder
  private var client: IPAddress?

  /// Of the request that comes, until it is answered.
  private var head: HTTPRequestHead?
  private var body = ByteBuffer()
  private var bodyBytes = 0
  /// Whether a request's end is still to come. It may be answered already, when it is too long.
  private var isReceiving = false
  private var isAnswering = false
  /// Whether no request is answered after this one.
  private var isLast = false
  /// Whether nothing comes any more that could be read. What came before is answered.
  private var isInputEnded = false
  /// What a client sent ahead, before it had the answer to its request. While there is some, no more is read.
  private var ahead = CircularBuffer<HTTPServerRequestPart>()
  private var isReadWanted = false
  private var isGoingOn = false

  /// When what is waited for must be there, and what is counted if it is not.
  private var deadline = (time: NIODeadline.distantFuture, reason: String?.none)
  /// What looks at the deadline, at the latest when it passes.
  private var clock: (time: NIODeadline, task: Scheduled<Void>)?

  init(_ eventLoop: any EventLoop, limits: ConnectionLimits, table: ConnectionTable, respond: @escaping Responder) {
    self.limits = limits
    self.table = table
    self.respond = respond
    executor = EventLoopExecutor(eventLoop)
  }

  func channelActive(context: ChannelHandlerContext) {
    if let address = context.remoteAddress.flatMap({ Endpoint($0)?.address }) {
      guard table.open(address) else { return cut(context, "connections") }
      client = address
    }
    expect(within: limits.idle, context)
  }

  func channelInactive(context: ChannelHandlerContext) {
    clock?.task.cancel()
    clock = nil
    if let client { table.close(client) }
    client = nil
    ahead.removeAll()
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    if isAnswering, !isReceiving { ahead.append(part) } else { take(part, context) }
  }

  private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
    switch part {
    case .head(let head):
      guard !isLast else { return }
      self.head = head
      bodyBytes = 0
      isReceiving = true
      expect(within: limits.request, orCount: "slow", context)
    case .body(var bytes):
      bodyBytes += bytes.readableBytes
      guard bodyBytes <= limits.bodyBytes else { return cut(context, "size") }
      guard head != nil else { return }
      body.writeBuffer(&bytes)
      if bodyBytes > limits.keptBodyBytes { answer(context) }
    case .end:
      isReceiving = false
      if head != nil { answer(context) } else if !isAnswering { goOn(context) }
    }
  }

  func read(context: ChannelHandlerContext) {
    if ahead.isEmpty { context.read() } else { isReadWanted = true }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case is ChannelShouldQuiesceEvent:
      isLast = true
      if head == nil, !isAnswering { context.close(promise: nil) }
    case ChannelEvent.inputClosed as ChannelEvent:
      isInputEnded = true
      if !isAnswering { context.close(promise: nil) }
    case is FilePart.Progress: expect(within: limits.stall, orCount: "stall", context)
    default: context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard error is HTTPParserError else { return context.close(promise: nil) }
    (isReceiving, isInputEnded) = (false, true)
    guard !isAnswering else { return }
    (head, isAnswering, isLast) = (nil, true, true)
    write(HTTPResponse(status: .badRequest, headerFields: [.contentLength: "0"]), context)
    end(context)
  }

  // MARK: Answers

  private func answer(_ context: ChannelHandlerContext) {
    guard let head, let request = try? HTTPRequest(head, secure: false, splitCookie: false) else {
      return context.close(promise: nil)
    }
    let whole = Request(head: request, body: RequestBody(buffer: body))
    (self.head, body, isAnswering) = (nil, ByteBuffer(), true)
    if !head.isKeepAlive { isLast = true }
    expect(within: limits.stall, orCount: "stall", context)
    // A task of its own, for as long as the connection is open, which whoever shuts the listener down waits for.
    let place = NIOLoopBound((connection: self, context: context), eventLoop: context.eventLoop)
    Task.immediate(executorPreference: executor) { [respond, channel = context.channel] in
      let response = await respond(whole, channel)
      place.value.connection.write(response.head, place.value.context)
      do {
        try await response.body.write(BodyWriter(place: place))
      } catch {
        place.value.context.close(promise: nil)
      }
    }
  }

  /// Writes what answers here have after their head, as much as there is: one buffer, where it is not a file.
  private struct BodyWriter: ResponseBodyWriter {
    let place: NIOLoopBound<(connection: HTTPConnection, context: ChannelHandlerContext)>

    func write(_ buffer: ByteBuffer) async throws {
      let (connection, context) = place.value
      context.write(connection.wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
      place.value.connection.end(place.value.context)
    }
  }

  private func write(_ response: HTTPResponse, _ context: ChannelHandlerContext) {
    var head = HTTPResponseHead(response)
    head.headers.add(name: "Date", value: HTTPDate.now)
    if response.headerFields[.connection] == "close" { isLast = true }
    if isLast { head.headers.replaceOrAdd(name: "Connection", value: "close") }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
  }

  private func end(_ context: ChannelHandlerContext) {
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { _ in
      self.isAnswering = false
      if self.isReceiving {
        self.expect(within: self.limits.request, orCount: "slow", context)
      } else {
        self.goOn(context)
      }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
  }

  /// To the next request, which may be there.
  private func goOn(_ context: ChannelHandlerContext) {
    guard !isLast else { return context.close(promise: nil) }
    expect(within: limits.idle, context)
    // Who answers what was sent ahead, and need not wait for it, comes back here.
    guard !isGoingOn else { return }
    isGoingOn = true
    while !isAnswering || isReceiving, let part = ahead.popFirst() { take(part, context) }
    isGoingOn = false
    if isInputEnded, !isAnswering, ahead.isEmpty { return context.close(promise: nil) }
    if ahead.isEmpty, isReadWanted {
      isReadWanted = false
      context.read()
    }
  }

  // MARK: Limits

  private func expect(within time: TimeAmount, orCount reason: String? = nil, _ context: ChannelHandlerContext) {
    deadline = (.now() + time, reason)
    if let clock {
      guard deadline.time < clock.time else { return }
      clock.task.cancel()
    }
    watch(context)
  }

  private func watch(_ context: ChannelHandlerContext) {
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline.time) {
      if self.deadline.time <= .now() { self.cut(context, self.deadline.reason) } else { self.watch(context) }
    }
    clock = (deadline.time, task)
  }

  private func cut(_ context: ChannelHandlerContext, _ reason: String?) {
    if let reason {
      Counter(label: "siderite_http_connections_cut_total", dimensions: [("reason", reason)]).increment()
    }
    context.close(promise: nil)
  }
}

@available(*, unavailable)
extension HTTPConnection: Sendable {}
