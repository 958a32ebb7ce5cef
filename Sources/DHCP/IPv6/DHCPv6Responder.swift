public import Wire

/// The server's side of DHCPv6 on one link (RFC 8415 §18.3), as much as firmware, iPXE and operating systems need of it:
/// addresses (IA_NA), no prefixes, no reconfiguration, no authentication.
///
/// A message in, a decision out. Leases change only by ``confirm(_:)``: a caller makes the changes of a decision durable,
/// confirms them and sends the reply, in this order, before it asks for the next decision.
public struct DHCPv6Responder: Sendable {
  /// IAs of one message that are looked at: a client has one for each of its interfaces on the link.
  static let associationLimit = 4

  private let configuration: DHCPv6ServerConfiguration
  /// Who has what.
  public private(set) var leases: DHCPv6LeaseTable

  /// - Parameter leases: as they were stored, on any link.
  public init(_ configuration: DHCPv6ServerConfiguration, leases: [DHCPv6Lease] = []) {
    self.configuration = configuration
    self.leases = DHCPv6LeaseTable(configuration, leases: leases)
  }

  /// The changes are durable.
  public mutating func confirm(_ changes: [DHCPv6LeaseChange]) { leases.apply(changes) }

  /// What a message calls for.
  /// - Parameters:
  ///   - client: the boot client that sent it, if one did.
  ///   - boot: what that is to boot.
  public mutating func decide(
    _ packet: DHCPv6Packet, from client: DHCPv6BootClient?, arrival: DHCPv6Arrival, boot: DHCPv6BootReply,
    now: Timestamp
  ) -> DHCPv6Decision {
    if let reason = unfit(packet, arrival) { return .ignore(reason) }
    let associations: [IdentityAssociation]
    do {
      associations = try packet.identityAssociations()
    } catch {
      return .ignore(.malformed)
    }
    let exchange = Exchange(
      packet: packet, client: client, arrival: arrival, boot: boot,
      associations: Array(associations.prefix(Self.associationLimit)), now: now)
    if !arrival.isMulticast { return .reply(exchange.reply(from: configuration, status: .useMulticast)) }
    switch packet.type {
    case .solicit where packet.options.contains(.rapidCommit): return bind(exchange)
    case .solicit: return advertise(exchange)
    case .request: return bind(exchange)
    case .renew, .rebind: return extend(exchange)
    case .confirm: return self.check(exchange)
    case .release, .decline: return giveUp(exchange)
    case .informationRequest: return .reply(exchange.reply(from: configuration))
    default: return .ignore(.notForServers)
    }
  }

  /// RFC 8415 §16: what a message must have and must not, and §18.4: which may come by unicast (to be told not to).
  private func unfit(_ packet: DHCPv6Packet, _ arrival: DHCPv6Arrival) -> DHCPv6IgnoreReason? {
    let server = packet.serverIdentifier
    if packet.options.contains(.serverIdentifier), server == nil { return .malformed }
    if packet.options.contains(.clientIdentifier), packet.clientIdentifier == nil { return .malformed }
    switch packet.type {
    case .solicit, .confirm, .rebind:
      guard packet.clientIdentifier != nil, server == nil else { return .malformed }
      return arrival.isMulticast ? nil : .unicast
    case .request, .renew, .release, .decline:
      guard packet.clientIdentifier != nil, let server else { return .malformed }
      return server == configuration.serverIdentifier ? nil : .otherServer
    case .informationRequest:
      guard !packet.options.contains(.identityAssociation) else { return .malformed }
      guard server == nil || server == configuration.serverIdentifier else { return .otherServer }
      return arrival.isMulticast ? nil : .unicast
    default: return .notForServers
    }
  }
}

// MARK: Addresses

extension DHCPv6Responder {
  /// One message and what belongs to it.
  fileprivate struct Exchange {
    var packet: DHCPv6Packet
    var client: DHCPv6BootClient?
    var arrival: DHCPv6Arrival
    var boot: DHCPv6BootReply
    var associations: [IdentityAssociation]
    var now: Timestamp

    /// The card's address: of the message's source, else of its DUID.
    var mac: MACAddress? { arrival.hardwareAddress ?? packet.clientIdentifier?.hardwareAddress }

    /// Whose an IA is. A card has one lease, so that the second IA from the same is its client's own affair; `nil` then.
    func identity(of index: Int) -> DHCPv6Identity? {
      if let mac = arrival.hardwareAddress { return index == 0 ? .card(mac) : nil }
      return packet.clientIdentifier.map { .association($0, associations[index].identifier) }
    }
  }

