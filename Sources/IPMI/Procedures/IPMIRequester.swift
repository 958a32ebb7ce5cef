/// Whoever gets commands to a BMC and its answers back: a session over the network, or the machine's own system
/// interface. What takes several commands (reading a log, switching a machine for certain) is written once, over this.
public protocol IPMIRequester: Sendable {
  /// Gets one answer, whatever its completion code. A request that is not repeatable is sent once.
  /// - Throws: ``IPMIFailure/session(_:)``, ``IPMIFailure/unanswered``, ``IPMIFailure/transport(_:)``
  func perform(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply

  /// Makes sure that no request sent before can still be carried out: over the network by a new session, as packets of
  /// the one before are then refused wherever they were held up.
  func fence() async throws(IPMIFailure)

  /// Waits: for a BMC that is busy, for a machine to switch.
  func pause(for duration: Duration) async throws(IPMIFailure)
}

/// Why a command, or a procedure of several, has no result.
public enum IPMIFailure: Error, Hashable, Sendable {
  /// There is no session.
  case session(IPMISessionFailure)

  /// Sent once, not answered: it may have been carried out, or not.
  case unanswered

  /// The BMC answered with another completion code than success.
  case refused(command: String, CompletionCode)

  /// The answer makes no sense.
  case malformed(command: String, IPMIParseError)

  /// The BMC has no such thing, or the answers contradict each other; one line that says what.
  case unusable(String)

  /// The system interface failed, or whoever owns the session gave up; one line that says why.
  case transport(String)
}
