public import Wire

/// How a message reached us: what its own bytes do not say.
public struct DHCPArrival: Hashable, Sendable {
  /// Our address on the interface it came by (for a relayed client, the one that it can reach): option 54 and the
  /// reply's source address.
  public var serverAddress: IPv4Address
  /// The IP source address; 0.0.0.0 for a client that has none.
  public var source: IPv4Address
  /// The UDP source port: 68, 67 from relay agents, and 4011 from EDK2 when it asks a boot server.
  public var sourcePort: UInt16
  /// The UDP destination port: ``DHCPPort/server`` or ``DHCPPort/bootServer``.
  public var destinationPort: UInt16
  /// The IP destination was ours, not broadcast.
  public var isUnicast: Bool

  public init(
    serverAddress: IPv4Address, source: IPv4Address = .any, sourcePort: UInt16 = DHCPPort.client,
    destinationPort: UInt16 = DHCPPort.server, isUnicast: Bool = false
  ) {
    self.serverAddress = serverAddress
    self.source = source
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.isUnicast = isUnicast
  }
}

/// The UDP ports of DHCP and PXE.
public enum DHCPPort {
  /// Servers and relay agents (RFC 2131 §4.1).
  public static let server: UInt16 = 67
  /// Clients (RFC 2131 §4.1).
  public static let client: UInt16 = 68
  /// PXE boot servers (PXE 2.1 §2.2.3; "BINL").
  public static let bootServer: UInt16 = 4011
}
