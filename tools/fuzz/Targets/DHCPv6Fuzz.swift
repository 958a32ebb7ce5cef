import Wire

@testable import DHCP

/// Messages to a DHCPv6 server, each followed by a byte for how it came.
@Sendable func feedDHCPv6(_ bytes: [UInt8]) {
  var script = FuzzScript(bytes)
  guard let prefix = IPv6Prefix("fd77::/64"), let ours = IPv6Address("fd77::1"),
    let first = IPv6Address("fd77::1000"), let last = IPv6Address("fd77::1003"),
    let identifier = DUID(bytes: [0, 4] + [UInt8](repeating: 7, count: 16))
  else { return }
  var configuration = DHCPv6ServerConfiguration(serverIdentifier: identifier, prefix: prefix, pools: [first...last])
  configuration.excluded = [ours]
  configuration.domainName = "lab.test"
  var responder = DHCPv6Responder(configuration)
  var now = Timestamp(seconds: 1_800_000_000)
  var owners: [IPv6Address: (client: [UInt8], until: Timestamp)] = [:]
  while !script.isEmpty {
    let message = script.message()
    let how = script.byte()
    now = now.advanced(bySeconds: Int64(how >> 3))
    guard let packet = try? DHCPv6Packet(parsing: message.span) else { continue }
    var wire: [UInt8] = []
    packet.serialize(into: &wire)
    hold(wire == message, "what was read is written as it was")
    // No card's own address, so that who asks is who the message says.
    let arrival = DHCPv6Arrival(source: ours, isMulticast: how & 1 == 0)
    let client = DHCPv6BootClient(packet, mac: arrival.hardwareAddress)
    let boot = how & 2 == 0 ? DHCPv6BootReply.none : DHCPv6BootReply(url: "tftp://[fd77::1]/snponly.efi")
    let reply: DHCPv6Packet
    switch responder.decide(packet, from: client, arrival: arrival, boot: boot, now: now) {
    case .ignore: continue
    case .reply(let answer): reply = answer
    case .commit(let changes, then: let answer):
      // The store fails: no answer.
      if how & 4 != 0 { continue }
      responder.confirm(changes)
      reply = answer
    }
    wire = []
    reply.serialize(into: &wire)
    hold(wire.count <= DHCPv6Packet.maximumSize + 512, "an answer is hardly longer than what was asked")
    let asks = packet.clientIdentifier?.bytes ?? []
    if packet.type == .release || packet.type == .decline { owners = owners.filter { $0.value.client != asks } }
    guard reply.type == .reply, let associations = try? reply.identityAssociations() else { continue }
    for association in associations {
      for address in association.addresses where address.validSeconds > 0 {
        hold((first...last).contains(address.address), "an address is of the pool")
        if let owner = owners[address.address], owner.until > now {
          hold(owner.client == asks, "an address is given to one client at a time")
        }
        owners[address.address] = (asks, now.advanced(bySeconds: Int64(address.validSeconds)))
      }
    }
  }
  hold(responder.leases.count <= 4, "no more records than addresses")
}
