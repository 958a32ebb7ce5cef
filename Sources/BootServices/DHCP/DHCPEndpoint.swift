package import BareMetal
package import DHCP
package import Logging
package import Wire

/// One interface's DHCP without its wire: frames in, frames out, and the changes that must be durable in between.
///
/// Everything is decided here, in one place and one call at a time, so that it runs the same on a link's thread and in
/// a simulation.
package struct DHCPEndpoint {
  /// Changes that wait for the disk at most: four racks powered on at once. A client whose message is dropped beyond it
  /// asks again after some seconds.
  package static let waitingLimit = 4096

  /// A change that is not yet durable, and what follows when it is.
  package struct Waiting {
    package var change: DHCP.LeaseChange
    package var reply: Reply?
    /// Whose change it is: an index of the endpoint's networks.
    fileprivate(set) var network = 0
    /// Who else waits for it, and is told whether it is durable.
    fileprivate(set) var told: (@Sendable (Bool) -> Void)?
  }

  /// A reply as it will be sent, and what to tell of it.
  package struct Reply {
    package var frame: [UInt8]
    package var type: MessageType?
    package var occurrence: BootOccurrence?
    package var subject: BootSubject
  }

  /// Where frames are heard, as the link has it.
  package struct Station {
    package var mac: MACAddress
    /// Every address of the interface, and its networks' broadcast addresses.
    package var addresses: Set<IPv4Address>
    package var broadcasts: Set<IPv4Address>

    package init(mac: MACAddress, addresses: Set<IPv4Address>, broadcasts: Set<IPv4Address>) {
      self.mac = mac
      self.addresses = addresses
      self.broadcasts = broadcasts
    }
  }

  /// A network that is answered.
  private struct Network {
    /// `nil`: the interface's own, which everybody is in who is in no other.
    var subnet: IPv4Prefix?
    var address: IPv4Address
    var bootAddress: IPv4Address
  }

  private let configuration: DHCPServiceConfiguration
  private let station: Station
  private let planner: BootPlanner
  private let events: any BootEventSink
  private let counters: DHCPCounters
  private let logger: Logger
  /// The interface's own first, then those behind relay agents.
  private let networks: [Network]
  /// One for each of the networks.
  private var responders: [DHCPResponder]

  private var prober = AddressProber()
  private var conflicts = RareNews<IPv4Address>()

  /// `nil`: none is too loud.
  private var rateLimiter: ClientRateLimiter?

  private var foreignServers = RareNews<IPv4Address>()
  private var loudClients = RareNews<HardwareAddress>()
  private var refusedMachines = RareNews<MACAddress>()

  /// Decided, not yet taken to the store.
  package private(set) var waiting: [Waiting] = []

  /// - Parameter leases: as they were stored, in any network.
  package init(
    _ configuration: DHCPServiceConfiguration, at station: Station, leases: [DHCPLease] = [], planner: BootPlanner,
    events: any BootEventSink, counters: DHCPCounters, logger: Logger
  ) {
    self.configuration = configuration
    self.station = station
    networks =
      [Network(address: configuration.address, bootAddress: configuration.bootAddress)]
      + configuration.relayed.map { Network(subnet: $0.subnet, address: $0.address, bootAddress: $0.bootAddress) }
    let served =
      [(configuration.mode, configuration.clients)] + configuration.relayed.map { ($0.mode, $0.clients) }
    responders = served.map { mode, clients in
      guard case .server(var server) = mode else { return DHCPResponder(mode: mode, clients: clients) }
      server.excluded.formUnion(station.addresses)
      return DHCPResponder(
        mode: .server(server), clients: clients, leases: leases.filter { server.subnet.contains($0.address) })
    }
    rateLimiter = configuration.clientRate.map { ClientRateLimiter($0) }
    self.planner = planner
    self.events = events
    self.counters = counters
    self.logger = logger
  }

  /// Takes one frame; a reply that needs nothing durable is sent at once.
  package mutating func receive(_ bytes: Span<UInt8>, now: Timestamp, send: (Span<UInt8>) -> Void) {
    if ARPFrame.isARP(bytes) { return hear(bytes, now: now, send: send) }
    let frame: UDPFrame
    let payload: Range<Int>
    do {
      (frame, payload) = try UDPFrame.parse(bytes)
    } catch {
      return counters.dropped(.badFrame)
    }
    if frame.destinationPort == DHCPPort.client {
      return overhear(bytes.extracting(payload), in: frame, now: now)
    }
    guard isForUs(frame) else { return counters.dropped(.notForUs) }
    let packet: DHCPPacket
    do {
      packet = try DHCPPacket(parsing: bytes.extracting(payload))
    } catch {
      logger.debug(
        "malformed DHCP message", metadata: ["mac": "\(frame.sourceMAC)", "error": "\(error)"])
      return counters.dropped(.malformed)
    }
    counters.received(packet.messageType)
    guard rateLimiter?.admits(packet, now: now) ?? true else { return silence(packet, in: frame, now: now) }
    decide(packet, in: frame, now: now, send: send)
  }

  /// The leases of the interface's own network; `nil` in proxy mode.
  package var leases: LeaseTable? { responders.first?.leases }

  /// The changes that wait now, to be made durable as one.
  package mutating func takeWaiting() -> [Waiting] {
    let taken = waiting
    waiting = []
    return taken
  }

  /// The store has them: every client is told.
  package mutating func committed(_ batch: [Waiting], send: (Span<UInt8>) -> Void) {
    for item in batch { responders[item.network].confirm(item.change) }
    for item in batch {
      if let reply = item.reply { deliver(reply, send) }
      item.told?(true)
    }
  }

  /// The store failed: nobody is told anything, and all is as before.
  package mutating func failed(_ batch: [Waiting]) {
    for item in batch {
      responders[item.network].reject(item.change)
      item.told?(false)
    }
  }

  /// A unicast address of ours is enough: a bridge takes another hardware address when a port joins, and frames sent to
  /// the new one are as much ours.
  private func isForUs(_ frame: UDPFrame) -> Bool {
    if station.addresses.contains(frame.destination) { return true }
    return (frame.destination == .broadcast || station.broadcasts.contains(frame.destination))
      && (frame.destinationMAC == .broadcast || frame.destinationMAC == station.mac)
  }

  private mutating func decide(
    _ packet: DHCPPacket, in frame: UDPFrame, attempt: Int? = nil, now: Timestamp, send: (Span<UInt8>) -> Void
  ) {
    let client = PXEClient(packet)
    let index = network(of: packet, from: frame.source)
    let network = networks[index]
    let plan = client.map { whatBoots($0, in: network) }
    let boot = plan?.reply ?? .none
    let arrival = DHCPArrival(
      serverAddress: network.address, source: frame.source, sourcePort: frame.sourcePort,
      destinationPort: frame.destinationPort, isUnicast: station.addresses.contains(frame.destination))
    if let client, packet.messageType == .discover, attempt == nil {
      discovered(client, packet, plan?.refusal, now: now)
    }

    switch responders[index].decide(packet, from: client, arrival: arrival, boot: boot, now: now) {
    case .ignore(let reason):
      counters.ignored(reason)
      ignored(packet, from: client, reason)
    case .reply(let answer):
      guard let reply = framed(answer, to: packet, from: client, boot, frame, in: network) else { return }
      deliver(reply, send)
    case .commit(let change, then: let answer):
      guard waiting.count < Self.waitingLimit else {
        responders[index].reject(change)
        return counters.dropped(.overload)
      }
      let follow = answer.flatMap { framed($0, to: packet, from: client, boot, frame, in: network) }
      waiting.append(Waiting(change: change, reply: follow, network: index))
    case .probe(let probe):
      let question = AddressProber.Question(probe, for: packet, in: frame, network: index, attempt: attempt ?? 0)
      ask(question, now: now, send: send)
    }
  }

  /// The network that a client is in: what its relay agent says, else the address that it has and speaks from.
  private func network(of packet: DHCPPacket, from source: IPv4Address) -> Int {
    let address = packet.relayedLink ?? (packet.clientAddress.isUnspecified ? source : packet.clientAddress)
    return networks.firstIndex { $0.subnet?.contains(address) ?? false } ?? 0
  }

  private func whatBoots(_ client: PXEClient, in network: Network) -> (reply: DHCPBootReply, refusal: String?) {
    guard let request = client.bootRequest else {
      return (.none, "nothing boots on architecture \(client.architecture)")
    }
    let plan = planner.plan(request, context: BootContext())
    let reply = plan.reply(to: request, from: network.bootAddress, httpPort: configuration.httpPort)
    return (reply, reply == .none ? plan.reason : nil)
  }

  /// The reply in its frame; `nil` when it fits none.
  private func framed(
    _ answer: DHCPReply, to packet: DHCPPacket, from client: PXEClient?, _ boot: DHCPBootReply, _ arrived: UDPFrame,
    in network: Network
  ) -> Reply? {
    let (mac, address): (MACAddress, IPv4Address) =
      switch answer.destination {
      case .broadcast: (.broadcast, .broadcast)
      case .unicastHardware(let address, let mac): (mac, address)
      case .unicastToClient(let address), .relay(let address): (arrived.sourceMAC, address)
      }
    var payload = [UInt8]()
    answer.packet.serialize(into: &payload)
    var bytes = [UInt8]()
    do {
      try UDPFrame(
        destinationMAC: mac, sourceMAC: station.mac, source: network.address, destination: address,
        sourcePort: answer.sourcePort, destinationPort: answer.destinationPort
      ).serialize(payload: payload.span, into: &bytes)
    } catch {
      counters.sendFailed()
      return nil
    }
    let type = answer.packet.messageType
    return Reply(
      frame: bytes, type: type, occurrence: occurrence(type, answer.packet, boot.summary, client),
      subject: subject(packet, client, has: type == .ack ? answer.packet : nil))
  }

  private func deliver(_ reply: Reply, _ send: (Span<UInt8>) -> Void) {
    send(reply.frame.span)
    counters.sent(reply.type)
    if let occurrence = reply.occurrence { events.report(occurrence, of: reply.subject) }
  }
}

