/// The beginning of hardware addresses: all six bytes for one station, three for what one vendor makes (OUI), none for all.
///
/// Written as the bytes there are, `52:54:00` or `52-54-00`; `any` for none.
public struct MACPrefix: Hashable, Sendable {
  /// The bytes in the high part of 48 bits, the rest zero.
  public let address: MACAddress

  /// How many bytes count, 0...6.
  public let count: Int

  /// The first `count` bytes of an address, 0...6.
  public init(_ address: MACAddress, count: Int = 6) {
    self.count = max(0, min(count, 6))
    self.address = MACAddress(rawValue: address.rawValue & Self.mask(self.count))
  }

  /// Reads one to six pairs of hexadecimal digits, all separated by `:` or all by `-`, or `any`; `nil` for anything else.
  public init?(_ text: some StringProtocol) {
    let count = (text.utf8.count + 1) / 3
    if text == "any" {
      self.init(.zero, count: 0)
      return
    }
    guard (1...6).contains(count) else { return nil }
    let separator = text.utf8.contains(UInt8(ascii: "-")) ? "-" : ":"
    guard let address = MACAddress(text + String(repeating: "\(separator)00", count: 6 - count)) else { return nil }
    self.init(address, count: count)
  }

  /// Whether an address begins so.
  public func contains(_ address: MACAddress) -> Bool { address.rawValue & Self.mask(count) == self.address.rawValue }

  private static func mask(_ count: Int) -> UInt64 { count == 0 ? 0 : ~0 << UInt64(8 * (6 - count)) }
}

extension MACPrefix: CustomStringConvertible {
  /// `52:54:00`, `any`
  public var description: String {
    count == 0 ? "any" : Hexadecimal.text(Array(address.bytes.prefix(count)), separator: ":")
  }
}
