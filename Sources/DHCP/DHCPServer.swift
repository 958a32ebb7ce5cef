import Wire

/// The server of RFC 2131 §4.3: what a responder in server mode keeps and decides.
struct DHCPServer: Sendable {
  let configuration: DHCPServerConfiguration
  private let hostNames: [MACAddress: String]
  var table: LeaseTable

  init(_ configuration: DHCPServerConfiguration, leases: [DHCPLease]) {
    self.configuration = configuration
    let reservations = configuration.reservations
    hostNames = Dictionary(
      reservations.compactMap { entry in entry.hostName.map { (entry.mac, $0) } }, uniquingKeysWith: { $1 })
    table = LeaseTable(
      space: LeaseTable.Space(
        subnet: configuration.subnet,
        pools: configuration.pools,
        reservations: Dictionary(reservations.map { ($0.mac, $0.address) }, uniquingKeysWith: { $1 }),
        excluded: configuration.excluded.union(configuration.routers),
        restWaived: max(0, configuration.declinedSeconds - configuration.offerSeconds)),
      leases: leases)
  }

  /// Whether an address is kept for a machine.
  func hasReservation(_ mac: MACAddress) -> Bool { table.hasReservation(mac) }

  /// A message on port 67.
  mutating func decide(_ type: MessageType, _ exchange: DHCPExchange, now: Timestamp) -> DHCPDecision {
    let packet = exchange.packet
    guard let identity = ClientIdentity(packet, policy: configuration.identity) else {
      return .ignore(.unidentifiedClient)
    }
    // Another subnet is for another responder.
    if let link = packet.relayedLink, !configuration.subnet.contains(link) { return .ignore(.otherSubnet) }
    if type != .inform, table.isPending(identity) { return .ignore(.alreadyCommitting) }

    switch type {
    case .discover: return discover(exchange, identity, now: now)
    case .request: return request(exchange, identity, now: now)
    case .decline: return decline(exchange, identity, now: now)
    case .release: return release(exchange, identity, now: now)
    case .inform: return inform(exchange)
    default: return .ignore(.unexpectedType)
    }
  }

  // MARK: DISCOVER

  /// RFC 2131 §4.3.1. Nothing durable happens: the offer holds its address in memory.
  private mutating func discover(
    _ exchange: DHCPExchange, _ identity: ClientIdentity, now: Timestamp
  ) -> DHCPDecision {
    let address = table.offer(
      to: identity, mac: exchange.packet.clientHardware.mac, requested: exchange.packet.requestedAddress, now: now,
      holdingFor: configuration.offerSeconds)
    guard let address else { return .ignore(.noFreeAddress) }
    if configuration.probes, exchange.packet.relayAgent.isUnspecified, let mac = exchange.packet.clientHardware.mac,
      !table.isProved(for: identity)
    {
      return .probe(AddressProbe(address: address, client: identity, mac: mac))
    }
    return .reply(granting(.offer, address, exchange))
  }

  // MARK: REQUEST

  /// RFC 2131 §4.3.2: which of its four states the client is in shows in what the message has (table 4).
  ///
  /// | state | option 54 | option 50 | `ciaddr` |
  /// |---|---|---|---|
  /// | SELECTING | ours | yes | 0 |
  /// | INIT-REBOOT | no | yes | 0 |
  /// | RENEWING, to us alone | no | no | yes |
  /// | REBINDING, to all | no | no | yes |
  private mutating func request(
    _ exchange: DHCPExchange, _ identity: ClientIdentity, now: Timestamp
  ) -> DHCPDecision {
    let packet = exchange.packet
    if let chosen = packet.serverIdentifier, chosen != exchange.serverIdentifier {
      table.withdrawOffer(to: identity)
      return .ignore(.otherServer)
    }
    let mac = packet.clientHardware.mac
    let isExtending = !packet.clientAddress.isUnspecified
    guard let address = isExtending ? packet.clientAddress : packet.requestedAddress else {
      return .ignore(.malformed)
    }
    guard configuration.subnet.contains(address) else {
      // A RENEWING client routed here from a subnet that is not ours: its server is another.
      if isExtending, exchange.arrival.isUnicast { return .ignore(.otherSubnet) }
      return .reply(refusing(exchange, "wrong network"))
    }
    let isSelecting = packet.serverIdentifier != nil && !isExtending
    let isRenewing = isExtending && exchange.arrival.isUnicast
    let known = table.lease(of: identity)
    if known == nil, !isSelecting, !isRenewing { return .ignore(.unknownClient) }

    // A client that knows its address from us must be right about it. One that chose our offer, or renews with us
    // after our leases were lost, gets any address that is still free.
    if let known, !isSelecting, known.address != address {
      return .reply(refusing(exchange, "not your address"))
    }
    guard table.mayLease(address, to: identity, mac: mac, now: now) else {
      return .reply(refusing(exchange, "address not available"))
    }
    let seconds = leaseSeconds(exchange)
    let lease = DHCPLease(
      address: address, client: identity, mac: mac,
      hostName: mac.flatMap { hostNames[$0] } ?? Self.hostName(packet), state: .bound,
      expires: now.advanced(bySeconds: Int64(seconds)))
    guard let change = table.begin(lease) else { return .ignore(.alreadyCommitting) }
    return .commit(change, then: granting(.ack, address, exchange))
  }

