import COpenSSL

/// Why a certificate could not be made or read: one sentence, nothing secret in it.
public struct CertificateError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }

  /// What libcrypto says of the call that just failed on this thread.
  static func ofLibcrypto() -> CertificateError {
    defer { ERR_clear_error() }
    guard let reason = ERR_reason_error_string(ERR_peek_last_error()) else {
      return CertificateError("no reason was given")
    }
    return CertificateError(String(cString: reason))
  }
}
