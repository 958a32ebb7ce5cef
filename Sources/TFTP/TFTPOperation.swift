/// What a TFTP packet is: its first two bytes, most significant first (RFC 1350 §5, RFC 2347).
public struct TFTPOperation: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt16

  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// RRQ: the client wants to read a file.
  public static let readRequest = TFTPOperation(rawValue: 1)

  /// WRQ: the client wants to write a file.
  public static let writeRequest = TFTPOperation(rawValue: 2)

  /// DATA: one block.
  public static let data = TFTPOperation(rawValue: 3)

  /// ACK: a block, and all before it, arrived.
  public static let acknowledgement = TFTPOperation(rawValue: 4)

  /// ERROR: the transfer is over.
  public static let error = TFTPOperation(rawValue: 5)

  /// OACK: the options the server grants (RFC 2347).
  public static let optionAcknowledgement = TFTPOperation(rawValue: 6)
}
