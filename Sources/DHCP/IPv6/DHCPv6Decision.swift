/// Why a DHCPv6 message gets no answer.
public enum DHCPv6IgnoreReason: String, Hashable, Sendable, CaseIterable {
  /// It names no client, or a server where none may stand (RFC 8415 §16).
  case malformed
  /// It is meant for another server.
  case otherServer
  /// It came by unicast and must not (RFC 8415 §18.4).
  case unicast
  /// Of a kind that servers do not answer.
  case notForServers
  /// Its address is none of ours: another server may know it.
  case unknownLease
}

/// What follows from a message.
public enum DHCPv6Decision: Hashable, Sendable {
  /// Nothing.
  case ignore(DHCPv6IgnoreReason)
  /// An answer at once.
  case reply(DHCPv6Packet)
  /// An answer when the changes are durable, and not before.
  case commit([DHCPv6LeaseChange], then: DHCPv6Packet)
}
