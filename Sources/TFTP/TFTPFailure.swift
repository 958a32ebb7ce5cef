/// Why a transfer ended before its time.
public enum TFTPFailure: Error, Hashable, Sendable {
  /// The client stopped answering.
  case timedOut

  /// The client's host says nobody listens there any more.
  case unreachable

  /// The client ended it with an ERROR packet.
  case abandoned(TFTPErrorCode, message: String)

  /// The client only wanted to know the size, or does not accept what was granted: it ended the transfer on the OACK.
  /// No failure as such: EDK2 and other firmware ask for `tsize` this way before they load the file.
  case declined(TFTPErrorCode, message: String)

  /// The client began anew from the same port.
  case superseded

  /// The server is going down.
  case shutDown
}

extension TFTPFailure {
  /// What the client is told: an ERROR packet, unless it ended the transfer itself or cannot hear any more.
  public var farewell: TFTPPacket? {
    switch self {
    case .timedOut: .error(.undefined, message: "timed out")
    case .shutDown: .error(.undefined, message: "the server is shutting down")
    case .unreachable, .abandoned, .declined, .superseded: nil
    }
  }
}
