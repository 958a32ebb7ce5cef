/// An IPv6 network: `fd77::/64`.
public struct IPv6Prefix: Hashable, Sendable {
  /// The first address of the network (host bits zero).
  public let network: IPv6Address

  /// The number of network bits, 0...128.
  public let length: Int

  /// The network that `address` lies in; `nil` unless `length` is 0...128.
  public init?(containing address: IPv6Address, length: Int) {
    guard (0...128).contains(length) else { return nil }
    self.length = length
    self.network = IPv6Address(rawValue: address.rawValue & Self.mask(length))
  }

  /// Reads `fd77::/64`; host bits that are set are refused, as they hide a mistake.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = IPv6Address(parts[0]), let length = Int(parts[1]),
      let prefix = IPv6Prefix(containing: address, length: length), prefix.network == address
    else { return nil }
    self = prefix
  }

  private static func mask(_ length: Int) -> UInt128 { length == 0 ? 0 : UInt128.max << (128 - UInt128(length)) }

  /// Whether `address` lies in the network.
  public func contains(_ address: IPv6Address) -> Bool {
    address.rawValue & Self.mask(length) == network.rawValue
  }
}

extension IPv6Prefix: CustomStringConvertible {
  public var description: String { "\(network)/\(length)" }
}
