public import NIOCore
import NIOPosix

/// Datagrams sent and received as they are, from one socket of 127.0.0.1.
public enum Datagrams {
  /// Sends `datagrams`, waits for so many answers, and sends `last` to where the last answer came from.
  public static func exchange(
    _ datagrams: [[UInt8]], with server: SocketAddress, answers count: Int = 1, then last: [UInt8]? = nil
  ) async throws -> [[UInt8]] {
    let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<AddressedEnvelope<ByteBuffer>, AddressedEnvelope<ByteBuffer>>(
            wrappingChannelSynchronously: channel)
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      for datagram in datagrams {
        try await outbound.write(AddressedEnvelope(remoteAddress: server, data: ByteBuffer(bytes: datagram)))
      }
      var answers = [[UInt8]]()
      guard count > 0 else { return answers }
      for try await answer in inbound {
        answers.append(Array(answer.data.readableBytesView))
        guard answers.count == count else { continue }
        if let last {
          try await outbound.write(
            AddressedEnvelope(remoteAddress: answer.remoteAddress, data: ByteBuffer(bytes: last)))
        }
        break
      }
      return answers
    }
  }
}
