public import Wire

/// Decides what to answer: a message in, a decision out. No socket, clock or store inside.
///
/// One responder serves one interface, or one subnet behind relay agents. What a client boots comes in as an argument;
/// the responder only says it in DHCP.
public struct DHCPResponder: Sendable {
  /// What the responder is for on its network.
  public enum Mode: Hashable, Sendable {
    /// Boots clients beside a DHCP server that gives the addresses (PXE 2.1 §2.2: ProxyDHCP). Keeps nothing.
    case proxy
    /// Gives addresses too.
    case server(DHCPServerConfiguration)
  }

  /// The mode it was made with.
  public let mode: Mode

  /// The leases; `nil` in proxy mode.
  public var leases: LeaseTable? { server?.table }

  /// Who is answered.
  public let clients: ClientFilter

  private var server: DHCPServer?

  /// A responder that goes on where the store left off: `leases` are all records of this subnet.
  public init(mode: Mode, clients: ClientFilter = .everybody, leases: [DHCPLease] = []) {
    self.mode = mode
    self.clients = clients
    if case .server(let configuration) = mode { server = DHCPServer(configuration, leases: leases) }
  }

  /// Decides about one message.
  ///
  /// - Parameters:
  ///   - packet: The message.
  ///   - client: `PXEClient(packet)`, which the caller has made to find out what it boots.
  ///   - arrival: How it came.
  ///   - boot: What the client boots.
  ///   - now: The time that leases are counted from.
  public mutating func decide(
    _ packet: DHCPPacket, from client: PXEClient?, arrival: DHCPArrival, boot: DHCPBootReply, now: Timestamp
  ) -> DHCPDecision {
    guard packet.operation == .request else { return .ignore(.notFromClient) }
    guard let type = packet.messageType else { return .ignore(.noMessageType) }
    guard isServed(packet.clientHardware.mac) else { return .ignore(.notAllowed) }
    let exchange = DHCPExchange(packet: packet, client: client, arrival: arrival, boot: boot)
    if arrival.destinationPort == DHCPPort.bootServer { return exchange.bootServerDecision(type) }
    return server?.decide(type, exchange, now: now) ?? exchange.proxyDecision(type)
  }

  /// Whether a client gets any answer.
  private func isServed(_ mac: MACAddress?) -> Bool {
    clients.admits(mac) || mac.map { server?.hasReservation($0) ?? false } ?? false
  }

  /// Nobody has an address that was asked for. False when it is not to be offered any more: the client took another.
  public mutating func prove(_ probe: AddressProbe) -> Bool { server?.table.prove(probe) ?? false }

  /// Somebody has an address that was asked for: it rests as one that a client declined, once the change is durable.
  /// `nil` when there is nothing to change.
  public mutating func refute(_ probe: AddressProbe, holder: MACAddress, now: Timestamp) -> LeaseChange? {
    server?.refute(probe, holder: holder, now: now)
  }

  /// A lease of another server, in our network and not over.
  mutating func adopt(inNetwork lease: DHCPLease, now: Timestamp) throws(LeaseRefusal) -> LeaseChange {
    guard server != nil else { throw .notServed }
    if let refusal = server?.table.refusal(of: lease, now: now) { throw refusal }
    guard let change = server?.table.begin(lease) else { throw .busy }
    return change
  }

  /// A change is durable: the leases now say so. Call it before the reply is sent, or the client's next message may
  /// find the change still in flight.
  public mutating func confirm(_ change: LeaseChange) { server?.table.confirm(change) }

  /// A change could not be made durable: everything is as if the message had not come.
  public mutating func reject(_ change: LeaseChange) { server?.table.reject(change) }
}