  // MARK: DECLINE, RELEASE, INFORM

  /// RFC 2131 §4.3.3: the address is in use by somebody we do not know; it rests for a while.
  private mutating func decline(
    _ exchange: DHCPExchange, _ identity: ClientIdentity, now: Timestamp
  ) -> DHCPDecision {
    let packet = exchange.packet
    guard let address = packet.requestedAddress else { return .ignore(.malformed) }
    if let other = packet.serverIdentifier, other != exchange.serverIdentifier { return .ignore(.otherServer) }
    guard table.lease(of: identity)?.address == address else { return .ignore(.notItsAddress) }
    let lease = DHCPLease(
      address: address, client: identity, mac: packet.clientHardware.mac, hostName: nil, state: .declined,
      expires: now.advanced(bySeconds: configuration.declinedSeconds))
    guard let change = table.begin(lease) else { return .ignore(.alreadyCommitting) }
    return .commit(change, then: nil)
  }

  /// As if the client that was to have the address had declined it. The record names who has it.
  mutating func refute(_ probe: AddressProbe, holder: MACAddress, now: Timestamp) -> LeaseChange? {
    guard table.retract(probe, now: now) else { return nil }
    return table.begin(
      DHCPLease(
        address: probe.address, client: ClientIdentity(holder), mac: holder, hostName: nil, state: .declined,
        expires: now.advanced(bySeconds: configuration.declinedSeconds)))
  }

  /// RFC 2131 §4.3.4: the lease ends now; its record stays, so that the client finds its address again if it can.
  private mutating func release(
    _ exchange: DHCPExchange, _ identity: ClientIdentity, now: Timestamp
  ) -> DHCPDecision {
    let packet = exchange.packet
    if let other = packet.serverIdentifier, other != exchange.serverIdentifier { return .ignore(.otherServer) }
    guard var lease = table.lease(of: identity), lease.address == packet.clientAddress,
      lease.isActive(at: now)
    else { return .ignore(.notItsAddress) }
    lease.expires = now
    guard let change = table.begin(lease) else { return .ignore(.alreadyCommitting) }
    return .commit(change, then: nil)
  }

  /// RFC 2131 §4.3.5: parameters for a client that has its address from elsewhere; no lease, no `yiaddr`.
  private func inform(_ exchange: DHCPExchange) -> DHCPDecision {
    var packet = exchange.packet
    // Some clients leave `ciaddr` empty; the datagram's source says it then.
    if packet.clientAddress.isUnspecified { packet.clientAddress = exchange.arrival.source }
    guard !packet.clientAddress.isUnspecified else { return .ignore(.malformed) }
    guard configuration.subnet.contains(packet.clientAddress) else { return .ignore(.otherSubnet) }
    let exchange = DHCPExchange(
      packet: packet, client: exchange.client, arrival: exchange.arrival, boot: exchange.boot)
    var reply = exchange.replyPacket(.ack)
    addParameters(to: &reply, exchange)
    return .reply(exchange.addressed(reply))
  }

  // MARK: Replies

  /// An OFFER or ACK of an address.
  private func granting(_ type: MessageType, _ address: IPv4Address, _ exchange: DHCPExchange) -> DHCPReply {
    var reply = exchange.replyPacket(type)
    reply.yourAddress = address
    let seconds = leaseSeconds(exchange)
    reply.options.set(.leaseTime, seconds)
    // RFC 2131 §4.4.5: T1 at half, T2 at seven eighths.
    reply.options.set(.renewalTime, seconds / 2)
    reply.options.set(.rebindingTime, UInt32(UInt64(seconds) * 7 / 8))
    addParameters(to: &reply, exchange)
    return exchange.addressed(reply)
  }

  /// A NAK (RFC 2131 §4.3.2): no address, no parameters.
  private func refusing(_ exchange: DHCPExchange, _ why: String) -> DHCPReply {
    var reply = exchange.replyPacket(.nak)
    reply.options.set(.message, why)
    echoClientIdentifier(in: &reply, exchange)
    return exchange.addressed(reply)
  }

