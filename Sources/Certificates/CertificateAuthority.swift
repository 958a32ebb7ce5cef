public import BareMetal
import COpenSSL
public import Wire

/// A certification authority of our own: what the API server is told to trust, and what signs the certificates that
/// boot hosts show to it.
///
/// X.509 version 3 (RFC 5280) on P-256, which every API server takes.
public struct CertificateAuthority: Sendable {
  /// How long it is good: as long as a boot host is used. It is made anew when ``renewalSeconds`` are left.
  public static let lifetimeSeconds: Int64 = 10 * 365 * 86_400
  /// A new one is made when less than this is left, which is longer than anything that it signs lives.
  public static let renewalSeconds: Int64 = 365 * 86_400
  /// How long what it signs is good.
  public static let leafLifetimeSeconds: Int64 = 90 * 86_400
  /// Clocks of boot hosts and API servers may differ by as much.
  static let clockSkewSeconds: Int64 = 3600

  /// PEM, for those who trust it.
  public let certificate: String
  /// PEM (PKCS #8 or SEC 1).
  public let key: Secret
  public let notAfter: Timestamp

  /// Makes one.
  public init(commonName: String, now: Timestamp) throws(CertificateError) {
    do {
      let own = try PrivateKey()
      notAfter = now.advanced(bySeconds: Self.lifetimeSeconds)
      let certificate = try Certificate(
        subject: commonName, publicKey: own, notBefore: now.advanced(bySeconds: -Self.clockSkewSeconds),
        notAfter: notAfter)
      try certificate.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
      try certificate.add(NID_key_usage, "critical,keyCertSign,cRLSign")
      try certificate.add(NID_subject_key_identifier, "hash")
      try certificate.sign(with: own)
      self.certificate = try certificate.pem()
      key = Secret(try own.pem())
    } catch {
      throw CertificateError("the certification authority cannot be made: \(error)")
    }
  }

  /// Reads one that was kept.
  /// - Parameter certificates: PEM; of several the first that the key belongs to is meant.
  public init(certificates: String, key: Secret) throws(CertificateError) {
    guard let own = PrivateKey(pem: key.exposedText) else { throw CertificateError("its key cannot be read") }
    guard let certificate = try Certificate.read(certificates).first(where: { $0.belongs(to: own) }) else {
      throw CertificateError("no certificate belongs to its key")
    }
    self.certificate = try certificate.pem()
    self.key = key
    notAfter = certificate.notAfter
  }

  /// Whether it is to be replaced.
  public func isDue(at now: Timestamp) -> Bool { now.advanced(bySeconds: Self.renewalSeconds) > notAfter }

  /// Signs a certificate for a server, with a key of its own.
  /// - Parameter names: DNS names and IPv4 addresses that clients call it by; at least one.
  public func issue(for names: [String], now: Timestamp) throws(CertificateError) -> ServingCertificate {
    guard let first = names.first else { throw CertificateError("a server needs a name") }
    do {
      guard let signer = PrivateKey(pem: key.exposedText), let issuer = try Certificate.read(certificate).first else {
        throw CertificateError("the authority cannot be read")
      }
      var alternatives: [String] = []
      for name in names { alternatives.append(try Self.alternative(name)) }
      let own = try PrivateKey()
      let notAfter = min(now.advanced(bySeconds: Self.leafLifetimeSeconds), notAfter)
      // RFC 5280 Appendix A.1: ub-common-name is 64.
      let leaf = try Certificate(
        subject: String(first.prefix(64)), publicKey: own, issuer: issuer,
        notBefore: now.advanced(bySeconds: -Self.clockSkewSeconds), notAfter: notAfter)
      try leaf.add(NID_basic_constraints, "critical,CA:FALSE")
      try leaf.add(NID_key_usage, "critical,digitalSignature")
      try leaf.add(NID_ext_key_usage, "serverAuth")
      try leaf.add(NID_subject_alt_name, alternatives.joined(separator: ","))
      try leaf.add(NID_authority_key_identifier, "keyid:always", issuer: issuer)
      try leaf.sign(with: signer)
      return ServingCertificate(
        certificate: try leaf.pem(), key: Secret(try own.pem()), names: names, notBefore: now, notAfter: notAfter)
    } catch {
      throw CertificateError("a certificate for \(first) cannot be made: \(error)")
    }
  }

  /// Those of a bundle that are still good, as PEM, each once.
  public static func valid(in bundle: String, at now: Timestamp) throws(CertificateError) -> String {
    var texts: [String] = []
    for certificate in try Certificate.read(bundle) where certificate.notAfter > now {
      let text = try certificate.pem()
      if !texts.contains(text) { texts.append(text) }
    }
    return texts.joined()
  }

  /// A name as libcrypto wants it told (x509v3_config). A comma in it would begin another one.
  private static func alternative(_ name: String) throws(CertificateError) -> String {
    if IPv4Address(name) != nil { return "IP:\(name)" }
    let isName = name.utf8.allSatisfy {
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0
        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || "-._*".utf8.contains($0)
    }
    guard isName, !name.isEmpty else { throw CertificateError("“\(name)” is neither a DNS name nor an IPv4 address") }
    return "DNS:\(name)"
  }
}
