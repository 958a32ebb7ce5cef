public import BareMetal
import NIOSSL

/// Certificate authorities that a server's certificate may come from besides those that this host trusts anyway: release
/// mirrors often have one of their company's.
public struct TrustedCertificates: Sendable {
  let certificates: [NIOSSLCertificate]

  /// Reads them, once.
  /// - Parameter path: a file of one or more certificates in PEM form.
  /// - Throws: ``AssetFailure``: why they are of no use.
  public init(path: String) throws(AssetFailure) {
    let found: [NIOSSLCertificate]
    do {
      found = try NIOSSLCertificate.fromPEMFile(path)
    } catch {
      throw AssetFailure(.invalid, "\(path) cannot be read as certificates in PEM form (-----BEGIN CERTIFICATE-----)")
    }
    guard !found.isEmpty else { throw AssetFailure(.invalid, "\(path) has no certificate in PEM form") }
    certificates = found
  }
}
