import Glibc
import NIOCore

/// A part of a file that is to be sent as an answer's body, after its head: an outbound event for ``FileSender``.
struct FilePart: Sendable {
  /// Open until the event's promise is kept.
  let file: NIOFileHandle
  let bytes: Range<Int>

  /// A portion was taken: an inbound event.
  struct Progress {}

  /// Why it did not arrive whole.
  enum Failure: Error {
    /// The file became shorter.
    case shrank
    /// The connection ended after so many bytes.
    case clientLeft(bytes: Int)
  }
}

/// Sends parts of files without their bytes passing through this process (`sendfile`): all clients share the kernel's page
/// cache, and each costs a descriptor, however much it fetches and however slowly.
///
/// It stands next to the socket, below HTTP, which has no notion of files. An event stays in order with what is written:
/// it follows the head. The end of the answer must wait for its promise.
final class FileSender: ChannelOutboundHandler, Sendable {
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  /// Bytes that are handed to the socket at a time: for each portion the file is looked at and the event loop comes round,
  /// which at a quarter of it was a seventh of the work. A client that takes fewer while the connection may be still
  /// (``ConnectionLimits/stall``), some 17 KB a second, is cut, and of a failed transfer it is known to so many how far it
  /// got.
  static let portion = 1 << 20

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard let part = event as? FilePart else { return context.triggerUserOutboundEvent(event, promise: promise) }
    send(part, from: part.bytes.lowerBound, context, promise)
  }

  private func send(
    _ part: FilePart, from offset: Int, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
  ) {
    guard offset < part.bytes.upperBound else {
      promise?.succeed()
      return
    }
    let end = min(offset + Self.portion, part.bytes.upperBound)
    // Of a file that ends too soon NIO would try to send the rest for ever.
    guard part.reaches(end) else {
      promise?.fail(FilePart.Failure.shrank)
      return
    }
    let region = FileRegion(fileHandle: part.file, readerIndex: offset, endIndex: end)
    let written = context.eventLoop.makePromise(of: Void.self)
    written.futureResult.assumeIsolated().whenComplete { result in
      switch result {
      case .success:
        context.fireUserInboundEventTriggered(FilePart.Progress())
        self.send(part, from: end, context, promise)
      case .failure:
        promise?.fail(
          part.reaches(end) ? FilePart.Failure.clientLeft(bytes: offset - part.bytes.lowerBound) : .shrank)
      }
    }
    context.writeAndFlush(wrapOutboundOut(.fileRegion(region)), promise: written)
  }
}

extension FilePart {
  /// Whether the file still has all bytes before `end`.
  fileprivate func reaches(_ end: Int) -> Bool {
    var information = stat()
    let status = try? file.withUnsafeFileDescriptor { fstat($0, &information) }
    return status == 0 && Int(information.st_size) >= end
  }
}
