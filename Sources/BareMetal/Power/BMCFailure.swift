/// Why a machine's management controller did not do what was asked.
public struct BMCFailure: Error, Codable, Hashable, Sendable {
  /// One word for programs; conditions and metrics carry it.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// Nothing answers at the address.
    case unreachable
    /// It answered before, and then no more.
    case timedOut
    /// The password is wrong, or the user unknown. It is not tried again until it changes.
    case wrongPassword
    /// Not even tried: this password was wrong before, and controllers lock accounts.
    case lockedOut
    /// All its sessions are taken.
    case sessionsExhausted
    /// The user may not do that.
    case privilege
    /// No common cipher suite or authentication.
    case noCommonCipher
    /// The controller cannot do it, or not this way.
    case unsupported
    /// The controller said no; or Siderite did, to keep the machine from harm.
    case refused
    /// It may have been carried out, or not: look before asking again.
    case uncertain
    /// It answered what makes no sense, or what is forged.
    case malformed
    /// The machine is switched by hand: it has no management controller that we know of.
    case manual
    /// What is written down about the controller cannot be used.
    case misconfigured
    /// Too much is waiting for this controller already.
    case busy
    /// We are shutting down, or the caller gave up.
    case cancelled
  }

  public var kind: Kind

  /// One line for people: what happened, and what to do.
  public var message: String

  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }
}

extension BMCFailure: CustomStringConvertible {
  public var description: String { message }
}
