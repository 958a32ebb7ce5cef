/// The answer to a request that is not served: what an ERROR packet says.
public struct TFTPRefusal: Error, Hashable, Sendable {
  public let code: TFTPErrorCode
  public let message: String

  public init(_ code: TFTPErrorCode, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The packet to send.
  public var packet: TFTPPacket { .error(code, message: message) }
}
