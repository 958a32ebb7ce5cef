public import Wire

/// Why bytes were not taken as a DHCP message.
public enum DHCPParseError: Error, Equatable, Sendable {
  /// The fixed part (RFC 2131 §2: 236 bytes and the magic cookie) is not complete.
  case truncated(WireError)
  /// `op` is neither 1 (from a client) nor 2 (from a server).
  case badOperation(UInt8)
  /// `hlen` is larger than the 16 bytes of `chaddr`.
  case badHardwareLength(UInt8)
  /// The options do not begin with 63 82 53 63 (RFC 2131 §3): plain BOOTP, or something else.
  case badMagicCookie(UInt32)
  /// An option's length reaches behind the area it is in. `offset` counts within that area.
  case truncatedOption(OptionCode, offset: Int, needed: Int, available: Int)
  /// Longer than ``DHCPPacket/maximumSize``.
  case oversized(Int)
}

extension DHCPParseError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated(let error): "DHCP header \(error)"
    case .badOperation(let value): "op is \(value), neither request nor reply"
    case .badHardwareLength(let value): "hlen is \(value), chaddr has 16 bytes"
    case .badMagicCookie: "no DHCP magic cookie"
    case .truncatedOption(let code, let offset, let needed, let available):
      "option \(code) at byte \(offset): \(needed) bytes needed, \(available) left"
    case .oversized(let count): "\(count) bytes are more than a DHCP message needs"
    }
  }
}
