public import NIOCore
public import TFTP

/// What happens to one client's request.
public struct TFTPEvent: Sendable {
  public enum Kind: Sendable, Equatable {
    /// The client asked for a file that exists, and gets it.
    case started(size: Int)

    /// The client has so much of it. Reported about ten times for a large file, not at all for a small one.
    case progressed(bytes: Int, of: Int)

    /// The client has all of it.
    case finished(bytes: Int, in: Duration)

    /// The client asked for the size only, or did not accept the options, and ended the transfer before it began.
    case declined(size: Int)

    /// The request was answered with an error: no such file, a write, a bad option.
    case refused(TFTPErrorCode, message: String)

    /// The transfer ended early, after so many bytes.
    case failed(TFTPFailure, bytes: Int)
  }

  /// The client's address and port.
  public let client: SocketAddress

  /// The name as the client sent it: not to be trusted, bounded by the size of a datagram.
  public let name: String

  public let kind: Kind
}