// MARK: Leases of other servers

extension DHCPEndpoint {
  /// Takes leases over; the order is told of each when the disk has it.
  mutating func adopt(_ order: AdoptionOrder, now: Timestamp) {
    for (index, lease) in order.leases.enumerated() {
      let network = responders.firstIndex { responder in
        guard case .server(let server) = responder.mode else { return false }
        return server.subnet.contains(lease.address)
      }
      guard let network else {
        order.settle(index, refusal: LeaseRefusal.notServed.description)
        continue
      }
      guard waiting.count < Self.waitingLimit else {
        order.settle(index, refusal: LeaseRefusal.busy.description)
        continue
      }
      do throws(LeaseRefusal) {
        let change = try responders[network].adopt(lease, now: now)
        waiting.append(
          Waiting(
            change: change, reply: nil, network: network,
            told: { order.settle(index, refusal: $0 ? nil : "it could not be stored") }))
      } catch {
        order.settle(index, refusal: error.description)
      }
    }
  }
}

// MARK: Addresses that somebody may have

extension DHCPEndpoint {
  /// Does what is due. Call it after frames were received, and when ``patience(now:)`` is over.
  package mutating func turn(now: Timestamp, send: (Span<UInt8>) -> Void) {
    guard prober.count > 0 else { return }
    let (unanswered, again) = prober.turn(now: now)
    for address in again { sendProbe(for: address, send) }
    for question in unanswered where responders[question.network].prove(question.probe) {
      decide(question.packet, in: question.frame, attempt: question.attempt, now: now, send: send)
    }
  }

