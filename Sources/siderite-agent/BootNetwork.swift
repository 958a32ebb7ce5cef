import DHCP
import LinuxSystem
import Wire

/// The one interface the agent uses, its address kept by DHCP.
///
/// There is no event loop: whoever waits, waits in ``serve(until:)``, which sends, receives and renews meanwhile.
struct BootNetwork: ~Copyable {
  let interface: NetworkInterface
  let mac: MACAddress
  private let socket: PacketSocket
  /// Renewals go out, and come back, through the address: holding the port keeps the kernel from refusing the answers.
  private var datagrams: DatagramSocket?
  private var client: DHCPClient
  private var random = SystemRandomNumberGenerator()

  /// What DHCP gave; `nil` before, and when a lease ran out.
  var binding: DHCPClient.Binding? { client.binding }

  /// Enables the interface.
  init(interface: NetworkInterface, mac: MACAddress) throws(SystemError) {
    try interface.setUp()
    let socket = try PacketSocket(interface: interface, receivingUDPPort: 68)
    self.interface = interface
    self.mac = mac
    self.socket = socket
    var configuration = DHCPClient.Configuration(mac: mac)
    configuration.vendorClass = "siderite-agent"
    client = DHCPClient(configuration)
  }

  /// Asks for an address until there is one, or `deadline` passes (`nil`).
  mutating func acquire(until deadline: ContinuousClock.Instant) throws(SystemError) -> DHCPClient.Binding? {
    try perform(client.start(now: .now, using: &random))
    while ContinuousClock.now < deadline {
      if let binding = client.binding { return binding }
      try step(until: deadline)
    }
    return client.binding
  }

  /// Waits until the kernel has made itself an IPv6 address from a router's advertisement, or `deadline` passes (`nil`).
  /// It needs nobody's help, and no renewal.
  func acquireIPv6(until deadline: ContinuousClock.Instant) throws(SystemError) -> NetworkInterface.IPv6? {
    while true {
      let present = try NetworkInterface.named(interface.name)?.ipv6Addresses ?? []
      if let address = present.first(where: { !$0.address.isLinkLocal }) { return address }
      guard ContinuousClock.now < deadline else { return nil }
      Machine.sleep(.milliseconds(100))
    }
  }

  /// Waits, keeping the address.
  mutating func serve(until deadline: ContinuousClock.Instant) throws(SystemError) {
    while ContinuousClock.now < deadline { try step(until: deadline) }
  }

  private mutating func step(until deadline: ContinuousClock.Instant) throws(SystemError) {
    let wake = min(deadline, client.deadline ?? deadline)
    if let frame = try socket.receive(timeout: max(.zero, ContinuousClock.now.duration(to: wake))) {
      // What is no DHCP message is somebody's mistake, and not for us.
      guard let (_, payload) = try? UDPFrame.parse(frame.span) else { return }
      let message = Array(frame[payload])
      guard let packet = try? DHCPPacket(parsing: message.span) else { return }
      try perform(client.receive(packet, now: .now, using: &random))
    } else {
      try perform(client.timerFired(now: .now, using: &random))
    }
  }

  private mutating func perform(_ actions: [DHCPClient.Action]) throws(SystemError) {
    for action in actions {
      switch action {
      case .broadcast(let packet): broadcast(packet)
      case .unicast(let packet, let server): send(packet, to: server)
      case .bind(let binding): try apply(binding)
      case .unbind: try interface.setAddress(.init(address: .any, prefixLength: 0))
      }
    }
  }

  /// A frame that cannot be sent (the link went down) is as good as one that was lost: DHCP tries again.
  private func broadcast(_ packet: DHCPPacket) {
    var payload = [UInt8]()
    packet.serialize(into: &payload)
    let frame = UDPFrame(
      destinationMAC: .broadcast, sourceMAC: client.configuration.mac, source: .any, destination: .broadcast,
      sourcePort: 68, destinationPort: 67)
    var bytes = [UInt8]()
    guard (try? frame.serialize(payload: payload.span, into: &bytes)) != nil else { return }
    try? socket.send(bytes)
  }

  /// A renewal that cannot be sent is made up for, too: by broadcast in the end.
  private func send(_ packet: DHCPPacket, to server: IPv4Address) {
    var payload = [UInt8]()
    packet.serialize(into: &payload)
    try? datagrams?.send(payload, to: server, port: 67)
  }

  private mutating func apply(_ binding: DHCPClient.Binding) throws(SystemError) {
    try interface.setAddress(.init(address: binding.address, prefixLength: binding.subnet.length))
    // An MTU the card refuses is not worth failing for: what it has works, if slower.
    if let mtu = binding.mtu { try? interface.setMTU(Int(mtu)) }
    if datagrams == nil { datagrams = try? DatagramSocket(port: 68, interface: interface) }
    // RFC 3442: with classless routes the router option does not count.
    var routes = binding.routes
    if routes.isEmpty, let router = binding.routers.first, let everywhere = IPv4Prefix("0.0.0.0/0") {
      routes = [DHCPClient.Route(destination: everywhere, router: router)]
    }
    // A route that makes no sense to the kernel must not cost those that do.
    for route in routes { try? add(route, binding.subnet) }
  }

  private func add(_ route: DHCPClient.Route, _ subnet: IPv4Prefix) throws(SystemError) {
    if route.router.isUnspecified { return try interface.addRoute(to: route.destination, gateway: nil) }
    // A router outside the subnet (some networks give addresses with /32) needs a route of its own first.
    if !subnet.contains(route.router), let host = IPv4Prefix(containing: route.router, length: 32) {
      try interface.addRoute(to: host, gateway: nil)
    }
    try interface.addRoute(to: route.destination, gateway: route.router)
  }
}
