/// A 48-bit IEEE 802 hardware address.
///
/// Written `52:54:00:12:34:56`; `52-54-00-12-34-56` (iPXE's `${mac:hexhyp}`) is read too, `5254.0012.3456` and
/// shortened groups such as `0:1:2:3:4:5` are not.
public struct MACAddress: RawRepresentable, Hashable, Sendable, Comparable {
  /// The address in the low 48 bits, first byte most significant.
  public let rawValue: UInt64

  /// Keeps the low 48 bits of `rawValue`.
  public init(rawValue: UInt64) { self.rawValue = rawValue & 0xffff_ffff_ffff }

  /// The address all stations receive.
  public static let broadcast = MACAddress(rawValue: 0xffff_ffff_ffff)

  /// The address that names nobody.
  public static let zero = MACAddress(rawValue: 0)

  /// Reads six pairs of hexadecimal digits, all separated by `:` or all by `-`; `nil` for anything else.
  public init?(_ text: some StringProtocol) {
    let digits = Array(text.utf8)
    guard digits.count == 17 else { return nil }
    let separator = digits[2]
    guard separator == UInt8(ascii: ":") || separator == UInt8(ascii: "-") else { return nil }
    var value: UInt64 = 0
    for (index, digit) in digits.enumerated() {
      if index % 3 == 2 {
        guard digit == separator else { return nil }
      } else {
        guard let nibble = Hexadecimal.value(of: digit) else { return nil }
        value = value << 4 | UInt64(nibble)
      }
    }
    self.init(rawValue: value)
  }

  /// The six bytes in the order they are sent.
  public var bytes: [UInt8] {
    var bytes = [UInt8]()
    bytes.append(self)
    return bytes
  }

  /// A group address (I/G bit set); broadcast is one. Never the address of a client.
  public var isMulticast: Bool { rawValue & 0x0100_0000_0000 != 0 }

  public static func < (one: MACAddress, other: MACAddress) -> Bool { one.rawValue < other.rawValue }
}

extension MACAddress: CustomStringConvertible {
  /// `52:54:00:12:34:56`
  public var description: String { Hexadecimal.text(bytes, separator: ":") }

  /// `52-54-00-12-34-56`, as iPXE writes it in URLs.
  public var hyphenated: String { Hexadecimal.text(bytes, separator: "-") }
}

extension MACAddress: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let address = MACAddress(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not a hardware address")
    }
    self = address
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
