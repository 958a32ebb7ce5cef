public import BareMetal
import Crypto
import Foundation
import SwiftASN1
public import Wire
import X509

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

  private let parsed: Certificate
  private let privateKey: Certificate.PrivateKey

  /// Makes one.
  public init(commonName: String, now: Timestamp) throws(CertificateError) {
    do {
      let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
      let name = try DistinguishedName { CommonName(commonName) }
      let certificate = try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
        notValidBefore: Date(now, offset: -Self.clockSkewSeconds),
        notValidAfter: Date(now, offset: Self.lifetimeSeconds),
        issuer: name, subject: name,
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
          SubjectKeyIdentifier(hash: key.publicKey)
        },
        issuerPrivateKey: key)
      self.certificate = try certificate.serializeAsPEM().pemString + "\n"
      self.key = Secret(try key.serializeAsPEM().pemString + "\n")
      notAfter = now.advanced(bySeconds: Self.lifetimeSeconds)
      parsed = certificate
      privateKey = key
    } catch {
      throw CertificateError("the certification authority cannot be made: \(error)")
    }
  }

  /// Reads one that was kept.
  /// - Parameter certificates: PEM; of several the first that the key belongs to is meant.
  public init(certificates: String, key: Secret) throws(CertificateError) {
    do {
      privateKey = try Certificate.PrivateKey(pemEncoded: key.exposedText)
    } catch {
      throw CertificateError("its key cannot be read")
    }
    let publicKey = privateKey.publicKey
    guard let own = try Self.read(certificates).first(where: { $0.publicKey == publicKey }) else {
      throw CertificateError("no certificate belongs to its key")
    }
    do {
      certificate = try own.serializeAsPEM().pemString + "\n"
    } catch {
      throw CertificateError("its certificate cannot be written: \(error)")
    }
    self.key = key
    parsed = own
    notAfter = Timestamp(own.notValidAfter)
  }

  /// Whether it is to be replaced.
  public func isDue(at now: Timestamp) -> Bool { now.advanced(bySeconds: Self.renewalSeconds) > notAfter }

  /// Signs a certificate for a server, with a key of its own.
  /// - Parameter names: DNS names and IPv4 addresses that clients call it by; at least one.
  public func issue(for names: [String], now: Timestamp) throws(CertificateError) -> ServingCertificate {
    guard let first = names.first else { throw CertificateError("a server needs a name") }
    do {
      let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
      let alternatives: [GeneralName] = names.map { name in
        IPv4Address(name).map { .ipAddress(ASN1OctetString(contentBytes: $0.bytes[...])) } ?? .dnsName(name)
      }
      let authorityKey = SubjectKeyIdentifier(hash: privateKey.publicKey).keyIdentifier
      let notAfter = min(now.advanced(bySeconds: Self.leafLifetimeSeconds), notAfter)
      let certificate = try Certificate(
        version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
        notValidBefore: Date(now, offset: -Self.clockSkewSeconds), notValidAfter: Date(notAfter),
        issuer: parsed.subject,
        // RFC 5280 Appendix A.1: ub-common-name is 64.
        subject: try DistinguishedName { CommonName(String(first.prefix(64))) },
        extensions: try Certificate.Extensions {
          Critical(BasicConstraints.notCertificateAuthority)
          Critical(KeyUsage(digitalSignature: true))
          try ExtendedKeyUsage([.serverAuth])
          SubjectAlternativeNames(alternatives)
          AuthorityKeyIdentifier(keyIdentifier: authorityKey)
        },
        issuerPrivateKey: privateKey)
      return ServingCertificate(
        certificate: try certificate.serializeAsPEM().pemString + "\n",
        key: Secret(try key.serializeAsPEM().pemString + "\n"), names: names, notBefore: now, notAfter: notAfter)
    } catch {
      throw CertificateError("a certificate for \(first) cannot be made: \(error)")
    }
  }

  /// Those of a bundle that are still good, as PEM, each once.
  public static func valid(in bundle: String, at now: Timestamp) throws(CertificateError) -> String {
    var texts: [String] = []
    for certificate in try read(bundle) where Timestamp(certificate.notValidAfter) > now {
      guard let text = try? certificate.serializeAsPEM().pemString + "\n", !texts.contains(text) else { continue }
      texts.append(text)
    }
    return texts.joined()
  }

  private static func read(_ bundle: String) throws(CertificateError) -> [Certificate] {
    do {
      return try PEMDocument.parseMultiple(pemString: bundle).map { try Certificate(pemDocument: $0) }
    } catch {
      throw CertificateError("its certificates cannot be read")
    }
  }
}

extension Date {
  fileprivate init(_ moment: Timestamp, offset seconds: Int64 = 0) {
    self.init(timeIntervalSince1970: Double(moment.advanced(bySeconds: seconds).seconds))
  }
}

extension Timestamp {
  init(_ date: Date) { self.init(seconds: Int64(date.timeIntervalSince1970)) }
}
