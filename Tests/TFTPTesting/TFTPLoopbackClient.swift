public import NIOCore
import NIOPosix
public import TFTP

/// Runs a ``TFTPReader`` on a socket of a loopback address, with datagrams lost on purpose if wanted.
public final class TFTPLoopbackClient: ChannelInboundHandler {
  public typealias InboundIn = AddressedEnvelope<ByteBuffer>

  /// How a read ended.
  public struct Outcome: Sendable {
    public let bytes: [UInt8]
    public let granted: [TFTPOption]
    public let refusal: TFTPRefusal?

    /// Where the answers came from.
    public let peer: SocketAddress?
    public let dataPackets: Int
  }

  private var reader: TFTPReader
  private var loss: Loss
  private var peer: SocketAddress
  private var hasPeer = false
  private let patience: TimeAmount
  private let outcome: EventLoopPromise<Outcome>
  private var timer: Scheduled<Void>?

  /// Datagrams lost in both directions, one in so many, repeatable.
  public struct Loss: Sendable {
    private var state: UInt64
    private let oneIn: UInt64

    public init(seed: UInt64, oneIn: UInt64) {
      self.state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
      self.oneIn = oneIn
    }

    public static let none = Loss(seed: 1, oneIn: 0)

    mutating func next() -> Bool {
      guard oneIn > 0 else { return false }
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state % oneIn == 0
    }
  }

  private init(
    _ reader: TFTPReader, from server: SocketAddress, loss: Loss, patience: TimeAmount,
    outcome: EventLoopPromise<Outcome>
  ) {
    self.reader = reader
    self.peer = server
    self.loss = loss
    self.patience = patience
    self.outcome = outcome
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - patience: the time without a packet after which the client repeats itself.
  ///   - host: the client's address.
  public static func read(
    _ reader: TFTPReader, from server: SocketAddress, loss: Loss = .none, patience: TimeAmount = .milliseconds(500),
    on host: String = "127.0.0.1"
  ) async throws -> Outcome {
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    let outcome = eventLoop.makePromise(of: Outcome.self)
    let channel = try await DatagramBootstrap(group: eventLoop)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 65536))
      .channelOption(.socketOption(.so_rcvbuf), value: 1 << 20)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            TFTPLoopbackClient(reader, from: server, loss: loss, patience: patience, outcome: outcome))
        }
      }
      .bind(host: host, port: 0).get()
    let result = try await outcome.futureResult.get()
    try? await channel.close()
    return result
  }

  public func channelActive(context: ChannelHandlerContext) { timedOut(context) }

  public func channelInactive(context: ChannelHandlerContext) {
    timer?.cancel()
    outcome.fail(ChannelError.alreadyClosed)
  }

  public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let datagram = unwrapInboundIn(data)
    if loss.next() { return }
    if !hasPeer {
      hasPeer = true
      peer = datagram.remoteAddress
    }
    guard datagram.remoteAddress == peer else { return }
    guard let answer = try? reader.receive(datagram.data.readableBytesUInt8Span) else { return endIfDone() }
    send(answer, context)
    endIfDone()
    arm(context)
  }

  private func endIfDone() {
    guard reader.isEnded else { return }
    timer?.cancel()
    outcome.succeed(
      Outcome(
        bytes: reader.received, granted: reader.granted, refusal: reader.refusal, peer: hasPeer ? peer : nil,
        dataPackets: reader.dataPackets))
  }

  private func timedOut(_ context: ChannelHandlerContext) {
    send(reader.timedOut(), context)
    arm(context)
  }

  private func arm(_ context: ChannelHandlerContext) {
    timer?.cancel()
    guard !reader.isEnded else { return }
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    timer = context.value.eventLoop.assumeIsolated().scheduleTask(in: patience) { self.timedOut(context.value) }
  }

  private func send(_ packet: TFTPPacket, _ context: ChannelHandlerContext) {
    if loss.next() { return }
    let envelope = AddressedEnvelope(remoteAddress: peer, data: ByteBuffer(bytes: packet.bytes))
    context.writeAndFlush(NIOAny(envelope), promise: nil)
  }
}