  /// RFC 8415 §18.3.9: what a REQUEST would get. Nothing is kept of it but that the address is not offered to others.
  private mutating func advertise(_ exchange: Exchange) -> DHCPv6Decision {
    var given: [IdentityAssociation] = []
    for (index, association) in exchange.associations.enumerated() {
      let wish = association.addresses.first?.address
      guard let identity = exchange.identity(of: index),
        let address = leases.choose(for: identity, mac: exchange.mac, wish: wish, now: exchange.now)
      else { continue }
      leases.offer(address, to: identity, now: exchange.now)
      given.append(assigned(address, to: association))
    }
    if given.isEmpty, !exchange.associations.isEmpty {
      return .reply(exchange.reply(from: configuration, status: .noAddressesAvailable))
    }
    return .reply(exchange.reply(from: configuration, associations: given))
  }

  /// RFC 8415 §18.3.2, and §18.3.1 with rapid commit.
  private mutating func bind(_ exchange: Exchange) -> DHCPv6Decision {
    var given: [IdentityAssociation] = []
    var bound: [(address: IPv6Address, client: DHCPv6Identity, hostName: String?)] = []
    for (index, association) in exchange.associations.enumerated() {
      let wish = association.addresses.first?.address
      guard let identity = exchange.identity(of: index),
        let address = leases.choose(for: identity, mac: exchange.mac, wish: wish, now: exchange.now)
      else {
        given.append(IdentityAssociation(identifier: association.identifier, status: .noAddressesAvailable))
        continue
      }
      // Else two IAs of one message could be given the same.
      leases.offer(address, to: identity, now: exchange.now)
      bound.append((address, identity, exchange.packet.hostName))
      given.append(assigned(address, to: association))
    }
    let changes = leases.binding(bound, now: exchange.now)
    let reply = exchange.reply(from: configuration, type: .reply, associations: given)
    return changes.isEmpty ? .reply(reply) : .commit(changes, then: reply)
  }

  /// RFC 8415 §18.3.4 and §18.3.5.
  private func extend(_ exchange: Exchange) -> DHCPv6Decision {
    var given: [IdentityAssociation] = []
    var bound: [(address: IPv6Address, client: DHCPv6Identity, hostName: String?)] = []
    for (index, association) in exchange.associations.enumerated() {
      guard let identity = exchange.identity(of: index), let lease = leases.lease(of: identity, at: exchange.now) else {
        // Another server may know it.
        if exchange.packet.type == .rebind { continue }
        given.append(IdentityAssociation(identifier: association.identifier, status: .noBinding))
        continue
      }
      var extended = assigned(lease.address, to: association)
      // What it has besides is not its own any more (lifetimes of 0 say so).
      extended.addresses += association.addresses.map(\.address).filter { $0 != lease.address }.prefix(4)
        .map { IdentityAssociation.Address($0, preferredSeconds: 0, validSeconds: 0) }
      given.append(extended)
      bound.append((lease.address, identity, exchange.packet.hostName ?? lease.hostName))
    }
    guard !given.isEmpty else { return .ignore(.unknownLease) }
    let changes = leases.binding(bound, now: exchange.now)
    let reply = exchange.reply(from: configuration, associations: given)
    return changes.isEmpty ? .reply(reply) : .commit(changes, then: reply)
  }

  /// RFC 8415 §18.3.3: whether the client is still on the link that its addresses are of.
  private func check(_ exchange: Exchange) -> DHCPv6Decision {
    let addresses = exchange.associations.flatMap(\.addresses)
    guard !addresses.isEmpty else { return .ignore(.malformed) }
    let isOnLink = addresses.allSatisfy { configuration.prefix.contains($0.address) }
    return .reply(exchange.reply(from: configuration, status: isOnLink ? .success : .notOnLink))
  }

