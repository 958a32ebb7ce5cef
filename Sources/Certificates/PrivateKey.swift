import COpenSSL

/// A private key: libcrypto's.
struct PrivateKey: ~Copyable {
  let pointer: OpaquePointer

  deinit { EVP_PKEY_free(pointer) }

  /// Makes one on the curve P-256.
  init() throws(CertificateError) {
    let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil)
    defer { EVP_PKEY_CTX_free(context) }
    var key: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_CTX_set_group_name(context, "P-256") == 1,
      EVP_PKEY_generate(context, &key) == 1, let key
    else { throw CertificateError.ofLibcrypto() }
    pointer = key
  }

  /// - Parameter pem: PKCS #8 or of its own kind (SEC 1, PKCS #1); `nil` if it is none, or has a password.
  init?(pem: String) {
    let buffer = MemoryBIO(pem)
    // Without a function that says there is no password, libcrypto would ask whoever sits at the terminal.
    let key = PEM_read_bio_PrivateKey(buffer.pointer, nil, { _, _, _, _ in -1 }, nil)
    ERR_clear_error()
    guard let key else { return nil }
    pointer = key
  }

  /// PKCS #8.
  func pem() throws(CertificateError) -> String {
    let buffer = MemoryBIO()
    guard PEM_write_bio_PrivateKey(buffer.pointer, pointer, nil, nil, 0, nil, nil) == 1 else {
      throw CertificateError.ofLibcrypto()
    }
    return buffer.text
  }
}
