public import BareMetal
import NIOCore
import NIOSSL
import Synchronization

/// The certificate that a TLS listener shows. It is replaced while the listener serves: what connects from then on sees
/// the new one.
public final class TLSIdentity: Sendable {
  private let context = Mutex<NIOSSLContext?>(nil)

  public init() {}

  /// Shows that certificate from now on.
  /// - Parameters:
  ///   - certificate: PEM, the server's own first, then those that lead to what clients trust.
  ///   - key: PEM.
  /// - Throws: ``TLSIdentityError``; what was shown before stays.
  public func show(certificate: String, key: Secret) throws {
    do {
      let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
      let privateKey = try NIOSSLPrivateKey(bytes: Array(key.exposedText.utf8), format: .pem)
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
      configuration.minimumTLSVersion = .tlsv12
      configuration.applicationProtocols = ["http/1.1"]
      let new = try NIOSSLContext(configuration: configuration)
      context.withLock { $0 = new }
    } catch {
      throw TLSIdentityError()
    }
  }

  /// What a connection begins with.
  /// - Throws: ``TLSIdentityError`` while there is no certificate.
  func handler() throws -> NIOSSLServerHandler {
    guard let context = context.withLock({ $0 }) else { throw TLSIdentityError() }
    return NIOSSLServerHandler(context: context)
  }
}

/// There is no certificate, or it does not fit its key.
public struct TLSIdentityError: Error, CustomStringConvertible {
  public var description: String { "the certificate or its key cannot be read, or they do not belong together" }
}
