/// Why there is no session, or no longer one.
public enum IPMISessionFailure: Error, Hashable, Sendable {
  /// Nothing ever came back: wrong address, no BMC, or the network.
  case unreachable

  /// It answered before, and then no more.
  case timedOut(during: Step)

  /// The BMC proved, or said, that it has another password for this user. Do not try again with this one: BMCs lock
  /// accounts. IPMI 1.5 BMCs do not always say so: then it shows as ``timedOut(during:)`` while `.activating`.
  case wrongPassword

  /// No such user, or it is disabled, or it may not use this channel.
  case unknownUser

  /// The password is right, but Kg is not: it is set in the BMC and missing here, or another.
  case wrongBMCKey

  /// All sessions of the BMC, or of this user, are taken. They end after 60 s without traffic.
  case sessionsExhausted

  /// The user may not have the privilege asked for.
  case privilegeRefused

  /// None of the cipher suites allowed is one of the BMC's.
  case noCommonCipherSuite

  /// An IPMI 1.5 BMC that offers only what is not allowed here (none, straight) or not spoken (MD2, OEM).
  case noCommonAuthentication(offered: Set<AuthenticationType>)

  /// A user name, password or Kg longer than the version in use can carry; nothing was sent.
  case credentialTooLong(String)

  /// The BMC refused with a status that has no case of its own.
  case refused(RAKPStatus, during: Step)
  case refusedCommand(CompletionCode, during: Step)

  /// The BMC answered what makes no sense.
  case malformed(IPMIParseError, during: Step)

  /// Every sequence number was used, or the crypto library failed.
  case exhausted

  /// What the session is doing.
  public enum Step: Hashable, Sendable {
    case opening
    case provingFirst
    case provingSecond
    case challenging
    case activating
    case raisingPrivilege
    case commanding
  }
}

extension IPMISessionFailure.Step: CustomStringConvertible {
  public var description: String {
    switch self {
    case .opening: "asking for a session"
    case .provingFirst: "logging in (RAKP 1)"
    case .provingSecond: "logging in (RAKP 3)"
    case .challenging: "asking for an IPMI 1.5 session"
    case .activating: "activating an IPMI 1.5 session"
    case .raisingPrivilege: "raising the privilege"
    case .commanding: "carrying out commands"
    }
  }
}

extension IPMISessionFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreachable: "no answer from the BMC"
    case .timedOut(let step): "the BMC stopped answering (\(step))"
    case .wrongPassword: "wrong password"
    case .unknownUser: "the BMC has no such user, or it is disabled"
    case .wrongBMCKey: "the BMC key (Kg) is missing or wrong"
    case .sessionsExhausted: "all sessions of the BMC are in use"
    case .privilegeRefused: "the user may not have the privilege asked for"
    case .noCommonCipherSuite: "the BMC accepts none of the allowed cipher suites"
    case .noCommonAuthentication(let offered):
      "the BMC offers no allowed authentication type, only \(offered.map { String($0.rawValue) }.sorted().joined(separator: ", "))"
    case .credentialTooLong(let name): "\(name) is too long for this version of IPMI"
    case .refused(let status, let step): "refused (\(step)): status 0x\(String(status.rawValue, radix: 16))"
    case .refusedCommand(let code, let step): "refused (\(step)): \(code)"
    case .malformed(let error, let step): "malformed answer (\(step)): \(error)"
    case .exhausted: "the session's numbers are used up"
    }
  }
}
