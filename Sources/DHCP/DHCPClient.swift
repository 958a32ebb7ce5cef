public import Wire

/// The client's side of DHCP (RFC 2131 §4.4), for the discovery agent: one interface, one address.
///
/// Events in, actions out. The caller sends what it is told to, calls ``timerFired(now:using:)`` at ``deadline`` and
/// feeds in what it receives on port 68; messages that are not for this client are passed over. Time is monotonic, as
/// a discovery agent's wall clock may be years off.
public struct DHCPClient: Sendable {
  /// What the client says of itself.
  public struct Configuration: Hashable, Sendable {
    public var mac: MACAddress
    /// Option 12.
    public var hostName: String?
    /// Option 60.
    public var vendorClass: String?
    /// Ask servers to broadcast (RFC 2131 §4.1): for an interface that drops unicast before it has an address.
    public var wantsBroadcast = true

    public init(mac: MACAddress) { self.mac = mac }
  }

  /// An address and what came with it.
  public struct Binding: Hashable, Sendable {
    public var address: IPv4Address
    /// Option 1; the address's own /32 if the server sends none that makes sense.
    public var subnet: IPv4Prefix
    /// Option 54.
    public var server: IPv4Address
    /// Option 3.
    public var routers: [IPv4Address]
    /// Option 6.
    public var nameServers: [IPv4Address]
    /// Option 12.
    public var hostName: String?
    /// Option 15.
    public var domainName: String?
    /// Option 26; `nil` unless at least 576.
    public var mtu: UInt16?
    /// Option 121; where it is present, ``routers`` is to be ignored (RFC 3442).
    public var routes: [Route]
    /// Option 51.
    public var leaseSeconds: UInt32
  }

  /// One classless static route (RFC 3442).
  public struct Route: Hashable, Sendable {
    public var destination: IPv4Prefix
    /// 0.0.0.0: on the link.
    public var router: IPv4Address

    public init(destination: IPv4Prefix, router: IPv4Address) {
      self.destination = destination
      self.router = router
    }
  }

  /// What the caller has to do.
  public enum Action: Hashable, Sendable {
    /// Send to 255.255.255.255:67 from 0.0.0.0:68.
    case broadcast(DHCPPacket)
    /// Send to this server's port 67 from the address that is bound.
    case unicast(DHCPPacket, to: IPv4Address)
    /// Configure the interface; also after a renewal, when something may have changed.
    case bind(Binding)
    /// The address is lost: take it off the interface.
    case unbind(IPv4Address)
  }

  /// Valid transitions: stopped → selecting → requesting → bound ⇄ extending; requesting, extending → selecting when
  /// refused or not answered.
  private enum State: Sendable {
    case stopped
    case selecting(attempt: Int)
    case requesting(Offer, attempt: Int)
    case bound(Lease)
    /// RENEWING before T2, REBINDING after it.
    case extending(Lease)
  }

  private struct Offer: Sendable {
    var address: IPv4Address
    var server: IPv4Address
  }

  private struct Lease: Sendable {
    var binding: Binding
    var renew: ContinuousClock.Instant
    var rebind: ContinuousClock.Instant
    var expire: ContinuousClock.Instant
  }

  /// Options 1, 3, 6, 12, 15, 26, 51, 54, 121. RFC 3442: 121 before 3.
  private static let parameters: [UInt8] = [1, 121, 3, 6, 12, 15, 26, 51, 54]

  /// REQUESTs without an answer before another server is looked for.
  private static let requestAttempts = 4

  public let configuration: Configuration

  /// When ``timerFired(now:using:)`` is due; `nil` before the start.
  public private(set) var deadline: ContinuousClock.Instant?

  /// The address in use.
  public var binding: Binding? {
    switch state {
    case .bound(let lease), .extending(let lease): lease.binding
    case .stopped, .selecting, .requesting: nil
    }
  }

  /// When the address is given up unless it is renewed before.
  public var expiry: ContinuousClock.Instant? {
    switch state {
    case .bound(let lease), .extending(let lease): lease.expire
    case .stopped, .selecting, .requesting: nil
    }
  }

