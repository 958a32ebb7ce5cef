/// A TFTP packet (RFC 1350, RFC 2347).
///
/// ```
/// RRQ, WRQ  see ``TFTPRequest``
/// DATA      | 0 3 | block (2) | content, up to the block size |
/// ACK       | 0 4 | block (2) |
/// ERROR     | 0 5 | code (2)  | message | 0 |
/// OACK      | 0 6 | name | 0 | value | 0 | ...
/// ```
/// Numbers are most significant byte first.
public enum TFTPPacket: Hashable, Sendable {
  case readRequest(TFTPRequest)
  case writeRequest(TFTPRequest)

  /// A block. The content stays where it is, at `content` in the datagram: it is never copied through a packet.
  case data(block: UInt16, content: Range<Int>)
  case acknowledgement(block: UInt16)
  case error(TFTPErrorCode, message: String)
  case optionAcknowledgement([TFTPOption])

  /// Bytes before the content of a DATA packet.
  public static let dataHeaderSize = 4
}
