import BareMetal
import BootServices
import DHCP
import Wire

/// Somebody else's DHCP server beside the boot host: it gives addresses, knows nothing of booting, and never fails.
struct OtherServer {
  static let address = IPv4Address(rawValue: RackNetwork.local + 2)
  static let mac = MACAddress(rawValue: 0x0200_0000_0002)

  private var responder: DHCPResponder
  private(set) var leases: [IPv4Address: Lease] = [:]

  init(_ configuration: DHCPServerConfiguration, known: [Lease]) {
    var configuration = configuration
    configuration.probes = false
    responder = DHCPResponder(mode: .server(configuration), leases: known.map { DHCPLease($0) })
    for lease in known { leases[lease.address] = lease }
  }

  /// Takes a frame; what it answers, with the frame.
  mutating func receive(_ bytes: [UInt8], now: Timestamp) -> (reply: DHCPPacket, frame: [UInt8])? {
    guard let (frame, payload) = try? UDPFrame.parse(bytes.span), frame.destinationPort == DHCPPort.server,
      frame.destination == .broadcast || frame.destination == Self.address,
      let packet = try? DHCPPacket(parsing: bytes.span.extracting(payload))
    else { return nil }
    let arrival = DHCPArrival(
      serverAddress: Self.address, source: frame.source, sourcePort: frame.sourcePort,
      isUnicast: frame.destination == Self.address)
    switch responder.decide(packet, from: PXEClient(packet), arrival: arrival, boot: .none, now: now) {
    case .ignore, .probe: return nil
    case .reply(let answer): return framed(answer, to: frame)
    case .commit(let change, then: let answer):
      for record in change.records {
        switch record {
        case .put(let lease): leases[lease.address] = lease
        case .remove(let address): leases[address] = nil
        }
      }
      responder.confirm(change)
      return answer.flatMap { framed($0, to: frame) }
    }
  }

  private func framed(_ answer: DHCPReply, to arrived: UDPFrame) -> (DHCPPacket, [UInt8])? {
    let (mac, address): (MACAddress, IPv4Address) =
      switch answer.destination {
      case .broadcast: (.broadcast, .broadcast)
      case .unicastHardware(let address, let mac): (mac, address)
      case .unicastToClient(let address), .relay(let address): (arrived.sourceMAC, address)
      }
    var payload: [UInt8] = []
    answer.packet.serialize(into: &payload)
    var bytes: [UInt8] = []
    let frame = UDPFrame(
      destinationMAC: mac, sourceMAC: Self.mac, source: Self.address, destination: address,
      sourcePort: answer.sourcePort, destinationPort: answer.destinationPort)
    guard (try? frame.serialize(payload: payload.span, into: &bytes)) != nil else { return nil }
    return (answer.packet, bytes)
  }
}
