public import Wire

/// Why bytes were not taken as a DHCPv6 message, or an option not as what its number says.
public enum DHCPv6ParseError: Error, Equatable, Sendable {
  /// Shorter than type and transaction number (RFC 8415 §8).
  case truncated(WireError)
  /// An option's length reaches behind what it is in. `offset` counts within that.
  case truncatedOption(DHCPv6OptionCode, offset: Int, needed: Int, available: Int)
  /// One or two bytes behind the last option, which are none.
  case trailingBytes(offset: Int)
  /// An option whose value cannot be what its number says.
  case badOption(DHCPv6OptionCode, length: Int)
  /// A message of a relay agent, which is laid out in another way, or one between agents.
  case relayed
  /// Longer than ``DHCPv6Packet/maximumSize``.
  case oversized(Int)
  /// More options than ``DHCPv6Options/limit``.
  case tooManyOptions
}

extension DHCPv6ParseError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .truncated(let error): "DHCPv6 header \(error)"
    case .truncatedOption(let code, let offset, let needed, let available):
      "option \(code) at byte \(offset): \(needed) bytes needed, \(available) left"
    case .trailingBytes(let offset): "the bytes from \(offset) on are no option"
    case .badOption(let code, let length): "option \(code) cannot have these \(length) bytes"
    case .relayed: "a relay agent's message"
    case .oversized(let count): "\(count) bytes are more than a DHCPv6 message needs"
    case .tooManyOptions: "more than \(DHCPv6Options.limit) options"
    }
  }
}
