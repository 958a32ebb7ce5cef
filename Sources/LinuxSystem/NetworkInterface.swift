internal import CLinux
internal import Glibc
public import Wire

/// A network interface as the kernel has it at the moment of asking.
public struct NetworkInterface: Hashable, Sendable {
  /// An IPv4 address of the interface and the length of its network's prefix.
  public struct Address: Hashable, Sendable {
    public let address: IPv4Address

    /// 0...32
    public let prefixLength: Int

    public init(address: IPv4Address, prefixLength: Int) {
      self.address = address
      self.prefixLength = prefixLength
    }

    /// The network the address lies in.
    public var network: IPv4Prefix? { IPv4Prefix(containing: address, length: prefixLength) }
  }

  /// An IPv6 address of the interface and the length of its network's prefix.
  public struct IPv6: Hashable, Sendable {
    public let address: IPv6Address

    /// 0...128
    public let prefixLength: Int

    public init(address: IPv6Address, prefixLength: Int) {
      self.address = address
      self.prefixLength = prefixLength
    }

    /// The network the address lies in.
    public var network: IPv6Prefix? { IPv6Prefix(containing: address, length: prefixLength) }
  }

  /// The kernel's `IFF_…` bits, netdevice(7). Unknown ones are kept.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// `IFF_UP`: enabled by the administrator.
    public static let up = Flags(rawValue: 0x1)
    /// `IFF_BROADCAST`
    public static let broadcast = Flags(rawValue: 0x2)
    /// `IFF_LOOPBACK`
    public static let loopback = Flags(rawValue: 0x8)
    /// `IFF_POINTOPOINT`
    public static let pointToPoint = Flags(rawValue: 0x10)
    /// `IFF_RUNNING`: up, and the link has carrier.
    public static let running = Flags(rawValue: 0x40)
    /// `IFF_MULTICAST`
    public static let multicast = Flags(rawValue: 0x1000)
  }

  public let name: String

  /// The kernel's number for it, from 1.
  public let index: Int32

  /// The Ethernet address; `nil` for interfaces without one (loopback has 00:00:00:00:00:00 and so none).
  public let macAddress: MACAddress?

  /// The largest IP packet in bytes.
  public let mtu: Int

  public let flags: Flags

  /// IPv4 addresses in the kernel's order, the primary one first.
  public let addresses: [Address]

  /// IPv6 addresses in the kernel's order, link-local ones among them.
  public let ipv6Addresses: [IPv6]

  /// Enabled by the administrator.
  public var isUp: Bool { flags.contains(.up) }

  /// Enabled, and the link has carrier.
  public var isRunning: Bool { flags.contains([.up, .running]) }

  public var isLoopback: Bool { flags.contains(.loopback) }

  /// Every interface of the process's network namespace, by index.
  public static func all() throws(SystemError) -> [NetworkInterface] {
    var list: UnsafeMutablePointer<ifaddrs>?
    try systemCall("getifaddrs") { getifaddrs(&list) }
    defer { freeifaddrs(list) }

    // One entry with family AF_PACKET for every interface, one more for every address it has.
    var links = [(name: String, index: Int32, mac: MACAddress?, flags: Flags)]()
    var addresses = [String: [Address]]()
    var ipv6Addresses = [String: [IPv6]]()
    var next = list
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard let address = entry.ifa_addr else { continue }
      // An address with a label comes under the label, `eth0:1`.
      let label = String(cString: entry.ifa_name)
      let name = label.firstIndex(of: ":").map { String(label[..<$0]) } ?? label
      switch Int32(address.pointee.sa_family) {
      case AF_PACKET:
        let link = address.withMemoryRebound(to: sockaddr_ll.self, capacity: 1) { $0.pointee }
        links.append((name, link.sll_ifindex, hardwareAddress(of: link), Flags(rawValue: entry.ifa_flags)))
      case AF_INET:
        guard let mask = entry.ifa_netmask else { continue }
        let length = mask.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          $0.pointee.sin_addr.s_addr.nonzeroBitCount
        }
        let number = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
        addresses[name, default: []].append(
          Address(address: IPv4Address(rawValue: UInt32(bigEndian: number)), prefixLength: length))
      case AF_INET6:
        guard let mask = entry.ifa_netmask, let length = ipv6(mask)?.rawValue.nonzeroBitCount,
          let address = ipv6(address)
        else { continue }
        ipv6Addresses[name, default: []].append(IPv6(address: address, prefixLength: length))
      default: continue
      }
    }

    let socket = try FileDescriptor.socket(domain: AF_INET, type: Int32(SOCK_DGRAM.rawValue))
    var interfaces = [NetworkInterface]()
    for link in links {
      var request = ifreq(name: link.name)
      // It may have gone since the list was made.
      guard clinux_ioctl(socket.rawValue, UInt(SIOCGIFMTU), &request) == 0 else { continue }
      interfaces.append(
        NetworkInterface(
          name: link.name, index: link.index, macAddress: link.mac, mtu: Int(request.ifr_ifru.ifru_mtu),
          flags: link.flags, addresses: addresses[link.name] ?? [], ipv6Addresses: ipv6Addresses[link.name] ?? []))
    }
    return interfaces.sorted { $0.index < $1.index }
  }

  /// The interface of that name; `nil` when there is none.
  public static func named(_ name: String) throws(SystemError) -> NetworkInterface? {
    try all().first { $0.name == name }
  }

  private static func ipv6(_ address: UnsafeMutablePointer<sockaddr>) -> IPv6Address? {
    let address = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { $0.pointee.sin6_addr }
    return withUnsafeBytes(of: address) { IPv6Address(bytes: $0) }
  }

  private static func hardwareAddress(of link: sockaddr_ll) -> MACAddress? {
    guard link.sll_hatype == UInt16(ARPHRD_ETHER), link.sll_halen == 6 else { return nil }
    let bytes = link.sll_addr
    let number = [bytes.0, bytes.1, bytes.2, bytes.3, bytes.4, bytes.5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return MACAddress(rawValue: number)
  }
}

extension ifreq {
  /// A request about the interface `name`; a longer name than the kernel allows (15 bytes) is cut, and so not found.
  init(name: String) {
    self.init()
    withUnsafeMutableBytes(of: &ifr_ifrn) { $0.copyBytes(from: name.utf8.prefix(Int(IFNAMSIZ) - 1)) }
  }
}
