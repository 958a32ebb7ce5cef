public import Wire

/// What to do about one message.
public enum DHCPDecision: Hashable, Sendable {
  /// Nothing; count the reason.
  case ignore(DHCPIgnoreReason)
  /// Send it.
  case reply(DHCPReply)
  /// Make the change durable, then tell ``DHCPResponder/confirm(_:)``, then send the reply if there is one. If the
  /// store fails: ``DHCPResponder/reject(_:)``, and send nothing (the client asks again). Any number of changes can
  /// be in flight, and one commit can carry them all.
  case commit(LeaseChange, then: DHCPReply?)
  /// Find out whether somebody has the address. If nobody has: ``DHCPResponder/prove(_:)``, and decide the message again.
  /// If somebody has: ``DHCPResponder/refute(_:holder:now:)``, and decide it again. Nobody else is offered the address meanwhile.
  case probe(AddressProbe)
}

/// Why a message got no answer. Every case is a counter.
public enum DHCPIgnoreReason: String, Hashable, Sendable, CaseIterable {
  /// `op` says that a server sent it.
  case notFromClient
  /// No option 53: plain BOOTP.
  case noMessageType
  /// A type that only servers send, or that no RFC we follow knows.
  case unexpectedType
  /// Neither a usable hardware address nor a client identifier.
  case unidentifiedClient
  /// Proxy mode or port 4011: not a network boot client.
  case notNetworkBoot
  /// Proxy mode or port 4011: nothing to boot for this client.
  case nothingToBoot
  /// Proxy mode: addresses are the other server's business.
  case leftToServer
  /// It names another server (option 54).
  case otherServer
  /// The relay agent or client stands in no network that we serve.
  case otherSubnet
  /// No address is left.
  case noFreeAddress
  /// A change of the same client or address is on its way to the store; its reply will do.
  case alreadyCommitting
  /// INIT-REBOOT or REBINDING by a client we have no record of (RFC 2131 §4.3.2: silence).
  case unknownClient
  /// DECLINE or RELEASE of an address that is not this client's.
  case notItsAddress
  /// The client is none of those that are served (``ClientFilter``).
  case notAllowed
  /// The client sends more messages than it may (``ClientRateLimiter``).
  case tooManyMessages
  /// An option or field that this message must have is missing or malformed.
  case malformed
}

/// A message to send, and where.
public struct DHCPReply: Hashable, Sendable {
  /// Where a reply goes (RFC 2131 §4.1; PXE 2.1 §2.2.3 for port 4011).
  public enum Destination: Hashable, Sendable {
    /// To the relay agent's port 67, routed as any datagram.
    case relay(IPv4Address)
    /// To an address that the client already has. The frame goes back to the hardware address it came from, so that
    /// a router on the way is used too.
    case unicastToClient(IPv4Address)
    /// To an address that the client does not yet have, and so without ARP: straight to its hardware address.
    case unicastHardware(IPv4Address, MACAddress)
    /// To 255.255.255.255 and every station.
    case broadcast
  }

  public var packet: DHCPPacket
  public var destination: Destination
  /// 67, or 4011 for the boot server's answers.
  public var sourcePort: UInt16
  /// 68; 67 for relay agents; on port 4011 the port that the client asked from.
  public var destinationPort: UInt16
}
