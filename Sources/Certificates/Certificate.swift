import COpenSSL
import Wire

/// An X.509 certificate (RFC 5280), read or in the making: libcrypto's.
///
/// Not Sendable: whoever keeps one keeps its PEM text.
final class Certificate {
  /// RFC 5280 §4.1.2.2: positive, and no more than 20 bytes with its sign. Random, so that nobody has to count.
  private static let serialNumberBits: Int32 = 159

  private let pointer: OpaquePointer

  private init(_ pointer: OpaquePointer) {
    self.pointer = pointer
  }

  deinit { X509_free(pointer) }

  /// Begins one, version 3. It has no extensions and is not signed yet.
  /// - Parameter issuer: who is going to sign it; itself if none is given.
  init(
    subject: String, publicKey: borrowing PrivateKey, issuer: Certificate? = nil, notBefore: Timestamp,
    notAfter: Timestamp
  ) throws(CertificateError) {
    guard let pointer = X509_new() else { throw CertificateError.ofLibcrypto() }
    self.pointer = pointer
    let serialNumber = BN_new()
    defer { BN_free(serialNumber) }
    let name = Array(subject.utf8)
    let own = X509_get_subject_name(pointer)
    guard X509_set_version(pointer, Int(X509_VERSION_3)) == 1,
      BN_rand(serialNumber, Self.serialNumberBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1,
      BN_to_ASN1_INTEGER(serialNumber, X509_get_serialNumber(pointer)) != nil,
      ASN1_TIME_set(X509_getm_notBefore(pointer), time_t(notBefore.seconds)) != nil,
      ASN1_TIME_set(X509_getm_notAfter(pointer), time_t(notAfter.seconds)) != nil,
      X509_NAME_add_entry_by_NID(own, NID_commonName, MBSTRING_UTF8, name, Int32(name.count), -1, 0) == 1,
      X509_set_issuer_name(pointer, issuer.map { X509_get_subject_name($0.pointer) } ?? own) == 1,
      X509_set_pubkey(pointer, publicKey.pointer) == 1
    else { throw CertificateError.ofLibcrypto() }
  }

  /// Adds an extension (RFC 5280 §4.2).
  /// - Parameters:
  ///   - identifier: libcrypto's number of it, `NID_…`.
  ///   - value: as x509v3_config(5) writes it.
  ///   - issuer: who is going to sign; itself if none is given.
  func add(_ identifier: Int32, _ value: String, issuer: Certificate? = nil) throws(CertificateError) {
    var context = X509V3_CTX()
    X509V3_set_ctx(&context, (issuer ?? self).pointer, pointer, nil, nil, 0)
    guard let part = X509V3_EXT_conf_nid(nil, &context, identifier, value) else { throw CertificateError.ofLibcrypto() }
    defer { X509_EXTENSION_free(part) }
    guard X509_add_ext(pointer, part, -1) == 1 else { throw CertificateError.ofLibcrypto() }
  }

  func sign(with key: borrowing PrivateKey) throws(CertificateError) {
    guard X509_sign(pointer, key.pointer, EVP_sha256()) > 0 else { throw CertificateError.ofLibcrypto() }
  }

  func belongs(to key: borrowing PrivateKey) -> Bool { EVP_PKEY_eq(X509_get0_pubkey(pointer), key.pointer) == 1 }

  var notAfter: Timestamp {
    let epoch = ASN1_TIME_set(nil, 0)
    defer { ASN1_TIME_free(epoch) }
    var (days, seconds): (Int32, Int32) = (0, 0)
    // What has no readable end is over.
    guard ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(pointer)) == 1 else { return Timestamp(seconds: 0) }
    return Timestamp(seconds: Int64(days) * 86_400 + Int64(seconds))
  }

  func pem() throws(CertificateError) -> String {
    let buffer = MemoryBIO()
    guard PEM_write_bio_X509(buffer.pointer, pointer) == 1 else { throw CertificateError.ofLibcrypto() }
    return buffer.text
  }

  /// All that a text has, in its order.
  /// - Throws: if one of them cannot be read, or if there is none.
  static func read(_ pem: String) throws(CertificateError) -> [Certificate] {
    var certificates: [Certificate] = []
    let buffer = MemoryBIO(pem)
    ERR_clear_error()
    while let pointer = PEM_read_bio_X509(buffer.pointer, nil, nil, nil) { certificates.append(Certificate(pointer)) }
    let isAtEnd = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
    ERR_clear_error()
    guard isAtEnd, !certificates.isEmpty else { throw CertificateError("its certificates cannot be read") }
    return certificates
  }
}
