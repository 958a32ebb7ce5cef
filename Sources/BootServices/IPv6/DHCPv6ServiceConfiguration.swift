public import DHCP
public import Wire

/// DHCPv6 on one interface.
public struct DHCPv6ServiceConfiguration: Hashable, Sendable {
  /// The interface's name, `eth0`.
  public var interface: String

  /// What is given out.
  public var server: DHCPv6ServerConfiguration

  /// The address that machines are told to fetch from, by TFTP and HTTP.
  public var bootAddress: IPv6Address

  /// TCP port of the boot plane.
  public var httpPort: UInt16

  public init(
    interface: String, server: DHCPv6ServerConfiguration, bootAddress: IPv6Address, httpPort: UInt16 = 8081
  ) {
    self.interface = interface
    self.server = server
    self.bootAddress = bootAddress
    self.httpPort = httpPort
  }
}
