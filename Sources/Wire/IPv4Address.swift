/// An IPv4 address.
public struct IPv4Address: RawRepresentable, Hashable, Sendable, Comparable {
  /// The address as a number, first octet most significant.
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// 0.0.0.0: no address, or "this host".
  public static let any = IPv4Address(rawValue: 0)

  /// 255.255.255.255: every host on this link.
  public static let broadcast = IPv4Address(rawValue: 0xffff_ffff)

  /// 127.0.0.1
  public static let loopback = IPv4Address(rawValue: 0x7f00_0001)

  /// Reads four decimal octets, `10.0.0.1`; `nil` for anything else (leading zeros included: they mean octal to some).
  public init?(_ text: some StringProtocol) {
    let octets = text.split(separator: ".", omittingEmptySubsequences: false)
    guard octets.count == 4 else { return nil }
    var value: UInt32 = 0
    for octet in octets {
      guard (1...3).contains(octet.utf8.count), octet.utf8.allSatisfy({ (48...57).contains($0) }),
        octet.utf8.count == 1 || octet.utf8.first != 48, let number = UInt8(octet)
      else { return nil }
      value = value << 8 | UInt32(number)
    }
    self.init(rawValue: value)
  }

  /// The four bytes in network order.
  public var bytes: [UInt8] {
    var bytes = [UInt8]()
    bytes.append(self)
    return bytes
  }

  /// 0.0.0.0
  public var isUnspecified: Bool { rawValue == 0 }

  /// 224.0.0.0/4
  public var isMulticast: Bool { rawValue >> 28 == 0xe }

  public static func < (one: IPv4Address, other: IPv4Address) -> Bool { one.rawValue < other.rawValue }
}

extension IPv4Address: CustomStringConvertible {
  public var description: String { bytes.map { String($0) }.joined(separator: ".") }
}

extension IPv4Address: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let address = IPv4Address(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not an IPv4 address")
    }
    self = address
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
