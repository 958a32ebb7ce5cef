import HummingbirdCore
import Logging
import NIOCore

/// HTTP/1.1 on a connection, where an answer's body may be a part of a file: Hummingbird's channel, with a
/// ``FileSender`` between it and the socket.
struct HTTPConnection: ServerChildChannel {
  let http: HTTP1Channel
  /// How long nothing may move; `nil`: for ever.
  let stall: TimeAmount?
  /// What TLS shows; `nil`: none.
  let tls: TLSIdentity?

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
    do {
      // Next to the socket, where it sees files move, too.
      if let stall { try channel.pipeline.syncOperations.addHandler(IdleStateHandler(allTimeout: stall)) }
      if let tls { try channel.pipeline.syncOperations.addHandler(try tls.handler()) }
      try channel.pipeline.syncOperations.addHandler(FileSender())
    } catch {
      // Else it would stay open, with nobody to read it.
      channel.close(promise: nil)
      return channel.eventLoop.makeFailedFuture(error)
    }
    return http.setup(channel: channel, logger: logger)
  }

  func handle(value: HTTP1Channel.Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}