  /// RFC 8415 §18.3.7 and §18.3.8: only who has an address gives it up.
  private func giveUp(_ exchange: Exchange) -> DHCPv6Decision {
    var (unknown, changes): ([IdentityAssociation], [DHCPv6LeaseChange]) = ([], [])
    for (index, association) in exchange.associations.enumerated() {
      guard let identity = exchange.identity(of: index), let lease = leases.lease(of: identity, at: exchange.now),
        association.addresses.contains(where: { $0.address == lease.address })
      else {
        unknown.append(IdentityAssociation(identifier: association.identifier, status: .noBinding))
        continue
      }
      if exchange.packet.type == .release {
        changes.append(.remove(lease.address))
      } else {
        var declined = lease
        declined.state = .declined
        declined.expires = exchange.now.advanced(bySeconds: DHCPv6LeaseTable.declinedSeconds)
        changes.append(.put(declined))
      }
    }
    let reply = exchange.reply(from: configuration, associations: unknown, status: .success)
    return changes.isEmpty ? .reply(reply) : .commit(changes, then: reply)
  }

  /// RFC 8415 §21.4: T1 and T2 as 0.5 and 0.8 of the shortest preferred lifetime.
  private func assigned(_ address: IPv6Address, to association: IdentityAssociation) -> IdentityAssociation {
    let seconds = configuration.leaseSeconds
    var given = IdentityAssociation(
      identifier: association.identifier,
      addresses: [.init(address, preferredSeconds: seconds, validSeconds: seconds)])
    given.renewSeconds = seconds / 2
    given.rebindSeconds = UInt32(UInt64(seconds) * 4 / 5)
    return given
  }
}

// MARK: Replies

extension DHCPv6Responder.Exchange {
  /// The answer to the message: who asks, who answers, and what else it is to know.
  /// - Parameter type: ADVERTISE to SOLICIT and REPLY to all else when `nil`.
  fileprivate func reply(
    from configuration: DHCPv6ServerConfiguration, type: DHCPv6MessageType? = nil,
    associations: [IdentityAssociation] = [], status: DHCPv6Status? = nil
  ) -> DHCPv6Packet {
    let type = type ?? (packet.type == .solicit ? .advertise : .reply)
    var options = DHCPv6Options()
    if let identifier = packet.options[.clientIdentifier] { options.append(.clientIdentifier, identifier) }
    options.append(.serverIdentifier, configuration.serverIdentifier.bytes)
    if packet.type == .solicit, type == .reply { options.append(.rapidCommit, []) }
    for association in associations { options.append(.identityAssociation, association.bytes) }
    if let status { options.append(.statusCode, status.bytes) }
    if status == nil { addConfiguration(configuration, type, to: &options) }
    return DHCPv6Packet(type: type, transactionID: packet.transactionID, options: options)
  }

  private func addConfiguration(
    _ configuration: DHCPv6ServerConfiguration, _ type: DHCPv6MessageType, to options: inout DHCPv6Options
  ) {
    // RFC 8415 §18.2.1: otherwise the client waits for others for a second.
    if type == .advertise, boot.url != nil { options.append(.preference, [255]) }
    if packet.requests(.nameServers), !configuration.nameServers.isEmpty {
      options.append(.nameServers, configuration.nameServers.flatMap(\.bytes))
    }
    if packet.requests(.domainSearchList), let name = configuration.domainName.flatMap({ DomainName.bytes(of: $0) }) {
      options.append(.domainSearchList, name)
    }
    guard let client, let url = boot.url else { return }
    options.append(.bootFileURL, Array(url.utf8))
    if !boot.parameters.isEmpty {
      options.append(.bootFileParameters, DHCPv6Options.bytes(ofStrings: boot.parameters.map { Array($0.utf8) }))
    }
    // UEFI 2.10 §24.7.2.2: an HTTP client takes no offer without its own class. PXE knows the option too, but EDK2 then
    // wants a boot server discovered, so that firmware that boots by PXE is not given it.
    if client.isHTTP, !client.isIPXE {
      var value: [UInt8] = []
      value.append(bigEndian: DHCPv6BootClient.enterprise)
      options.append(.vendorClass, value + DHCPv6Options.bytes(ofStrings: [Array("HTTPClient".utf8)]))
    }
  }
}