  /// RFC 6842: a client identifier goes back as it came.
  private func echoClientIdentifier(in reply: inout DHCPPacket, _ exchange: DHCPExchange) {
    if let identifier = exchange.packet.clientIdentifier {
      reply.options.set(.clientIdentifier, identifier)
    }
  }

  /// RFC 3442: each route is its prefix length, as many bytes of the network as the length covers, and the router. Clients
  /// that take it leave option 3 aside, so the default route is in it, too.
  private var routes: [UInt8] {
    let everywhere = IPv4Prefix(containing: .any, length: 0)
    let all =
      configuration.routes
      + configuration.routers.prefix(1).compactMap { router in
        everywhere.map { DHCPServerConfiguration.Route(to: $0, via: router) }
      }
    return all.flatMap { route in
      [UInt8(truncatingIfNeeded: route.to.length)] + route.to.network.bytes.prefix((route.to.length + 7) / 8)
        + route.via.bytes
    }
  }

  /// What a client that sends no option 55 gets.
  private static let usualParameters: [UInt8] = [
    OptionCode.router.rawValue, OptionCode.domainNameServer.rawValue, OptionCode.hostName.rawValue,
    OptionCode.domainName.rawValue,
  ]

  /// The subnet mask always, then what option 55 asks for, in its order (RFC 2132 §9.8), then what booting needs.
  private func addParameters(to reply: inout DHCPPacket, _ exchange: DHCPExchange) {
    echoClientIdentifier(in: &reply, exchange)
    // RFC 2132 §3.3: the mask stands before the routers.
    reply.options.set(.subnetMask, configuration.subnet.mask)
    let wanted = exchange.packet.options[.parameterRequestList] ?? Self.usualParameters[...]
    for code in wanted {
      let code = OptionCode(rawValue: code)
      switch code {
      case .router where !configuration.routers.isEmpty: reply.options.set(code, configuration.routers)
      case .classlessStaticRoute where !configuration.routes.isEmpty: reply.options.set(code, routes)
      case .domainNameServer where !configuration.nameServers.isEmpty:
        reply.options.set(code, configuration.nameServers)
      case .ntpServers where !configuration.timeServers.isEmpty: reply.options.set(code, configuration.timeServers)
      case .broadcastAddress: reply.options.set(code, configuration.subnet.last)
      case .domainName:
        if let name = configuration.domainName { reply.options.set(code, name) }
      case .hostName:
        if let name = exchange.packet.clientHardware.mac.flatMap({ hostNames[$0] }) {
          reply.options.set(code, name)
        }
      default:
        if let value = configuration.extraOptions[code], !reply.options.contains(code) {
          reply.options.set(code, value)
        }
      }
    }
    reply.nextServer = configuration.nextServer
    addBoot(to: &reply, exchange)
  }

  /// How a server says what to boot differs from a proxy: the offer has an address and the file with it.
  ///
  /// BIOS PXE ROMs and HTTP clients get their class back. EDK2's PXE does not: an offer with `PXEClient` and without
  /// option 43 sends it to port 4011 once more, while a plain offer with a file is booted as it is.
  private func addBoot(to reply: inout DHCPPacket, _ exchange: DHCPExchange) {
    guard let client = exchange.client, exchange.boot != .none else { return }
    if client.classIdentifier == .http {
      reply.options.set(.vendorClass, exchange.replyClass)
    } else if exchange.isPXEROM {
      reply.options.set(.vendorClass, exchange.replyClass)
      reply.options.set(.vendorSpecific, DHCPExchange.loadBootFile)
    }
    if client.isIPXE { reply.options.set(.etherboot, Self.noProxyDHCP) }
    exchange.echoMachineIdentifier(in: &reply)
    exchange.setBootFile(in: &reply, withOptions: true)
  }

  /// iPXE's option 175, encapsulated option 176 (`no-pxedhcp`): no ProxyDHCP offer will come. Without it iPXE waits three
  /// seconds for one at every boot.
  private static let noProxyDHCP: [UInt8] = [0xb0, 1, 1]

  /// What the client asks for (option 51), within bounds; the default if it does not.
  private func leaseSeconds(_ exchange: DHCPExchange) -> UInt32 {
    let wish = exchange.packet.options.uint32(.leaseTime) ?? configuration.defaultLeaseSeconds
    return max(DHCPServerConfiguration.minimumLeaseSeconds, min(wish, configuration.maximumLeaseSeconds))
  }

  /// What a client calls itself, if it could be a host's name: letters, digits, `-` and `.`, at most 63.
  static func hostName(_ packet: DHCPPacket) -> String? {
    guard let value = packet.options[.hostName]?.prefix(while: { $0 != 0 }), (1...63).contains(value.count) else {
      return nil
    }
    for byte in value {
      switch byte {
      case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e: continue
      default: return nil
      }
    }
    return String(decoding: value, as: UTF8.self)
  }
}
