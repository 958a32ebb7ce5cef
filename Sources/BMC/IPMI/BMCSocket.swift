import Logging
import NIOCore
import NIOPosix

/// The UDP socket that every BMC of an address family is spoken to with. Confined to its event loop.
///
/// Datagrams are read many in a system call, and written many in one: at the end of a read, or of what else the loop
/// does at the moment. A network error closes a socket that is everybody's: it is opened again on the same port, as
/// answers to what was sent will come to that.
final class BMCSocket {
  /// Datagrams taken by one system call, of at most 1 KiB: no IPMI packet is longer than 300 bytes, serial-over-LAN
  /// included, and a longer one is cut and then malformed.
  private static let readBatch = 64
  private static let readSize = readBatch * 1024

  /// Bytes the kernel may keep of answers not read yet: several thousand, each counts for 768 at least.
  private static let receiveBufferSize: SocketOptionValue = 8 << 20

  /// SO_RCVBUFFORCE: the buffer size in spite of net.core.rmem_max; needs CAP_NET_ADMIN.
  private static let forcedReceiveBufferSize = NIOBSDSocket.Option(rawValue: 33)

  /// Between attempts at opening it again.
  private static let reopenDelay: TimeAmount = .milliseconds(100)

  private let loop: any EventLoop
  private let wildcard: String
  private let logger: Logger
  private let counters: IPMICounters
  private let received: (SocketAddress, ByteBuffer) -> Void
  private var channel: (any Channel)?
  private var port = 0
  private var isFlushPending = false
  private var isClosed = false

  /// - Parameter received: called on the loop for each datagram.
  init(
    _ wildcard: String, on loop: any EventLoop, counters: IPMICounters, logger: Logger,
    received: @escaping (SocketAddress, ByteBuffer) -> Void
  ) {
    self.wildcard = wildcard
    self.loop = loop
    self.counters = counters
    self.logger = logger
    self.received = received
  }

  var isOpen: Bool { channel != nil }

  func open() -> EventLoopFuture<Void> {
    let socket = NIOLoopBound(self, eventLoop: loop)
    return DatagramBootstrap(group: loop)
      .channelOption(.datagramVectorReadMessageCount, value: Self.readBatch)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.readSize))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Handler(socket.value))
        }
      }
      .bind(host: wildcard, port: port)
      .map { channel in socket.value.opened(channel) }
  }

  private func opened(_ channel: any Channel) {
    guard !isClosed else {
      channel.close(promise: nil)
      return
    }
    self.channel = channel
    port = channel.localAddress?.port ?? 0
    let options = channel.syncOptions
    if (try? options?.setOption(.socketOption(Self.forcedReceiveBufferSize), value: Self.receiveBufferSize)) == nil {
      try? options?.setOption(.socketOption(.so_rcvbuf), value: Self.receiveBufferSize)
    }
  }

  /// Sends a datagram, soon. While the socket is closed nothing is sent: it counts as lost, and is sent again.
  func send(_ bytes: [UInt8], to address: SocketAddress) {
    guard let channel else { return }
    channel.write(AddressedEnvelope(remoteAddress: address, data: ByteBuffer(bytes: bytes)), promise: nil)
    guard !isFlushPending else { return }
    isFlushPending = true
    let socket = NIOLoopBound(self, eventLoop: loop)
    loop.execute { socket.value.flush() }
  }

  /// Opens no more. The channel, for whoever closes it.
  func close() -> (any Channel)? {
    isClosed = true
    return channel
  }

  fileprivate func flush() {
    guard isFlushPending else { return }
    isFlushPending = false
    channel?.flush()
  }

  fileprivate func deliver(_ address: SocketAddress, _ bytes: ByteBuffer) { received(address, bytes) }

  fileprivate func failed(_ error: any Error) {
    counters.socketFailed()
    logger.debug("socket error", metadata: ["error": "\(error)"])
  }

  fileprivate func gone() {
    channel = nil
    reopenLater()
  }

  private func reopenLater() {
    guard !isClosed else { return }
    loop.assumeIsolated().scheduleTask(in: Self.reopenDelay) {
      guard !self.isClosed, self.channel == nil else { return }
      let socket = NIOLoopBound(self, eventLoop: self.loop)
      self.open().whenFailure { error in
        socket.value.failed(error)
        // Somebody took the port meanwhile.
        socket.value.port = 0
        socket.value.reopenLater()
      }
    }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let socket: BMCSocket

    init(_ socket: BMCSocket) { self.socket = socket }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let envelope = unwrapInboundIn(data)
      socket.deliver(envelope.remoteAddress, envelope.data)
    }

    func channelReadComplete(context: ChannelHandlerContext) { socket.flush() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { socket.failed(error) }

    func channelInactive(context: ChannelHandlerContext) { socket.gone() }
  }
}
