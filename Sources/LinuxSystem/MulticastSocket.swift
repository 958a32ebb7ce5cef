internal import CLinux
internal import Glibc
public import Wire

/// IPv6 sockets of one link, joined to a group of it: made here, used by whoever takes the descriptor.
public enum MulticastSocket {
  /// UDP `port` of every address of the interface, and of the group.
  /// - Returns: a descriptor that does not block.
  public static func udp(
    port: UInt16, group: IPv6Address, interface: NetworkInterface
  ) throws(SystemError) -> FileDescriptor {
    let socket = try FileDescriptor.socket(
      domain: AF_INET6, type: Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue))
    try confine(socket.rawValue, to: interface)
    // Another interface's socket has the same port.
    try set(socket.rawValue, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
    try set(socket.rawValue, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 1, "IPV6_V6ONLY")
    var address = sockaddr_in6()
    address.sin6_family = sa_family_t(AF_INET6)
    address.sin6_port = port.bigEndian
    try systemCall("bind", "\(interface.name):\(port)") {
      withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(socket.rawValue, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
        }
      }
    }
    try join(socket.rawValue, group, on: interface)
    return socket
  }

  /// ICMPv6 messages of one type that come to the group or to the interface; what is sent goes 255 hops, as neighbour
  /// discovery must (RFC 4861 §4).
  /// - Returns: a descriptor that does not block.
  public static func icmp(
    receivingType type: UInt8, group: IPv6Address, interface: NetworkInterface
  ) throws(SystemError) -> FileDescriptor {
    let socket = try FileDescriptor.socket(
      domain: AF_INET6, type: Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
      protocol: Int32(IPPROTO_ICMPV6))
    try confine(socket.rawValue, to: interface)
    // ICMP6_FILTER, icmpv6(7): one bit for each type, set for those that are not delivered.
    var filter = [UInt32](repeating: .max, count: 8)
    filter[Int(type >> 5)] &= ~(1 << UInt32(type & 31))
    let size = socklen_t(filter.count * MemoryLayout<UInt32>.size)
    try systemCall("ICMP6_FILTER", interface.name) {
      setsockopt(socket.rawValue, Int32(IPPROTO_ICMPV6), 1, filter, size)
    }
    let level = Int32(IPPROTO_IPV6)
    try set(socket.rawValue, level, IPV6_MULTICAST_HOPS, 255, "IPV6_MULTICAST_HOPS")
    try set(socket.rawValue, level, IPV6_UNICAST_HOPS, 255, "IPV6_UNICAST_HOPS")
    try set(socket.rawValue, level, IPV6_MULTICAST_LOOP, 0, "IPV6_MULTICAST_LOOP")
    try set(socket.rawValue, level, IPV6_MULTICAST_IF, interface.index, "IPV6_MULTICAST_IF")
    try join(socket.rawValue, group, on: interface)
    return socket
  }

  private static func confine(_ socket: Int32, to interface: NetworkInterface) throws(SystemError) {
    try systemCall("SO_BINDTODEVICE", interface.name) {
      setsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, interface.name, socklen_t(interface.name.utf8.count))
    }
  }

  private static func set(
    _ socket: Int32, _ level: Int32, _ option: Int32, _ value: Int32, _ name: StaticString
  ) throws(SystemError) {
    var value = value
    try systemCall(name) { setsockopt(socket, level, option, &value, socklen_t(MemoryLayout<Int32>.size)) }
  }

  private static func join(_ socket: Int32, _ group: IPv6Address, on interface: NetworkInterface) throws(SystemError) {
    var request = ipv6_mreq()
    withUnsafeMutableBytes(of: &request.ipv6mr_multiaddr) { $0.copyBytes(from: group.bytes) }
    request.ipv6mr_interface = UInt32(bitPattern: interface.index)
    try systemCall("IPV6_JOIN_GROUP", interface.name) {
      setsockopt(
        socket, Int32(IPPROTO_IPV6), IPV6_JOIN_GROUP, &request, socklen_t(MemoryLayout<ipv6_mreq>.size))
    }
  }
}
