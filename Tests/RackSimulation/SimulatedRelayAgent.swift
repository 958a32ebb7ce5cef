import DHCP
import Wire

/// The router between the boot host's network and the one behind it, with the relay agent on it (RFC 1542, RFC 3046).
enum SimulatedRelayAgent {
  /// `giaddr`: its address in the machines' network.
  static let address = IPv4Address(rawValue: RackNetwork.relayed + 1)
  /// On the boot host's segment.
  static let mac = MACAddress(rawValue: 0x0200_0000_0003)

  /// Option 82 of a machine's messages: sub-option 1, the circuit, is the port that it is plugged into.
  static func information(_ machine: Int) -> [UInt8] {
    [1, 4] + IPv4Address(rawValue: UInt32(truncatingIfNeeded: machine)).bytes
  }

  /// A machine's broadcast, as it goes on to the boot host.
  static func forwarded(_ packet: DHCPPacket, of machine: Int) -> DHCPPacket {
    var packet = packet
    packet.hops += 1
    packet.relayAgent = address
    packet.options.set(.relayAgentInformation, information(machine))
    return packet
  }

  /// What is wrong with a reply that came to the agent; `nil` when it can go on to the machine.
  static func problem(_ reply: DHCPPacket, _ frame: UDPFrame, of machine: Int) -> String? {
    guard frame.destination == address, frame.destinationPort == DHCPPort.server, frame.destinationMAC == mac else {
      return "a relayed machine's reply went to \(frame.destination):\(frame.destinationPort), not to its relay agent"
    }
    guard reply.relayAgent == address else { return "a relayed machine's reply has \(reply.relayAgent) for its agent" }
    guard reply.options[.relayAgentInformation].map({ Array($0) }) == information(machine) else {
      return "a relayed machine's reply has not the relay agent's information"
    }
    return nil
  }
}
