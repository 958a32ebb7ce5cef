internal import CLinux
internal import Glibc

/// An IPv4 or IPv6 address and a UDP port: the kernel's `sockaddr`, as a value.
public struct SocketEndpoint: Hashable, Sendable {
  /// Of which protocol the address is.
  public enum Family: Hashable, Sendable {
    case ipv4
    case ipv6
  }

  public let family: Family
  public var port: UInt16

  /// The interface's index, of an IPv6 link-local address; else 0.
  public let scope: UInt32

  /// The address as it lies in memory; of IPv4 the rest is 0.
  private let first: UInt64
  private let second: UInt64

  /// An address of 4 or 16 bytes in network order; `nil` for another number of them.
  public init?(addressBytes: [UInt8], port: UInt16, scope: UInt32 = 0) {
    switch addressBytes.count {
    case 4: family = .ipv4
    case 16: family = .ipv6
    default: return nil
    }
    var bytes = [UInt8](repeating: 0, count: 16)
    bytes.replaceSubrange(0..<addressBytes.count, with: addressBytes)
    (first, second) = bytes.withUnsafeBytes {
      ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }
    self.port = port
    self.scope = family == .ipv6 ? scope : 0
  }

  /// The bytes of a `sockaddr_in` or a `sockaddr_in6`; `nil` for another kind.
  ///
  /// ```
  /// | family (2) | port (2) | IPv4 address (4) | unused (8) |
  /// | family (2) | port (2) | flow (4) | IPv6 address (16) | scope (4) |
  /// ```
  /// Family and scope are in the host's order, the others in the network's.
  public init?(socketAddressBytes bytes: [UInt8]) {
    guard bytes.count >= 16 else { return nil }
    let (family, port) = bytes.withUnsafeBytes {
      ($0.loadUnaligned(as: UInt16.self), UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
    }
    switch Int32(family) {
    case AF_INET: self.init(addressBytes: Array(bytes[4..<8]), port: port)
    case AF_INET6 where bytes.count >= 28:
      let scope = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 24, as: UInt32.self) }
      self.init(addressBytes: Array(bytes[8..<24]), port: port, scope: scope)
    default: return nil
    }
  }

  /// `nil` where the kernel named none.
  init?(_ endpoint: clinux_endpoint) {
    switch Int32(endpoint.family) {
    case AF_INET: family = .ipv4
    case AF_INET6: family = .ipv6
    default: return nil
    }
    port = UInt16(bigEndian: endpoint.port)
    scope = endpoint.scope
    first = endpoint.address.0
    second = endpoint.address.1
  }

  var cEndpoint: clinux_endpoint {
    clinux_endpoint(
      family: UInt16(family == .ipv4 ? AF_INET : AF_INET6), port: port.bigEndian, scope: scope, address: (first, second)
    )
  }

  /// 4 or 16 bytes in network order.
  public var addressBytes: [UInt8] {
    let bytes = withUnsafeBytes(of: (first, second)) { Array($0) }
    return Array(bytes.prefix(family == .ipv4 ? 4 : 16))
  }

  /// The address with no port: whose machine it is.
  public var host: SocketEndpoint {
    var host = self
    host.port = 0
    return host
  }

  /// 0.0.0.0 or ::
  public var isWildcard: Bool { first == 0 && second == 0 }

  /// 255.255.255.255
  public var isLimitedBroadcast: Bool { family == .ipv4 && addressBytes == [255, 255, 255, 255] }

  /// 224.0.0.0/4 or ff00::/8
  public var isMulticast: Bool {
    let leading = addressBytes.first ?? 0
    return family == .ipv4 ? leading & 0xf0 == 0xe0 : leading == 0xff
  }
}
