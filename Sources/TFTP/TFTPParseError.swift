public import Wire

/// Why bytes are not a TFTP packet.
public enum TFTPParseError: Error, Equatable, Sendable {
  /// Fewer bytes than the packet's fixed fields take.
  case truncated(WireError)

  /// The first two bytes name no packet of RFC 1350 or RFC 2347.
  case unknownOperation(TFTPOperation)

  /// The string that starts at `offset` has no zero byte after it.
  case unterminatedString(offset: Int)
}