  /// Milliseconds until something is due; `nil` when nothing is.
  package func patience(now: Timestamp) -> Int64? { prober.patience(now: now) }

  /// Questions that wait for an answer.
  package var probing: Int { prober.count }

  private mutating func ask(_ question: AddressProber.Question, now: Timestamp, send: (Span<UInt8>) -> Void) {
    guard question.attempt < AddressProber.attempts else { return }
    switch prober.begin(question, now: now) {
    case .ask:
      counters.probed()
      sendProbe(for: question.probe.address, send)
    case .isOut: break
    case .tooMany:
      counters.offeredUnprobed()
      guard responders[question.network].prove(question.probe) else { return }
      decide(question.packet, in: question.frame, attempt: question.attempt, now: now, send: send)
    }
  }

  private func sendProbe(for address: IPv4Address, _ send: (Span<UInt8>) -> Void) {
    var bytes = [UInt8]()
    bytes.reserveCapacity(42)
    ARPFrame.probe(for: address, from: station.mac).serialize(into: &bytes)
    send(bytes.span)
  }

  /// Takes an ARP frame: somebody says which address it has.
  private mutating func hear(_ bytes: Span<UInt8>, now: Timestamp, send: (Span<UInt8>) -> Void) {
    guard prober.count > 0, let arp = ARPFrame(parsing: bytes), arp.senderMAC != station.mac else { return }
    switch prober.hear(arp.senderAddress, from: arp.senderMAC, now: now) {
    case .none: break
    case .proxy(isNews: true):
      logger.warning(
        "a station answers ARP for many addresses (proxy ARP?) and is not believed",
        metadata: ["mac": "\(arp.senderMAC)", "address": "\(arp.senderAddress)"])
    case .proxy(isNews: false): break
    case .taken(let question): avoid(question, holder: arp.senderMAC, now: now, send: send)
    }
  }

