public import Wire

/// What shows that a machine was sent to its Environment by us: random text in its kernel arguments.
///
/// Good for one provisioning: of one binding, until a later boot script brings another, for a day at most, and for one
/// address, that of whoever shows it first.
public struct BootToken: Hashable, Sendable {
  /// Letters and digits of it: 256 bits.
  public static let length = 43
  /// Seconds that it is good for. A machine that boots needs minutes; one that waits for a disk to be replaced, hours.
  public static let validSeconds: Int64 = 24 * 60 * 60

  public var token: Secret
  /// The `uid` of the ServerBinding it was made for.
  public var binding: String
  /// Seconds since 1970.
  public var expiry: Int64
  /// Who showed it first.
  public var address: IPAddress?
  /// The machine said that it is installed: it has its configuration, and nobody gets it again by this token.
  public var isSpent: Bool

  public init(token: Secret, binding: String, now: Timestamp) {
    self.token = token
    self.binding = binding
    expiry = now.seconds + Self.validSeconds
    isSpent = false
  }

  /// What a token is shown for.
  public enum Purpose: Hashable, Sendable {
    case configuration
    /// To say how far the machine is.
    case report
  }

  /// Why it is not accepted.
  public enum Refusal: Hashable, Sendable {
    case wrong
    case otherBinding
    case expired
    /// It is the right one, from somewhere else than before.
    case otherAddress(IPAddress)
    case spent
  }

  /// Whether whoever shows `shown` at `address` is the machine it was made for.
  public func refusal(
    of shown: Secret, from address: IPAddress?, for purpose: Purpose, binding: String, now: Timestamp
  ) -> Refusal? {
    guard shown == token else { return .wrong }
    guard binding == self.binding else { return .otherBinding }
    guard now.seconds < expiry else { return .expired }
    if let first = self.address, first != address { return .otherAddress(first) }
    if isSpent, purpose == .configuration { return .spent }
    return nil
  }
}

extension BootToken.Refusal: CustomStringConvertible {
  /// One line for whoever asks: it names no other machine.
  public var description: String {
    switch self {
    case .wrong: "the token is not the one given out last"
    case .otherBinding: "the token was given out for an earlier allocation"
    case .expired: "the token has expired: boot again"
    case .otherAddress: "the token is in use at another address"
    case .spent: "the machine is installed: its configuration is not given out again"
    }
  }
}

extension BootToken {
  /// As it is kept: a Secret's values.
  public var values: [String: Secret] {
    var values = ["token": token, "binding": Secret(binding), "expires": Secret("\(expiry)")]
    if let address { values["address"] = Secret("\(address)") }
    if isSpent { values["spent"] = Secret("true") }
    return values
  }

  /// Reads what was kept; `nil` for anything else.
  public init?(_ values: [String: Secret]?) {
    guard let token = values?["token"], !token.exposedText.isEmpty, let binding = values?["binding"],
      let expiry = values?["expires"].flatMap({ Int64($0.exposedText) })
    else { return nil }
    self.token = token
    self.binding = binding.exposedText
    self.expiry = expiry
    if let kept = values?["address"] {
      guard let address = IPAddress(kept.exposedText) else { return nil }
      self.address = address
    }
    isSpent = values?["spent"] != nil
  }
}

extension SecretName {
  /// Where a Server's boot token is kept.
  public static func bootToken(ofServer name: String) -> SecretName {
    SecretName(namespace: "sidero-system", name: "\(name)-boot")
  }
}
