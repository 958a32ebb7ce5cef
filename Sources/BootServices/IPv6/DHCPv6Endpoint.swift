package import BareMetal
package import DHCP
package import Logging
package import Wire

/// One interface's DHCPv6 without its socket: messages in, answers out, and the changes that must be durable in between.
package struct DHCPv6Endpoint {
  /// What is to be done for a message.
  package struct Answer {
    /// To be made durable first.
    package var changes: [DHCPv6LeaseChange]
    /// To be sent to whoever asked.
    package var bytes: [UInt8]
    fileprivate var type: DHCPv6MessageType
    fileprivate var occurrence: BootOccurrence?
    fileprivate var subject: BootSubject
  }

  private let configuration: DHCPv6ServiceConfiguration
  private let planner: BootPlanner
  private let events: any BootEventSink
  private let counters: DHCPv6Counters
  private let logger: Logger
  private var responder: DHCPv6Responder
  private var refusedMachines = RareNews<MACAddress?>()

  /// - Parameter leases: as they were stored, on any link.
  package init(
    _ configuration: DHCPv6ServiceConfiguration, leases: [DHCPv6Lease] = [], planner: BootPlanner,
    events: any BootEventSink, counters: DHCPv6Counters, logger: Logger
  ) {
    self.configuration = configuration
    self.planner = planner
    self.events = events
    self.counters = counters
    self.logger = logger
    responder = DHCPv6Responder(configuration.server, leases: leases)
  }

  /// Takes one message.
  /// - Returns: `nil` where it gets no answer.
  package mutating func receive(_ bytes: Span<UInt8>, _ arrival: DHCPv6Arrival, now: Timestamp) -> Answer? {
    let packet: DHCPv6Packet
    do {
      packet = try DHCPv6Packet(parsing: bytes)
    } catch {
      logger.debug("malformed DHCPv6 message", metadata: ["source": "\(arrival.source)", "error": "\(error)"])
      counters.malformed()
      return nil
    }
    counters.received(packet.type)
    let mac = arrival.hardwareAddress ?? packet.clientIdentifier?.hardwareAddress
    let client = DHCPv6BootClient(packet, mac: mac)
    let boot = client.map { whatBoots($0) }
    let subject = BootSubject(mac: mac, uuid: client?.uuid)
    if let client, packet.type == .solicit || packet.type == .informationRequest {
      events.report(.discovered(client: client.summary), of: subject)
      if let refusal = boot?.refusal {
        events.report(.refused(reason: refusal), of: subject)
        if refusedMachines.isNews(mac, now: now) {
          logger.warning(
            "nothing to boot for a machine",
            metadata: [
              "mac": "\(mac?.description ?? "")", "uuid": "\(client.uuid?.description ?? "")",
              "client": "\(client.summary)", "reason": "\(refusal)",
            ])
        }
      }
    }
    let decision = responder.decide(packet, from: client, arrival: arrival, boot: boot?.reply ?? .none, now: now)
    switch decision {
    case .ignore(let reason):
      counters.ignored(reason)
      logger.debug(
        "DHCPv6 message ignored",
        metadata: ["source": "\(arrival.source)", "type": "\(packet.type)", "reason": "\(reason.rawValue)"])
      return nil
    case .reply(let reply): return answer(reply, to: packet, [], boot?.reply.url, subject)
    case .commit(let changes, then: let reply): return answer(reply, to: packet, changes, boot?.reply.url, subject)
    }
  }

  /// The store has an answer's changes.
  package mutating func committed(_ answer: Answer) {
    responder.confirm(answer.changes)
    counters.committed(answer.changes.count)
  }

  /// It went out.
  package func sent(_ answer: Answer) {
    counters.sent(answer.type)
    if let occurrence = answer.occurrence { events.report(occurrence, of: answer.subject) }
  }

  private func whatBoots(_ client: DHCPv6BootClient) -> (reply: DHCPv6BootReply, refusal: String?) {
    guard let request = client.bootRequest else {
      return (.none, "nothing boots on architecture \(client.architecture)")
    }
    let plan = planner.plan(request, context: BootContext())
    let reply = plan.reply(to: request, from: configuration.bootAddress, httpPort: configuration.httpPort)
    return (reply, reply == .none ? plan.reason : nil)
  }

  private func answer(
    _ reply: DHCPv6Packet, to packet: DHCPv6Packet, _ changes: [DHCPv6LeaseChange], _ boot: String?,
    _ subject: BootSubject
  ) -> Answer {
    var bytes: [UInt8] = []
    reply.serialize(into: &bytes)
    let given = try? reply.identityAssociations()
    let address = given?.lazy.flatMap(\.addresses).first?.address
    var subject = subject
    if reply.type == .reply { subject.address = address.map { .v6($0) } }
    return Answer(
      changes: changes, bytes: bytes, type: reply.type,
      occurrence: occurrence(reply, to: packet, address.map { .v6($0) }, boot), subject: subject)
  }

  private func occurrence(
    _ reply: DHCPv6Packet, to packet: DHCPv6Packet, _ address: IPAddress?, _ boot: String?
  ) -> BootOccurrence? {
    switch packet.type {
    case .solicit where reply.type == .advertise && reply.options.contains(.statusCode):
      .refused(reason: "no IPv6 address is free on \(configuration.interface)")
    case .solicit where reply.type == .advertise: .offered(address: address, boot: boot)
    case .solicit, .request, .renew, .rebind: address == nil ? nil : .acknowledged(address: address, boot: boot)
    case .informationRequest: boot == nil ? nil : .acknowledged(address: nil, boot: boot)
    default: nil
    }
  }
}