  /// Leaves an address to who has it, and looks for another for the client.
  private mutating func avoid(
    _ question: AddressProber.Question, holder: MACAddress, now: Timestamp, send: (Span<UInt8>) -> Void
  ) {
    let address = question.probe.address
    counters.foundConflict()
    if conflicts.isNews(address, now: now) {
      logger.warning(
        "an address of the pool is somebody's who has no lease: it rests",
        metadata: ["address": "\(address)", "holder": "\(holder)", "client": "\(question.probe.mac)"])
    }
    events.report(
      .addressInUse(address: address, by: holder),
      of: BootSubject(mac: question.probe.mac, uuid: PXEClient(question.packet)?.uuid))
    if let change = responders[question.network].refute(question.probe, holder: holder, now: now) {
      if waiting.count < Self.waitingLimit {
        waiting.append(Waiting(change: change, reply: nil, network: question.network))
      } else {
        responders[question.network].reject(change)
        return counters.dropped(.overload)
      }
    }
    decide(question.packet, in: question.frame, attempt: question.attempt + 1, now: now, send: send)
  }
}

// MARK: Other servers

extension DHCPEndpoint {
  /// Takes what another server answers a client of the segment. It is no fault of a message that nobody sent to us.
  ///
  /// A second server of addresses beside ours gives machines away, or lets them have an address twice; a second boot server
  /// boots them from elsewhere. The server of addresses beside our proxy is who we are there for.
  private mutating func overhear(_ payload: Span<UInt8>, in frame: UDPFrame, now: Timestamp) {
    guard let packet = try? DHCPPacket(parsing: payload), packet.operation == .reply,
      packet.messageType == .offer || packet.messageType == .ack
    else { return }
    let server = packet.serverIdentifier ?? frame.source
    guard !station.addresses.contains(server), !station.addresses.contains(frame.source) else { return }
    let name = packet.options.text(.bootFileName) ?? String(decoding: packet.bootFile, as: UTF8.self)
    let boots = !name.isEmpty || packet.options.text(.vendorClass) == "PXEClient"
    guard configuration.mode != .proxy || boots else { return }
    counters.heardForeignServer()
    guard foreignServers.isNews(server, now: now) else { return }
    let address = packet.yourAddress.isUnspecified ? nil : IPAddress.v4(packet.yourAddress)
    let occurrence = BootOccurrence.answeredElsewhere(
      server: server, mac: frame.sourceMAC, address: address, boot: boots && !name.isEmpty ? name : nil)
    events.report(occurrence, of: BootSubject(mac: packet.clientHardware.mac))
    logger.warning(
      "another server answers DHCP here",
      metadata: [
        "server": "\(server)", "serverMAC": "\(frame.sourceMAC)",
        "client": "\(packet.clientHardware.mac?.description ?? "")",
        "gives": "\(address?.description ?? "no address")", "boots": "\(name)",
      ])
  }
}

// MARK: What is told of it

