public import Wire

/// An address that a client is to be offered and did not have before, of which nobody knows yet whether somebody uses it.
///
/// RFC 2131 §2.2 and §3.1: a server should ask before it gives an address to somebody new; people write addresses into machines by
/// hand, and stores get lost.
public struct AddressProbe: Hashable, Sendable {
  public let address: IPv4Address
  public let client: ClientIdentity
  /// The client's hardware address: what it has answered itself is no conflict.
  public let mac: MACAddress
}
