import NIOCore
import TFTP

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The handler of a transfer's own socket: hands what arrives to the session.
final class TFTPSessionHandler: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  /// An ACK is 4 bytes; of an ERROR message so much is read.
  static let readSize = 512

  private let session: TFTPSession

  init(_ session: TFTPSession) { self.session = session }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let datagram = unwrapInboundIn(data)
    let counters = session.environment.counters
    // Between bind and connect a stranger's packet may have come in.
    guard datagram.remoteAddress == session.client else { return counters.add(to: \.unexpected) }
    do {
      session.received(try TFTPPacket(parsing: datagram.data.readableBytesUInt8Span))
    } catch {
      counters.add(to: \.malformed)
    }
  }

  /// ECONNREFUSED: the kernel was told that the client's port is closed. After other errors the socket closes.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if (error as? IOError)?.errnoCode == ECONNREFUSED { session.refused() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    session.socketClosed()
    context.fireChannelInactive()
  }
}
