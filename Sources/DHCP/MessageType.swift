/// The kind of a DHCP message: option 53, one byte (RFC 2132 §9.6).
public struct MessageType: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let discover = MessageType(rawValue: 1)
  public static let offer = MessageType(rawValue: 2)
  public static let request = MessageType(rawValue: 3)
  public static let decline = MessageType(rawValue: 4)
  public static let ack = MessageType(rawValue: 5)
  public static let nak = MessageType(rawValue: 6)
  public static let release = MessageType(rawValue: 7)
  public static let inform = MessageType(rawValue: 8)
}

extension MessageType: CustomStringConvertible {
  /// `DISCOVER`, or `type 13` for one we do not know.
  public var description: String {
    switch self {
    case .discover: "DISCOVER"
    case .offer: "OFFER"
    case .request: "REQUEST"
    case .decline: "DECLINE"
    case .ack: "ACK"
    case .nak: "NAK"
    case .release: "RELEASE"
    case .inform: "INFORM"
    default: "type \(rawValue)"
    }
  }
}
