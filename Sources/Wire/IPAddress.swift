/// An address of either version.
public enum IPAddress: Hashable, Sendable, Comparable {
  case v4(IPv4Address)
  case v6(IPv6Address)

  /// Reads `10.0.0.1` or `fd77::1`; `nil` for anything else.
  public init?(_ text: some StringProtocol) {
    if let address = IPv4Address(text) {
      self = .v4(address)
    } else if let address = IPv6Address(text) {
      self = .v6(address)
    } else {
      return nil
    }
  }

  /// 0.0.0.0: every IPv4 address of the host.
  public static let any = IPAddress.v4(.any)

  /// 127.0.0.1
  public static let loopback = IPAddress.v4(.loopback)

  /// 0.0.0.0 or ::
  public var isUnspecified: Bool {
    switch self {
    case .v4(let address): address.isUnspecified
    case .v6(let address): address.isUnspecified
    }
  }

  /// The bytes in network order, 4 or 16.
  public var bytes: [UInt8] {
    switch self {
    case .v4(let address): address.bytes
    case .v6(let address): address.bytes
    }
  }

  /// As it stands in a URL: an IPv6 address in brackets (RFC 3986 §3.2.2).
  public var urlHost: String {
    switch self {
    case .v4(let address): "\(address)"
    case .v6(let address): "[\(address)]"
    }
  }
}

extension IPAddress: CustomStringConvertible {
  public var description: String {
    switch self {
    case .v4(let address): "\(address)"
    case .v6(let address): "\(address)"
    }
  }
}

extension IPAddress: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let address = IPAddress(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not an IP address")
    }
    self = address
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
