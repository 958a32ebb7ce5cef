import Wire

@testable import DHCP

@Sendable func feedDHCPMessage(_ bytes: [UInt8]) {
  guard let packet = try? DHCPPacket(parsing: bytes.span) else { return }
  _ = packet.text
  _ = packet.maximumReplySize
  if let client = PXEClient(packet) { _ = (client.vendorClass, client.transport, client.uuid) }
  _ = ClientIdentity(packet, policy: .hardwareAddress)
  var again: [UInt8] = []
  packet.serialize(into: &again)
  guard again.count <= DHCPPacket.maximumSize else { return }
  hold((try? DHCPPacket(parsing: again.span)) == packet, "what was read is written so that it is read the same")
}

/// A first byte for the mode, then messages.
@Sendable func feedDHCPServer(_ bytes: [UInt8]) {
  var script = FuzzScript(bytes)
  guard let subnet = IPv4Prefix("10.77.0.0/24"), let ours = IPv4Address("10.77.0.1"),
    let first = IPv4Address("10.77.0.10"), let last = IPv4Address("10.77.0.13")
  else { return }
  let mode = script.byte()
  var configuration = DHCPServerConfiguration(subnet: subnet, pools: [first...last])
  configuration.excluded = [ours]
  configuration.routers = [ours]
  configuration.probes = mode & 4 != 0
  if mode & 2 != 0 { configuration.identity = .clientIdentifier }
  var responder = DHCPResponder(mode: mode & 1 == 0 ? .server(configuration) : .proxy)
  var now = Timestamp(seconds: 1_800_000_000)
  while !script.isEmpty {
    guard let packet = try? DHCPPacket(parsing: script.message().span) else { continue }
    let how = script.byte()
    now = now.advanced(bySeconds: Int64(how >> 3))
    let arrival = DHCPArrival(
      serverAddress: ours, source: how & 4 == 0 ? .any : packet.clientAddress,
      destinationPort: how & 1 == 0 ? DHCPPort.server : DHCPPort.bootServer, isUnicast: how & 4 != 0)
    let decision = responder.decide(
      packet, from: PXEClient(packet), arrival: arrival,
      boot: how & 2 == 0 ? .file(server: ours, name: "ipxe.efi") : .url("http://10.77.0.1/boot.ipxe"), now: now)
    let reply: DHCPReply?
    switch decision {
    case .ignore: reply = nil
    case .probe(let probe):
      if how & 64 == 0 {
        _ = responder.prove(probe)
      } else if let change = responder.refute(probe, holder: MACAddress(rawValue: 0x0200_0000_0001), now: now) {
        if how & 128 == 0 { responder.confirm(change) } else { responder.reject(change) }
      }
      reply = nil
    case .reply(let answer): reply = answer
    case .commit(let change, then: let answer):
      if how & 128 == 0 { responder.confirm(change) } else { responder.reject(change) }
      reply = how & 128 == 0 ? answer : nil
    }
    guard let reply else { continue }
    var wire: [UInt8] = []
    reply.packet.serialize(into: &wire)
    let relayed = reply.packet.options[.relayAgentInformation].map { $0.count + 2 } ?? 0
    hold(wire.count - relayed <= packet.maximumReplySize, "an answer is no longer than the client takes")
    hold(wire.count <= 1472, "an answer is no longer than a frame")
    hold((try? DHCPPacket(parsing: wire.span)) != nil, "an answer can be read")
    let address = reply.packet.yourAddress
    guard reply.packet.messageType == .ack, !address.isUnspecified else { continue }
    hold((first...last).contains(address), "an address is of the pool")
    let owner = responder.leases?.lease(at: address)?.client
    hold(owner == ClientIdentity(packet, policy: configuration.identity), "who gets an address has the lease")
  }
  hold((responder.leases?.count ?? 0) <= 4, "no more records than addresses")
}

@Sendable func feedDHCPClient(_ bytes: [UInt8]) {
  var script = FuzzScript(bytes)
  var random = SeededGenerator(seed: UInt64(script.byte()))
  guard let mac = MACAddress("52:54:00:12:34:56") else { return }
  var client = DHCPClient(DHCPClient.Configuration(mac: mac))
  var now = ContinuousClock.now
  var sent: DHCPPacket?
  func note(_ actions: [DHCPClient.Action]) {
    for case .broadcast(let packet) in actions { sent = packet }
  }
  note(client.start(now: now, using: &random))
  while !script.isEmpty {
    var packet = try? DHCPPacket(parsing: script.message().span)
    let how = script.byte()
    // So that answers get past the transaction's number, which no mutation finds.
    if how & 1 == 0, let sent {
      packet?.transactionID = sent.transactionID
      packet?.clientHardware = sent.clientHardware
    }
    if let packet { note(client.receive(packet, now: now, using: &random)) }
    now += .seconds(Int(how))
    note(client.timerFired(now: now, using: &random))
    hold(client.deadline != nil, "a client that was started goes on")
  }
}
