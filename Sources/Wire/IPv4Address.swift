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
    // Of one type, and one pass: every request has some.
    let text = String(text)
    var (value, octets) = (UInt32(0), 0)
    // The octet being read; `nil` before its first digit.
    var octet: UInt32?
    for character in text.utf8 {
      switch character {
      case UInt8(ascii: "."):
        guard let whole = octet, octets < 3 else { return nil }
        (value, octets, octet) = (value << 8 | whole, octets + 1, nil)
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        let longer = (octet ?? 0) * 10 + UInt32(character - UInt8(ascii: "0"))
        guard octet != 0, longer <= 255 else { return nil }
        octet = longer
      default: return nil
      }
    }
    guard let last = octet, octets == 3 else { return nil }
    self.init(rawValue: value << 8 | last)
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
  public var description: String {
    var text: [UInt8] = []
    text.reserveCapacity(15)
    for shift: UInt32 in [24, 16, 8, 0] {
      let octet = UInt8(truncatingIfNeeded: rawValue >> shift)
      if !text.isEmpty { text.append(UInt8(ascii: ".")) }
      if octet >= 100 { text.append(UInt8(ascii: "0") + octet / 100) }
      if octet >= 10 { text.append(UInt8(ascii: "0") + octet / 10 % 10) }
      text.append(UInt8(ascii: "0") + octet % 10)
    }
    return String(decoding: text, as: UTF8.self)
  }
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
