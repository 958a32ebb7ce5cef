public import DHCP
public import Wire

/// DHCP on one interface.
public struct DHCPServiceConfiguration: Hashable, Sendable {
  /// The interface's name, `eth0`.
  public var interface: String

  /// Beside another DHCP server, or as the server.
  public var mode: DHCPResponder.Mode

  /// The interface's address that DHCP speaks from: server identifier and source of every reply.
  public var address: IPv4Address

  /// The address that machines are told to fetch from, by TFTP and HTTP.
  public var bootAddress: IPv4Address

  /// TCP port of the boot plane.
  public var httpPort: UInt16

  /// Who is answered in the interface's own network.
  public var clients: ClientFilter = .everybody

  /// How much one client may say; `nil`: as much as it likes.
  public var clientRate: ClientRateLimiter.Rate? = .usual

  /// Networks whose relay agents forward to this interface.
  public var relayed: [DHCPRelayedNetwork] = []

  /// - Parameter bootAddress: `address` when `nil`.
  public init(
    interface: String, mode: DHCPResponder.Mode, address: IPv4Address, bootAddress: IPv4Address? = nil,
    httpPort: UInt16 = 8081
  ) {
    self.interface = interface
    self.mode = mode
    self.address = address
    self.bootAddress = bootAddress ?? address
    self.httpPort = httpPort
  }
}
