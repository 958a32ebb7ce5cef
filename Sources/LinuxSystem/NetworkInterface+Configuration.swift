internal import CLinux
internal import Glibc
public import Wire

// Changes to an interface, by the ioctls of netdevice(7): all of them need CAP_NET_ADMIN.
extension NetworkInterface {
  /// Enables the interface; its link comes up some time later.
  public func setUp() throws(SystemError) {
    var request = ifreq(name: name)
    try control("SIOCGIFFLAGS", SIOCGIFFLAGS, &request)
    request.ifr_ifru.ifru_flags |= Int16(truncatingIfNeeded: Flags.up.rawValue)
    try control("SIOCSIFFLAGS", SIOCSIFFLAGS, &request)
  }

  /// Sets the largest IP packet, in bytes.
  public func setMTU(_ bytes: Int) throws(SystemError) {
    var request = ifreq(name: name)
    request.ifr_ifru.ifru_mtu = Int32(clamping: bytes)
    try control("SIOCSIFMTU", SIOCSIFMTU, &request)
  }

  /// Replaces the primary IPv4 address; the route to its network comes with it.
  public func setAddress(_ address: Address) throws(SystemError) {
    var request = ifreq(name: name)
    request.ifr_ifru.ifru_addr = sockaddr(address.address)
    try control("SIOCSIFADDR", SIOCSIFADDR, &request)
    guard let mask = address.network?.mask else { return }
    request.ifr_ifru.ifru_netmask = sockaddr(mask)
    try control("SIOCSIFNETMASK", SIOCSIFNETMASK, &request)
  }

  /// Routes `destination` through the interface, by way of `gateway` or, when `nil`, straight on the link.
  /// A route that is there already is not an error.
  public func addRoute(to destination: IPv4Prefix, gateway: IPv4Address?) throws(SystemError) {
    var route = rtentry()
    route.rt_dst = sockaddr(destination.network)
    route.rt_genmask = sockaddr(destination.mask)
    route.rt_flags = UInt16(RTF_UP)
    if destination.length == 32 { route.rt_flags |= UInt16(RTF_HOST) }
    if let gateway {
      route.rt_gateway = sockaddr(gateway)
      route.rt_flags |= UInt16(RTF_GATEWAY)
    }
    var device = Array(name.utf8CString)
    do {
      try device.withUnsafeMutableBufferPointer { (buffer) throws(SystemError) in
        route.rt_dev = buffer.baseAddress
        try control("SIOCADDRT", SIOCADDRT, &route)
      }
    } catch {
      guard error.code == EEXIST else { throw error }
    }
  }

  private func control<Request>(
    _ operation: StaticString, _ number: Int32, _ request: inout Request
  ) throws(SystemError) {
    let socket = try FileDescriptor.socket(domain: AF_INET, type: Int32(SOCK_DGRAM.rawValue))
    try systemCall(operation, name) {
      withUnsafeMutablePointer(to: &request) { clinux_ioctl(socket.rawValue, UInt(number), $0) }
    }
  }
}

extension sockaddr {
  /// An IPv4 address as the kernel takes it.
  init(_ address: IPv4Address, port: UInt16 = 0) {
    var internet = sockaddr_in()
    internet.sin_family = sa_family_t(AF_INET)
    internet.sin_port = port.bigEndian
    internet.sin_addr.s_addr = address.rawValue.bigEndian
    self = unsafeBitCast(internet, to: sockaddr.self)
  }
}
