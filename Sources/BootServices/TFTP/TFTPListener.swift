import Logging
import NIOCore
import NIOPosix
import TFTP

/// The handler of a listening port: takes requests, keeps the transfers that came of them.
///
/// Requests are queued first and begun a few at a time, with reading in between: when a whole row of racks is powered on,
/// what is in the socket's buffer must be taken out before the kernel drops the rest.
final class TFTPListener: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>
  typealias OutboundOut = AddressedEnvelope<ByteBuffer>

  /// What all listeners of a service share.
  struct Environment: Sendable {
    let configuration: TFTPConfiguration
    let contents: any TFTPContents
    let counters: TFTPCounters
    let logger: Logger
    let report: @Sendable (TFTPEvent) -> Void
  }

  /// Events fired through the pipeline from outside the event loop.
  enum Shutdown: Sendable {
    /// Take no requests, let transfers end.
    case graceful

    /// End them now.
    case immediate
  }

  /// Whether the kernel cuts windows into packets. Known for certain only after the first try: network drivers, tunnels
  /// and small MTUs may refuse it.
  enum Segmentation {
    case unproven
    case works
    case refused
  }

  /// Datagrams taken by one system call, of at most 1 KiB (a request is at most 512 bytes long, RFC 2347).
  static let readBatch = 64
  static let readSize = readBatch * 1024

  /// Bytes the kernel may keep of requests not read yet: several thousand of them.
  private static let receiveBufferSize: SocketOptionValue = 4 << 20

  /// SO_RCVBUFFORCE: the buffer size in spite of net.core.rmem_max; needs CAP_NET_ADMIN.
  private static let forcedReceiveBufferSize = NIOBSDSocket.Option(rawValue: 33)

  /// Requests begun before the socket is read again.
  private static let beginBatch = 32

  let environment: Environment
  let eventLoop: any EventLoop
  var segmentation: Segmentation

  /// Where a window's packets are put together: one for all transfers, as each window is sent at once.
  var packets = ByteBuffer()

  private var admission: TFTPAdmission<SocketAddress, TFTPSession>
  private var isBeginning = false
  private var isDraining = false
  private var context: ChannelHandlerContext?

  init(_ environment: Environment, on eventLoop: any EventLoop) {
    self.environment = environment
    self.eventLoop = eventLoop
    // Not in single-port mode: older kernels refuse a window that exceeds the path's MTU with an error that closes the
    // socket, and here it is everybody's.
    let configuration = environment.configuration
    self.admission = TFTPAdmission(limits: configuration.admissionLimits)
    let isSupported =
      configuration.usesSegmentation && configuration.portMode == .perTransfer && System.supportsUDPSegmentationOffload
    self.segmentation = isSupported ? .unproven : .refused
  }

  /// The channel that transfers use in single-port mode.
  var channel: (any Channel)? { context?.channel }

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    let options = context.channel.syncOptions
    if (try? options?.setOption(.socketOption(Self.forcedReceiveBufferSize), value: Self.receiveBufferSize)) == nil {
      try? options?.setOption(.socketOption(.so_rcvbuf), value: Self.receiveBufferSize)
    }
    if context.channel.localAddress?.isWildcard == true {
      try? options?.setOption(.receivePacketInfo, value: true)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    isDraining = true
    for session in admission.sessions { session.shutDown() }
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event as? Shutdown {
    case .graceful:
      isDraining = true
      let grace = environment.configuration.shutdownGrace
      context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(grace)) { self.endAll() }
      closeIfDrained()
    case .immediate: endAll()
    case nil: context.fireUserInboundEventTriggered(event)
    }
  }

  /// An error that concerns one packet, such as a host that refuses an answer: nothing to do.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    environment.logger.debug("TFTP socket error", metadata: ["error": "\(error)"])
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let datagram = unwrapInboundIn(data)
    let counters = environment.counters
    guard (datagram.remoteAddress.port ?? 0) != 0 else { return counters.add(to: \.malformed) }
    let packet: TFTPPacket
    do {
      packet = try TFTPPacket(parsing: datagram.data.readableBytesUInt8Span)
    } catch {
      return counters.add(to: \.malformed)
    }
    switch packet {
    case .readRequest(let request): take(request, isWrite: false, from: datagram)
    case .writeRequest(let request): take(request, isWrite: true, from: datagram)
    case .acknowledgement, .error:
      guard environment.configuration.portMode == .single, let session = admission.session(of: datagram.remoteAddress)
      else {
        return counters.add(to: \.unexpected)
      }
      session.received(packet)
    case .data, .optionAcknowledgement: counters.add(to: \.unexpected)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    beginWaiting()
    context.fireChannelReadComplete()
  }

  /// A session is over.
  func ended(_ session: TFTPSession) {
    admission.end(session.client)
    beginWaiting()
    closeIfDrained()
  }

  private func take(_ request: TFTPRequest, isWrite: Bool, from datagram: AddressedEnvelope<ByteBuffer>) {
    let counters = environment.counters
    let client = datagram.remoteAddress
    guard !isDraining, let listening = context?.channel.localAddress else {
      return counters.add(to: \.droppedShutdown)
    }
    var local = listening
    if let destination = datagram.metadata?.packetInfo?.destinationAddress {
      guard !destination.isMulticast, !destination.isLimitedBroadcast else { return counters.add(to: \.broadcast) }
      local = destination
    }
    if let session = admission.session(of: client) {
      if session.repeated(request, isWrite: isWrite) { return }
      session.supersede()
    }
    switch admission.refusal(for: client.host) {
    case .tooManyOfHost: return counters.add(to: \.droppedPerClient)
    case .queueFull: return counters.add(to: \.droppedQueueFull)
    case nil: break
    }
    let session = TFTPSession(request, isWrite: isWrite, from: client, to: local, listener: self)
    _ = admission.admit(session, from: client, of: client.host, at: session.requestedAt)
  }

  private func beginWaiting() {
    guard !isBeginning else { return }
    isBeginning = true
    defer { isBeginning = false }
    let now = ContinuousClock.now
    var batch = Self.beginBatch
    while batch > 0, let turn = admission.next(at: now) {
      switch turn {
      case .begin(let session):
        batch -= 1
        session.open()
      case .tooLate(let session):
        environment.counters.add(to: \.droppedTooLate)
        session.forget()
      }
    }
    if batch == 0, admission.waitingCount > 0 { eventLoop.assumeIsolated().execute { self.beginWaiting() } }
  }

  private func endAll() {
    isDraining = true
    for session in admission.sessions { session.shutDown() }
    closeIfDrained()
  }

  private func closeIfDrained() {
    if isDraining, admission.count == 0 { context?.close(promise: nil) }
  }
}
