import BareMetal
import IPMI
import Wire

extension BMCFailure {
  /// A login that failed, or a session that ended.
  init(_ failure: IPMISessionFailure, access: IPMIAccess, name: String) {
    let user = access.credentials.user
    switch failure {
    case .unreachable:
      self.init(
        .unreachable,
        "\(name): no answer; check the address, the network, and that IPMI over LAN is enabled in the BMC")
    case .timedOut(during: .activating):
      self.init(
        .timedOut,
        "\(name): the BMC fell silent when it was shown the password: IPMI 1.5 BMCs do that when it is wrong; check the password of user '\(user)', one more attempt is made with this one"
      )
    case .timedOut:
      self.init(.timedOut, "\(name): \(failure); it may be restarting, or datagrams are lost on the way")
    case .wrongPassword:
      self.init(
        .wrongPassword, "\(name): the password of user '\(user)' is wrong; it is not tried again until it changes")
    case .unknownUser:
      self.init(.wrongPassword, "\(name): the BMC has no user '\(user)', or it is disabled or may not use the network")
    case .wrongBMCKey:
      self.init(
        .misconfigured,
        "\(name): the BMC key (Kg) is \(access.bmcKey == nil ? "set in the BMC and missing here" : "another one"); the password is right"
      )
    case .sessionsExhausted, .refusedCommand(.outOfSpace, during: .challenging):
      self.init(
        .sessionsExhausted,
        "\(name): all sessions of the BMC are in use; they end after 60 s without traffic: close other tools, or restart the BMC"
      )
    case .privilegeRefused:
      self.init(.privilege, "\(name): user '\(user)' may not even look; give it a privilege of Operator in the BMC")
    case .noCommonCipherSuite:
      let tried = access.cipherSuites ?? CipherSuite.preferred.map(\.identifier)
      self.init(
        .noCommonCipher,
        "\(name): the BMC accepts none of the cipher suites \(tried.map(String.init).joined(separator: ", ")); enable 17 or 3 in it, or allow another"
      )
    case .noCommonAuthentication:
      self.init(.noCommonCipher, "\(name): IPMI 1.5 only, and \(failure); MD5 is what is allowed unless told otherwise")
    case .credentialTooLong: self.init(.misconfigured, "\(name): \(failure)")
    case .refused, .refusedCommand: self.init(.refused, "\(name): login \(failure)")
    case .malformed: self.init(.malformed, "\(name): \(failure)")
    case .exhausted: self.init(.timedOut, "\(name): \(failure); ask again")
    }
  }

  /// A step that failed.
  init(_ failure: IPMIFailure, access: IPMIAccess, name: String) {
    switch failure {
    case .session(let failure): self.init(failure, access: access, name: name)
    case .unanswered:
      self.init(
        .uncertain, "\(name): the answer was lost: it may have been carried out, or not; look before asking again")
    case .refused(_, .insufficientPrivilege):
      self.init(
        .privilege,
        "\(name): user '\(access.credentials.user)' may not do that; give it a higher privilege in the BMC")
    case .refused(let command, let code) where code == .invalidCommand || code == .invalidForLUN:
      self.init(.unsupported, "\(name): the BMC does not know \(command)")
    case .refused(let command, let code): self.init(.refused, "\(name): \(command) refused: \(code)")
    case .malformed(let command, let error):
      self.init(.malformed, "\(name): the answer to \(command) makes no sense: \(error)")
    case .unusable(let reason): self.init(.unsupported, "\(name): \(reason)")
    case .unchanged(let reason): self.init(.refused, "\(name): \(reason)")
    case .transport(let reason): self.init(.cancelled, "\(name): \(reason)")
    }
  }

  static func lockedOut(
    _ refusal: LockoutGuard<IPMILogin>.Refusal, access: IPMIAccess, name: String
  ) -> BMCFailure {
    BMCFailure(
      .lockedOut,
      "\(name): not tried: \(refusal.reason) (user '\(access.credentials.user)', seen \(refusal.since)), and BMCs lock accounts; correct it, or wait until \(refusal.since.advanced(bySeconds: refusal.pause.components.seconds))"
    )
  }

  static func wrongPassword(_ refusal: LockoutGuard<IPMILogin>.Refusal, access: IPMIAccess, name: String) -> BMCFailure
  {
    BMCFailure(
      .wrongPassword,
      "\(name): the password of user '\(access.credentials.user)' is wrong, it seems: \(refusal.reason); it is not tried again until it changes"
    )
  }
}