  private var state: State = .stopped
  private var transactionID = TransactionID(rawValue: 0)
  private var began: ContinuousClock.Instant?
  /// When the first REQUEST of the transaction went out: the lease is counted from then (RFC 2131 §4.4.1). Counted from the
  /// ACK it would last longer here than at the server, who may have given the address to the next by then.
  private var requested: ContinuousClock.Instant?

  public init(_ configuration: Configuration) { self.configuration = configuration }

  /// Begins, or begins anew.
  public mutating func start(
    now: ContinuousClock.Instant, using random: inout some RandomNumberGenerator
  ) -> [Action] {
    let lost = binding.map { Action.unbind($0.address) }
    transactionID = TransactionID(rawValue: random.next())
    began = now
    return [lost].compactMap(\.self) + discover(attempt: 0, now: now, using: &random)
  }

  /// Does what is due; nothing before ``deadline``.
  public mutating func timerFired(
    now: ContinuousClock.Instant, using random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard let deadline, now >= deadline else { return [] }
    switch state {
    case .stopped: return []
    case .selecting(let attempt): return discover(attempt: attempt + 1, now: now, using: &random)
    case .requesting(let offer, let attempt):
      guard attempt + 1 < Self.requestAttempts else { return start(now: now, using: &random) }
      return request(offer, attempt: attempt + 1, now: now, using: &random)
    case .bound(let lease):
      transactionID = TransactionID(rawValue: random.next())
      began = now
      requested = now
      return extend(lease, now: now)
    case .extending(let lease):
      return now >= lease.expire ? start(now: now, using: &random) : extend(lease, now: now)
    }
  }

  /// Takes in a message.
  public mutating func receive(
    _ packet: DHCPPacket, now: ContinuousClock.Instant,
    using random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard packet.operation == .reply, packet.transactionID == transactionID,
      packet.clientHardware.mac == configuration.mac
    else { return [] }
    switch (state, packet.messageType) {
    case (.selecting, .offer):
      // A proxy's offer has no address; one without a server cannot be asked for.
      guard !packet.yourAddress.isUnspecified, let server = packet.serverIdentifier else {
        return []
      }
      return request(
        Offer(address: packet.yourAddress, server: server), attempt: 0, now: now, using: &random)
    case (.requesting(let offer, _), .ack):
      guard packet.yourAddress == offer.address, packet.serverIdentifier == offer.server else {
        return []
      }
      return bind(packet, server: offer.server, now: now)
    case (.extending(let lease), .ack):
      guard packet.yourAddress == lease.binding.address else { return [] }
      return bind(packet, server: packet.serverIdentifier ?? lease.binding.server, now: now)
    case (.requesting(let offer, _), .nak):
      return packet.serverIdentifier == offer.server ? start(now: now, using: &random) : []
    case (.extending, .nak): return start(now: now, using: &random)
    default: return []
    }
  }

  // MARK: Steps

  private mutating func discover(
    attempt: Int, now: ContinuousClock.Instant, using random: inout some RandomNumberGenerator
  ) -> [Action] {
    state = .selecting(attempt: attempt)
    deadline = now + Self.pause(attempt, using: &random)
    return [.broadcast(message(.discover, now: now))]
  }

  private mutating func request(
    _ offer: Offer, attempt: Int, now: ContinuousClock.Instant,
    using random: inout some RandomNumberGenerator
  ) -> [Action] {
    state = .requesting(offer, attempt: attempt)
    if attempt == 0 { requested = now }
    deadline = now + Self.pause(attempt, using: &random)
    var packet = message(.request, now: now)
    packet.options.set(.requestedAddress, offer.address)
    packet.options.set(.serverIdentifier, offer.server)
    return [.broadcast(packet)]
  }

  /// RFC 2131 §4.4.5: to the server until T2, to all after it, each time at half of what is left, at least a minute.
  private mutating func extend(_ lease: Lease, now: ContinuousClock.Instant) -> [Action] {
    state = .extending(lease)
    let isRenewing = now < lease.rebind
    let end = isRenewing ? lease.rebind : lease.expire
    deadline = min(end, now + max((end - now) / 2, .seconds(60)))
    var packet = message(.request, now: now)
    packet.clientAddress = lease.binding.address
    packet.isBroadcast = false
    return [isRenewing ? .unicast(packet, to: lease.binding.server) : .broadcast(packet)]
  }

