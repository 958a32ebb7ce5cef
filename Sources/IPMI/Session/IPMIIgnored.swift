/// Why a datagram was passed over. Nothing about the session changed; whoever owns the socket counts it by reason.
public enum IPMIIgnored: Error, Hashable, Sendable {
  case malformed(IPMIParseError)

  /// For another session, or from one that is over.
  case otherSession

  /// Seen before, or too far from the numbers now in use.
  case replayed

  /// Not signed or encrypted as agreed.
  case protection

  /// The integrity code is wrong: damaged on the way, or forged.
  case signature

  /// A good packet that answers nothing that was asked: late, or a duplicate.
  case unexpected
}
