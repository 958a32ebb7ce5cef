public import Wire

/// What a relay agent says of a client's message: option 82 (RFC 3046). Sub-options that say nothing to us are left out;
/// the option itself goes back to the agent whole.
///
/// Each sub-option is a code, a length and that many bytes; there is no end mark. What follows a sub-option that is cut
/// short is not read.
public struct RelayAgentInformation: Hashable, Sendable {
  /// Sub-option 5 (RFC 3527): an address in the client's subnet, where the agent's own (`giaddr`) is in another.
  public var linkSelection: IPv4Address?
  /// Sub-option 11 (RFC 5107): what the client is to take for its server, so that its renewals pass the agent too.
  public var serverIdentifier: IPv4Address?

  public init(parsing value: ArraySlice<UInt8>) {
    var rest = value
    while let code = rest.popFirst(), let count = rest.popFirst(), rest.count >= Int(count) {
      let part = rest.prefix(Int(count))
      rest = rest.dropFirst(Int(count))
      guard part.count == 4 else { continue }
      let address = IPv4Address(rawValue: part.reduce(0) { $0 << 8 | UInt32($1) })
      switch code {
      case 5: linkSelection = address
      case 11: serverIdentifier = address
      default: continue
      }
    }
  }
}

extension DHCPPacket {
  /// What the relay agent says; `nil` without one: nobody else's option 82 is believed (RFC 3046 §2.1).
  public var relayAgentInformation: RelayAgentInformation? {
    guard !relayAgent.isUnspecified else { return nil }
    return options[.relayAgentInformation].map { RelayAgentInformation(parsing: $0) }
  }

  /// An address in the subnet that a relayed client is in; `nil` without a relay agent.
  public var relayedLink: IPv4Address? {
    relayAgent.isUnspecified ? nil : relayAgentInformation?.linkSelection ?? relayAgent
  }
}