  private mutating func bind(
    _ packet: DHCPPacket, server: IPv4Address, now: ContinuousClock.Instant
  ) -> [Action] {
    let options = packet.options
    let seconds = max(options.uint32(.leaseTime) ?? 3600, 60)
    let length = options.uint32(.subnetMask).map { (~$0).leadingZeroBitCount } ?? 32
    let single = IPv4Prefix(containing: packet.yourAddress, length: 32)
    guard let subnet = IPv4Prefix(containing: packet.yourAddress, length: length) ?? single else {
      return []
    }
    let binding = Binding(
      address: packet.yourAddress, subnet: subnet, server: server,
      routers: options.addresses(.router) ?? [],
      nameServers: options.addresses(.domainNameServer) ?? [], hostName: options.text(.hostName),
      domainName: options.text(.domainName),
      mtu: options.uint16(.interfaceMTU).flatMap { $0 >= 576 ? $0 : nil },
      routes: options[.classlessStaticRoute].map(Self.routes) ?? [], leaseSeconds: seconds)
    // T1 and T2 as the server says them, if they are in order; half and seven eighths if not.
    let rebind =
      options.uint32(.rebindingTime).flatMap { $0 < seconds ? $0 : nil }
      ?? UInt32(UInt64(seconds) * 7 / 8)
    let renew = options.uint32(.renewalTime).flatMap { $0 < rebind ? $0 : nil } ?? rebind / 7 * 4
    let start = requested ?? now
    let lease = Lease(
      binding: binding, renew: start + .seconds(Int64(renew)),
      rebind: start + .seconds(Int64(rebind)),
      expire: start + .seconds(Int64(seconds)))
    state = .bound(lease)
    deadline = lease.renew
    return [.bind(binding)]
  }

  private func message(_ type: MessageType, now: ContinuousClock.Instant) -> DHCPPacket {
    var packet = DHCPPacket(
      operation: .request, clientHardware: HardwareAddress(configuration.mac),
      transactionID: transactionID)
    packet.seconds = UInt16(clamping: began.map { (now - $0).components.seconds } ?? 0)
    packet.isBroadcast = configuration.wantsBroadcast
    packet.options.set(.messageType, type.rawValue)
    // As iPXE does: the same client to servers that key leases by identifier.
    packet.options.set(.clientIdentifier, ClientIdentity(configuration.mac).bytes)
    packet.options.set(.maximumMessageSize, UInt16(1500))
    if let hostName = configuration.hostName { packet.options.set(.hostName, hostName) }
    if let vendorClass = configuration.vendorClass { packet.options.set(.vendorClass, vendorClass) }
    packet.options.set(.parameterRequestList, Self.parameters)
    return packet
  }

  /// RFC 2131 §4.1: doubling pauses with a random second around them. Begun at 2 s, not 4, and held at 16 s, not 64:
  /// a rack that comes up together waits for switch ports, not for a busy server.
  private static func pause(_ attempt: Int, using random: inout some RandomNumberGenerator)
    -> Duration
  {
    .milliseconds(2000 << min(attempt, 3))
      + .milliseconds(Int.random(in: -500...500, using: &random))
  }

  /// Option 121 (RFC 3442): prefix length, as many bytes of the destination as it needs, router; and again. What
  /// follows a malformed entry is left out.
  static func routes(_ value: ArraySlice<UInt8>) -> [Route] {
    var routes = [Route]()
    var rest = value
    while let length = rest.popFirst() {
      let significant = (Int(length) + 7) / 8
      guard length <= 32, rest.count >= significant + 4 else { break }
      let destination = rest.prefix(significant).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      let router = rest.dropFirst(significant).prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      rest = rest.dropFirst(significant + 4)
      let network = significant == 0 ? 0 : destination << UInt32(32 - 8 * significant)
      guard let prefix = IPv4Prefix(containing: IPv4Address(rawValue: network), length: Int(length))
      else { break }
      routes.append(Route(destination: prefix, router: IPv4Address(rawValue: router)))
    }
    return routes
  }
}
