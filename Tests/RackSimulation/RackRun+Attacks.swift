import BareMetal
import DHCP
import SimulationTesting
import TFTP
import Wire

/// What attackers know of what they did.
struct AttackState {
  /// Transfers that were answered, to send nonsense to.
  var answered: [TFTPDatagram] = []
  var count: UInt64 = 0
}

extension RackRun {
  /// One thing that an attacker does, and when it does the next.
  func attack(_ index: Int) {
    let attack = scenario.attacks[index]
    guard time.now < Nanoseconds(scenario.duration) * second else { return }
    add(.attack(index), at: time.now + second / Nanoseconds(max(1, scenario.attackRate)))
    outcome.attacks += 1
    attackState.count += 1
    switch attack {
    case .discoverFlood: discover(from: MACAddress(rawValue: 0x02aa_0000_0000 + random.next() & 0xffff_ffff))
    case .addressThief: steal()
    case .silentReader: read(from: TFTPPeer(address: attacker(1), port: UInt16(1024 + attackState.count % 60_000)))
    case .falseReader: acknowledgeNonsense()
    case .spoofedReader:
      read(
        from: TFTPPeer(address: attacker(256 + UInt32(random.below(2048))), port: UInt16(1024 + random.below(60_000))))
    case .garbage: garble()
    }
  }

  private func attacker(_ number: UInt32) -> IPv4Address { IPv4Address(rawValue: Self.firstOfAttackers + number) }

  private func discover(from mac: MACAddress) {
    let firmware = Firmware.allCases[random.below(4)]
    var packet = firmware.discover(.firmware, mac: mac)
    packet.transactionID = TransactionID(rawValue: random.next())
    if random.chance(300) { packet.options.set(.requestedAddress, addressOfPool()) }
    send(packet, from: mac, machine: nil)
  }

  /// Wants others' addresses, or wants others to lose them.
  private func steal() {
    let mac = MACAddress(rawValue: 0x02bb_0000_0001)
    var packet = DHCPPacket(
      operation: .request, clientHardware: HardwareAddress(mac), transactionID: TransactionID(rawValue: random.next()))
    let address = addressOfPool()
    let type: MessageType = [.request, .decline, .release][random.below(3)]
    packet.options.set(.messageType, type.rawValue)
    if type == .release || random.chance(300) {
      packet.clientAddress = address
    } else {
      packet.options.set(.requestedAddress, address)
    }
    if random.chance(300) { packet.options.set(.serverIdentifier, Self.hostAddress) }
    // It may get an address that is free; what it must not get is one that is another's.
    // What it got so it may give back, too.
    if type != .request { checker.givenBack(mac, address) }
    send(packet, from: mac, source: random.chance(500) ? address : .any, machine: nil)
  }

  private func read(from client: TFTPPeer) {
    let request = TFTPRequest(
      name: "snponly.efi", options: [TFTPOption(.blockSize, "1468"), TFTPOption(.windowSize, "64")])
    send(TFTPPacket.readRequest(request).bytes, from: client, to: 69, machine: nil)
  }

  private func acknowledgeNonsense() {
    guard let datagram = attackState.answered.popLast(), !random.chance(100) else {
      return read(from: TFTPPeer(address: attacker(2), port: UInt16(1024 + random.below(60_000))))
    }
    for _ in 0..<8 {
      let packet = TFTPPacket.acknowledgement(block: UInt16(truncatingIfNeeded: random.next()))
      send(packet.bytes, from: datagram.client, to: datagram.hostPort, machine: nil)
    }
  }

  /// What reaches an address that is no machine's.
  func answerAttacker(_ datagram: TFTPDatagram) {
    guard datagram.client.address == attacker(2), attackState.answered.count < 256 else { return }
    attackState.answered.append(datagram)
    // First an honest answer, so that it is past the OACK.
    send(TFTPPacket.acknowledgement(block: 0).bytes, from: datagram.client, to: datagram.hostPort, machine: nil)
  }

  /// A message with bytes changed, and perhaps cut off.
  private func garble() {
    if random.chance(300) {
      var bytes = TFTPPacket.readRequest(TFTPRequest(name: "snponly.efi", options: [TFTPOption(.blockSize, "1468")]))
        .bytes
      change(&bytes, from: 0)
      return send(
        bytes, from: TFTPPeer(address: attacker(3), port: UInt16(1024 + random.below(60_000))), to: 69, machine: nil)
    }
    // A name of its own: what is left of it must not be a machine's.
    let mac = MACAddress(rawValue: 0x02cc_0000_0001)
    let firmware = Firmware.allCases[random.below(4)]
    var payload: [UInt8] = []
    firmware.discover(.firmware, mac: mac).serialize(into: &payload)
    change(&payload, from: 44)
    var bytes: [UInt8] = []
    let frame = UDPFrame(
      destinationMAC: .broadcast, sourceMAC: mac, source: .any, destination: .broadcast, sourcePort: DHCPPort.client,
      destinationPort: DHCPPort.server)
    guard (try? frame.serialize(payload: payload.span, into: &bytes)) != nil else { return }
    travel(.frameToHost(bytes), from: nil, to: nil)
  }

  private func change(_ bytes: inout [UInt8], from start: Int) {
    for _ in 0..<(1 + random.below(4)) where bytes.count > start {
      bytes[start + random.below(bytes.count - start)] = UInt8(truncatingIfNeeded: random.next())
    }
    if random.chance(300) { bytes.removeLast(random.below(bytes.count)) }
  }
}
