public import DHCP
public import Wire

/// A network behind relay agents, whose machines are answered through an interface of another one.
public struct DHCPRelayedNetwork: Hashable, Sendable {
  /// The network. Its relay agents have their address in it (`giaddr`) or say it in option 82 (RFC 3527).
  public var subnet: IPv4Prefix

  /// Beside another DHCP server, or as the server.
  public var mode: DHCPResponder.Mode

  /// The address that DHCP speaks from: server identifier and source of every reply. Its machines must reach it, for they
  /// renew their leases there, past the relay agent.
  public var address: IPv4Address

  /// The address that its machines are told to fetch from, by TFTP and HTTP.
  public var bootAddress: IPv4Address

  /// Who is answered in it.
  public var clients: ClientFilter = .everybody

  public init(subnet: IPv4Prefix, mode: DHCPResponder.Mode, address: IPv4Address, bootAddress: IPv4Address? = nil) {
    self.subnet = subnet
    self.mode = mode
    self.address = address
    self.bootAddress = bootAddress ?? address
  }
}
