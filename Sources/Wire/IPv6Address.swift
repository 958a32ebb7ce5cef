/// An IPv6 address (RFC 4291).
public struct IPv6Address: RawRepresentable, Hashable, Sendable, Comparable {
  /// The address as a number, first byte most significant.
  public let rawValue: UInt128

  public init(rawValue: UInt128) { self.rawValue = rawValue }

  /// ::, no address.
  public static let any = IPv6Address(rawValue: 0)

  /// ::1
  public static let loopback = IPv6Address(rawValue: 1)

  /// From 16 bytes in network order; `nil` for another number of bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == 16 else { return nil }
    self.init(rawValue: bytes.reduce(0) { $0 << 8 | UInt128($1) })
  }

  /// Reads what RFC 4291 §2.2 allows: eight groups, `::` for one run of zeros, the last two groups as an IPv4 address.
  /// `nil` for anything else, zones (`%eth0`), brackets and prefix lengths included.
  public init?(_ text: some StringProtocol) {
    let text = String(text)
    // The longest there is: six groups and an IPv4 address.
    guard text.utf8.count <= 45 else { return nil }
    var groups: [UInt16] = []
    // How many groups stand before the `::`.
    var gap: Int?
    var rest = Substring(text)
    if rest.hasPrefix("::") {
      gap = 0
      rest = rest.dropFirst(2)
    }
    while !rest.isEmpty {
      guard groups.count < 8 else { return nil }
      let part = rest.prefix { $0 != ":" }
      if part.contains(".") {
        guard part.endIndex == rest.endIndex, groups.count <= 6, let last = IPv4Address(part) else { return nil }
        groups += [UInt16(last.rawValue >> 16), UInt16(last.rawValue & 0xffff)]
        break
      }
      guard (1...4).contains(part.utf8.count) else { return nil }
      var group: UInt16 = 0
      for digit in part.utf8 {
        guard let value = Hexadecimal.value(of: digit) else { return nil }
        group = group << 4 | UInt16(value)
      }
      groups.append(group)
      rest = rest.dropFirst(part.count)
      if rest.isEmpty { break }
      if rest.hasPrefix("::") {
        guard gap == nil else { return nil }
        gap = groups.count
        rest = rest.dropFirst(2)
      } else {
        rest = rest.dropFirst()
        // A colon at the end belongs to nothing.
        guard !rest.isEmpty else { return nil }
      }
    }
    if let gap {
      // `::` stands for at least one group.
      guard groups.count <= 7 else { return nil }
      groups.insert(contentsOf: [UInt16](repeating: 0, count: 8 - groups.count), at: gap)
    }
    guard groups.count == 8 else { return nil }
    self.init(rawValue: groups.reduce(0) { $0 << 16 | UInt128($1) })
  }

  /// The 16 bytes in network order.
  public var bytes: [UInt8] { (0..<16).map { UInt8(truncatingIfNeeded: rawValue >> UInt128(120 - 8 * $0)) } }

  /// ::
  public var isUnspecified: Bool { rawValue == 0 }

  /// ff00::/8
  public var isMulticast: Bool { rawValue >> 120 == 0xff }

  /// fe80::/10: means something on one link only.
  public var isLinkLocal: Bool { rawValue >> 118 == 0xfe80 >> 6 }

  /// The hardware address that the interface identifier was made from (RFC 4291 appendix A, "modified EUI-64"), as
  /// firmware makes it; `nil` where it was made in another way.
  public var hardwareAddress: MACAddress? {
    let identifier = UInt64(truncatingIfNeeded: rawValue)
    guard (identifier >> 24) & 0xffff == 0xfffe else { return nil }
    let mac = MACAddress(rawValue: ((identifier >> 40) << 24 | identifier & 0xff_ffff) ^ 0x0200_0000_0000)
    return mac.isMulticast || mac == .zero ? nil : mac
  }

  public static func < (one: IPv6Address, other: IPv6Address) -> Bool { one.rawValue < other.rawValue }
}

extension IPv6Address: CustomStringConvertible {
  /// The one form that RFC 5952 recommends: lower case, no leading zeros, the longest run of zeros (two at least, the
  /// first of several) as `::`.
  public var description: String {
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: rawValue >> UInt128(112 - 16 * $0)) }
    var (longest, start) = (0..<0, 0)
    for index in 0...8 where index == 8 || groups[index] != 0 {
      if index - start > max(longest.count, 1) { longest = start..<index }
      start = index + 1
    }
    func text(_ groups: ArraySlice<UInt16>) -> String {
      groups.map { String($0, radix: 16) }.joined(separator: ":")
    }
    guard !longest.isEmpty else { return text(groups[...]) }
    return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
  }
}

extension IPv6Address: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let address = IPv6Address(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not an IPv6 address")
    }
    self = address
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Array where Element == UInt8 {
  /// Appends an IPv6 address.
  public mutating func append(_ address: IPv6Address) { append(contentsOf: address.bytes) }
}

extension Span where Element == UInt8 {
  /// Reads an IPv6 address.
  public func readIPv6Address(at offset: inout Int) throws(WireError) -> IPv6Address {
    let range = try readRange(16, at: &offset)
    var number: UInt128 = 0
    for index in range { number = number << 8 | UInt128(self[index]) }
    return IPv6Address(rawValue: number)
  }
}
