/// An IPv4 network in CIDR form: `10.0.0.0/24`.
public struct IPv4Prefix: Hashable, Sendable {
  /// The first address of the network (host bits zero).
  public let network: IPv4Address

  /// The number of network bits, 0...32.
  public let length: Int

  /// The network that `address` lies in; `nil` unless `length` is 0...32.
  public init?(containing address: IPv4Address, length: Int) {
    guard (0...32).contains(length) else { return nil }
    self.length = length
    self.network = IPv4Address(rawValue: address.rawValue & Self.mask(length))
  }

  /// Reads `10.0.0.0/24`; host bits that are set are refused, as they hide a mistake.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPv4Address(parts[0]), let length = Int(parts[1]),
      let prefix = IPv4Prefix(containing: address, length: length), prefix.network == address
    else { return nil }
    self = prefix
  }

  private static func mask(_ length: Int) -> UInt32 { length == 0 ? 0 : UInt32.max << (32 - UInt32(length)) }

  /// The subnet mask, `255.255.255.0`.
  public var mask: IPv4Address { IPv4Address(rawValue: Self.mask(length)) }

  /// The last address: broadcast, where the network is larger than /31.
  public var last: IPv4Address { IPv4Address(rawValue: network.rawValue | ~Self.mask(length)) }

  /// Whether `address` lies in the network.
  public func contains(_ address: IPv4Address) -> Bool { address.rawValue & Self.mask(length) == network.rawValue }

  /// Whether an address lies in both.
  public func overlaps(_ other: IPv4Prefix) -> Bool { contains(other.network) || other.contains(network) }

  /// Whether a host may have `address`: inside, and neither the network's nor the broadcast address (RFC 3021 for /31).
  public func isHost(_ address: IPv4Address) -> Bool {
    contains(address) && (length >= 31 || (address != network && address != last))
  }
}

extension IPv4Prefix: CustomStringConvertible {
  public var description: String { "\(network)/\(length)" }
}