extension DHCPEndpoint {
  /// A client says too much. It is told of once, so that the telling keeps nobody busy either.
  private mutating func silence(_ packet: DHCPPacket, in frame: UDPFrame, now: Timestamp) {
    counters.ignored(.tooManyMessages)
    guard let rate = configuration.clientRate, loudClients.isNews(packet.clientHardware, now: now) else { return }
    let mac = packet.clientHardware.mac
    let reason = "it sends more than \(rate.perSecond) DHCP messages a second, which are ignored"
    if let mac { events.report(.refused(reason: reason), of: BootSubject(mac: mac)) }
    logger.warning(
      "a client sends too many DHCP messages",
      metadata: [
        "mac": "\(mac?.description ?? "none")", "sourceMAC": "\(frame.sourceMAC)", "perSecond": "\(rate.perSecond)",
        "type": "\(packet.messageType?.description ?? "none")",
      ])
  }

  private mutating func discovered(_ client: PXEClient, _ packet: DHCPPacket, _ refusal: String?, now: Timestamp) {
    let subject = BootSubject(mac: client.mac, uuid: client.uuid)
    events.report(.discovered(client: client.summary), of: subject)
    if let refusal {
      events.report(.refused(reason: refusal), of: subject)
      if refusedMachines.isNews(client.mac, now: now) {
        logger.warning(
          "nothing to boot for a machine",
          metadata: [
            "mac": "\(client.mac)", "uuid": "\(client.uuid?.description ?? "")", "client": "\(client.summary)",
            "reason": "\(refusal)",
          ])
      }
    }
    logger.debug(
      "network boot client",
      metadata: ["mac": "\(client.mac)", "xid": "\(packet.transactionID)", "client": "\(client.summary)"])
  }

  private func ignored(_ packet: DHCPPacket, from client: PXEClient?, _ reason: DHCPIgnoreReason) {
    logger.debug(
      "DHCP message ignored",
      metadata: [
        "mac": "\(packet.clientHardware.mac?.description ?? "none")", "xid": "\(packet.transactionID)",
        "type": "\(packet.messageType?.description ?? "none")", "reason": "\(reason.rawValue)",
      ])
    guard let client else { return }
    let subject = BootSubject(mac: client.mac, uuid: client.uuid)
    switch reason {
    case .notAllowed: events.report(.refused(reason: "it is none of the machines that are served here"), of: subject)
    case .noFreeAddress:
      let place = packet.relayAgent.isUnspecified ? "on \(configuration.interface)" : "behind \(packet.relayAgent)"
      events.report(.refused(reason: "no address is free \(place)"), of: subject)
    case .otherSubnet where packet.relayedLink != nil:
      let reason = "the network of its relay agent \(packet.relayAgent) is not configured on \(configuration.interface)"
      events.report(.refused(reason: reason), of: subject)
    case .leftToServer, .otherServer:
      // The only time that a proxy hears which address the machine has.
      guard packet.messageType == .request, let address = packet.requestedAddress, let server = packet.serverIdentifier
      else { return }
      events.report(
        .addressTaken(address: address, server: server),
        of: BootSubject(mac: client.mac, uuid: client.uuid, address: .v4(address)))
    default: break
    }
  }

  /// Offers and refusals matter of machines that boot, an address given matters of every machine.
  private func occurrence(
    _ type: MessageType?, _ reply: DHCPPacket, _ boot: String?, _ client: PXEClient?
  ) -> BootOccurrence? {
    let address = reply.yourAddress.isUnspecified ? nil : IPAddress.v4(reply.yourAddress)
    return switch type {
    case .offer: client == nil ? nil : .offered(address: address, boot: boot)
    case .ack: client == nil && address == nil ? nil : .acknowledged(address: address, boot: boot)
    case .nak: client == nil ? nil : .refused(reason: "it asks for an address that is not its own here")
    default: nil
    }
  }

  private func subject(_ packet: DHCPPacket, _ client: PXEClient?, has reply: DHCPPacket?) -> BootSubject {
    let address = [reply?.yourAddress, packet.clientAddress].compactMap { $0 }.first { !$0.isUnspecified }
    return BootSubject(
      mac: client?.mac ?? packet.clientHardware.mac, uuid: client?.uuid, address: address.map { .v4($0) })
  }
}
