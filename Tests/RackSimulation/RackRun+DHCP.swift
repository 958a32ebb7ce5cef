import DHCP
import SimulationTesting
import Wire

// Who hears a machine's DHCP: everybody on the boot host's segment, or the relay agent of its own.
extension RackRun {
  func addressOfPool() -> IPv4Address {
    let pool = networks[0].pool
    return IPv4Address(rawValue: pool.lowerBound.rawValue + UInt32(random.below(pool.count)))
  }

  /// Sends a DHCP message to whoever gives addresses; to all stations when it has none itself.
  func send(_ packet: DHCPPacket, from mac: MACAddress, source: IPv4Address = .any, machine: Int?) {
    let isRelayed = machine.map { networkOf[$0] == 1 } ?? false
    let isUnicast = !source.isUnspecified
    var frame = UDPFrame(
      destinationMAC: .broadcast, sourceMAC: isRelayed ? SimulatedRelayAgent.mac : mac, source: source,
      destination: .broadcast, sourcePort: DHCPPort.client, destinationPort: DHCPPort.server)
    var packet = packet
    if isUnicast, otherServer != nil {
      frame.destinationMAC = OtherServer.mac
      frame.destination = OtherServer.address
    } else if isUnicast || isRelayed {
      frame.destinationMAC = Self.hostMAC
      frame.destination = Self.hostAddress
    }
    // What has an address is routed past the agent.
    if let machine, isRelayed, !isUnicast {
      packet = SimulatedRelayAgent.forwarded(packet, of: machine)
      frame.source = SimulatedRelayAgent.address
      frame.sourcePort = DHCPPort.server
    }
    guard let bytes = Self.framed(packet, frame) else { return }
    if frame.destinationMAC != OtherServer.mac { travel(.frameToHost(bytes), from: machine, to: nil) }
    if frame.destinationMAC != Self.hostMAC, otherServer != nil {
      travel(.frameToOtherServer(bytes), from: machine, to: nil)
    }
  }

  func askBootServer(_ packet: DHCPPacket, of server: IPv4Address, _ machine: Int) {
    guard server == Self.hostAddress else {
      return checker.fail("machine \(machine) was sent to \(server) for its boot program, which is no boot server")
    }
    let frame = UDPFrame(
      destinationMAC: Self.hostMAC, sourceMAC: RackMachine.mac(machine), source: packet.clientAddress,
      destination: server, sourcePort: DHCPPort.bootServer, destinationPort: DHCPPort.bootServer)
    guard let bytes = Self.framed(packet, frame) else { return }
    travel(.frameToHost(bytes), from: machine, to: nil)
  }

  private static func framed(_ packet: DHCPPacket, _ frame: UDPFrame) -> [UInt8]? {
    var payload: [UInt8] = []
    packet.serialize(into: &payload)
    var bytes: [UInt8] = []
    guard (try? frame.serialize(payload: payload.span, into: &bytes)) != nil else { return nil }
    return bytes
  }

  /// The server beside the boot host answers at once. What it says to all, the boot host hears too.
  func hearAsOtherServer(_ bytes: [UInt8]) {
    guard let (reply, frame) = otherServer?.receive(bytes, now: time.timestamp) else { return }
    note("other server → \(name(reply.clientHardware.mac)): \(summary(reply))")
    if reply.messageType == .ack, !reply.yourAddress.isUnspecified, let mac = reply.clientHardware.mac {
      checker.acknowledged(
        mac, reply.yourAddress, seconds: reply.options.uint32(.leaseTime) ?? 0,
        stored: otherServer?.leases[reply.yourAddress], at: time.now)
    }
    travel(.frameToRack(frame), from: nil, to: machine(reply.clientHardware.mac))
    if Self.message(frame)?.frame.destination == .broadcast { travel(.frameToHost(frame), from: nil, to: nil) }
  }

  /// No router passes on what is for all stations of the segment. A machine behind one hears no NAK to a renewal, but one
  /// to the REQUEST by which it rebinds.
  func reaches(_ reply: DHCPPacket, _ frame: UDPFrame) -> Bool {
    frame.destination != .broadcast || machine(reply.clientHardware.mac).map { networkOf[$0] == 0 } ?? true
  }

  /// What is wrong with a reply of the boot host's, for the network that its machine is in.
  func problem(_ reply: DHCPPacket, _ frame: UDPFrame) -> String? {
    if scenario.isBesideServer, !reply.yourAddress.isUnspecified || reply.options.contains(.leaseTime) {
      return "\(reply.yourAddress) was given to \(name(reply.clientHardware.mac)) beside the addresses' server"
    }
    guard let index = machine(reply.clientHardware.mac) else { return nil }
    let network = networks[networkOf[index]]
    if !reply.yourAddress.isUnspecified, !network.pool.contains(reply.yourAddress) {
      return "machine \(index) was given \(reply.yourAddress), which is of another network"
    }
    guard networkOf[index] == 1 else {
      return reply.relayAgent.isUnspecified ? nil : "machine \(index) is no relayed one, but is answered so"
    }
    // A renewal was not relayed, so neither is its answer. A NAK is broadcast then (RFC 2131 §4.1): see `reaches`.
    if reply.relayAgent.isUnspecified {
      if reply.messageType == .nak { return nil }
      if !reply.clientAddress.isUnspecified, frame.destination == reply.clientAddress { return nil }
    }
    return SimulatedRelayAgent.problem(reply, frame, of: index)
  }
}
