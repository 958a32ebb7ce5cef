public import BareMetal
public import Wire

/// What a server shows to its clients.
public struct ServingCertificate: Hashable, Sendable {
  /// PEM; the server's own certificate first.
  public var certificate: String
  public var key: Secret
  /// What clients may call it by.
  public var names: [String]
  public var notBefore: Timestamp
  public var notAfter: Timestamp

  /// Whether it is to be replaced: two thirds of its life are over, so that there is a month to notice that it fails.
  public func isDue(at now: Timestamp) -> Bool {
    let lifetime = notAfter.seconds - notBefore.seconds
    return now.seconds - notBefore.seconds >= lifetime * 2 / 3 || now < notBefore
  }
}
