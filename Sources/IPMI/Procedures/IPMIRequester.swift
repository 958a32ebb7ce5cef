/// Whoever gets commands to a BMC and its answers back: a session over the network, or the machine's own system
/// interface. What takes several commands (reading a log, switching a machine for certain) is written once, over this.
public protocol IPMIRequester: Sendable {
  /// Gets one answer, whatever its completion code. A request that is not repeatable is sent once.
  /// - Throws: ``IPMIFailure/session(_:)``, ``IPMIFailure/unanswered``, ``IPMIFailure/transport(_:)``
  func perform(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply

  /// Makes sure that no request sent before can still be carried out: over the network by a new session, as packets of
  /// the one before are then refused wherever they were held up. The old one has to be closed for certain:
  /// ``IPMISession/isCloseConfirmed``.
  func fence() async throws(IPMIFailure)

  /// Waits: for a BMC that is busy, for a machine to switch.
  func pause(for duration: Duration) async throws(IPMIFailure)

  /// The moment, by the clock that pauses are measured with.
  var now: ContinuousClock.Instant { get async }

  /// Makes sure that there is a session, and one that the BMC has not forgotten: before something that is sent once, and
  /// whose time matters. What is repeatable sees to that by itself.
  func connect() async throws(IPMIFailure)
}

extension IPMIRequester {
  /// Where there are no sessions, or one for good.
  public func connect() async throws(IPMIFailure) {}
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

  /// The BMC took what was asked, and nothing came of it; one line that says what.
  case unchanged(String)

  /// The BMC has no such thing, or the answers contradict each other; one line that says what.
  case unusable(String)

  /// The system interface failed, or whoever owns the session gave up; one line that says why.
  case transport(String)
}

extension IPMIFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .session(let failure): failure.description
    case .unanswered: "no answer: it may have been carried out, or not"
    case .refused(let command, let code): "the BMC refused \(command): \(code)"
    case .malformed(let command, let error): "the BMC's answer to \(command) makes no sense: \(error)"
    case .unchanged(let line), .unusable(let line), .transport(let line): line
    }
  }
}

extension IPMIRequester {
  /// How often a BMC that is busy is asked, and how long is waited first; the wait doubles: 3.1 s together.
  private var mostAttempts: Int { 6 }
  private var firstPause: Duration { .milliseconds(100) }

  /// Gets the answer to a command. A BMC that says it is busy is asked again a few times: it did nothing yet.
  ///
  /// - Parameter patience: see ``IPMIRequest/patience``.
  public func ask<Command: IPMICommand>(
    _ command: Command, patience: Duration? = nil
  ) async throws(IPMIFailure) -> Command.Response {
    let name = "\(Command.self)"
    var request = IPMIRequest(command)
    request.patience = patience
    let reply = try await patiently(request)
    do {
      return try reply.response(to: command)
    } catch {
      switch error {
      case .refused(let code): throw .refused(command: name, code)
      case .malformed(let error): throw .malformed(command: name, error)
      }
    }
  }

  /// Gets a reply that does not say "busy", or after all attempts the one that does.
  public func patiently(_ request: IPMIRequest) async throws(IPMIFailure) -> IPMIReply {
    var pause = firstPause
    for _ in 1..<mostAttempts {
      let reply = try await perform(request)
      guard reply.code.isTransient else { return reply }
      try await self.pause(for: pause)
      pause *= 2
    }
    return try await perform(request)
  }

  /// The answer, or `nil` where the BMC has no such thing: for what is optional.
  public func askOptional<Command: IPMICommand>(_ command: Command) async throws(IPMIFailure) -> Command.Response? {
    do throws(IPMIFailure) {
      return try await ask(command)
    } catch {
      switch error {
      case .refused, .malformed: return nil
      default: throw error
      }
    }
  }
}
