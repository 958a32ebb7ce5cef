/// The kind of a DHCPv6 message: `msg-type`, one byte (RFC 8415 §7.3).
public struct DHCPv6MessageType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let solicit = DHCPv6MessageType(rawValue: 1)
  public static let advertise = DHCPv6MessageType(rawValue: 2)
  public static let request = DHCPv6MessageType(rawValue: 3)
  public static let confirm = DHCPv6MessageType(rawValue: 4)
  public static let renew = DHCPv6MessageType(rawValue: 5)
  public static let rebind = DHCPv6MessageType(rawValue: 6)
  public static let reply = DHCPv6MessageType(rawValue: 7)
  public static let release = DHCPv6MessageType(rawValue: 8)
  public static let decline = DHCPv6MessageType(rawValue: 9)
  public static let informationRequest = DHCPv6MessageType(rawValue: 11)
  /// From a relay agent: laid out in another way (RFC 8415 §9).
  public static let relayForward = DHCPv6MessageType(rawValue: 12)
  /// To a relay agent.
  public static let relayReply = DHCPv6MessageType(rawValue: 13)
}

extension DHCPv6MessageType: CustomStringConvertible {
  /// `SOLICIT`, or `type 10` for one we do not know.
  public var description: String {
    switch self {
    case .solicit: "SOLICIT"
    case .advertise: "ADVERTISE"
    case .request: "REQUEST"
    case .confirm: "CONFIRM"
    case .renew: "RENEW"
    case .rebind: "REBIND"
    case .reply: "REPLY"
    case .release: "RELEASE"
    case .decline: "DECLINE"
    case .informationRequest: "INFORMATION-REQUEST"
    case .relayForward: "RELAY-FORW"
    case .relayReply: "RELAY-REPL"
    default: "type \(rawValue)"
    }
  }
}
