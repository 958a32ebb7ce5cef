import NIOCore

/// Where a BMC's datagrams come from, in a form that is quick to look up.
struct BMCAddress: Hashable {
  private let high: UInt64
  private let low: UInt64
  private let scope: UInt32
  private let port: UInt16

  /// Reads `sockaddr_in` and `sockaddr_in6`. `nil` for what is not an Internet address.
  init?(_ address: SocketAddress) {
    let isIPv6 = address.protocol == .inet6
    guard isIPv6 || address.protocol == .inet else { return nil }
    (high, low, scope, port) = address.withSockAddr { pointer, size in
      let bytes = UnsafeRawBufferPointer(start: pointer, count: size)
      let port = bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)
      guard isIPv6 else { return (0, UInt64(bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)), 0, port) }
      return (
        bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self),
        bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self),
        bytes.loadUnaligned(fromByteOffset: 24, as: UInt32.self), port
      )
    }
  }
}
