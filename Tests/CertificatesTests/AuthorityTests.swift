import BareMetal
import COpenSSL
import Certificates
import Testing
import Wire

let start = Timestamp(seconds: 1_800_000_000)

@Suite("A certification authority of our own")
struct AuthorityTests {
  @Test("What it signs is trusted by who trusts it, as the server of the names it was made for, while it lasts")
  func trusted() throws {
    let authority = try CertificateAuthority(commonName: "test", now: start)
    let name = "siderite-webhook.sidero-system.svc"
    let serving = try authority.issue(for: [name, "10.0.0.1"], now: start)
    func refusal(
      by root: CertificateAuthority = authority, at moment: Timestamp = start,
      as purpose: Int32 = X509_PURPOSE_SSL_SERVER
    ) throws -> Int32 {
      try verify(serving.certificate, trusting: root.certificate, at: moment, purpose: purpose)
    }
    #expect(try refusal() == X509_V_OK)
    #expect(try refusal(at: start.advanced(bySeconds: -3599)) == X509_V_OK)
    #expect(try refusal(at: start.advanced(bySeconds: -3601)) == X509_V_ERR_CERT_NOT_YET_VALID)
    #expect(try refusal(at: serving.notAfter.advanced(bySeconds: -1)) == X509_V_OK)
    #expect(try refusal(at: serving.notAfter.advanced(bySeconds: 1)) == X509_V_ERR_CERT_HAS_EXPIRED)
    #expect(try refusal(as: X509_PURPOSE_SSL_CLIENT) == X509_V_ERR_INVALID_PURPOSE)
    // Of the same name, and another key.
    #expect(try refusal(by: try CertificateAuthority(commonName: "test", now: start)) != X509_V_OK)

    try withCertificate(serving.certificate) { leaf in
      #expect(X509_check_host(leaf, name, name.utf8.count, 0, nil) == 1)
      #expect(X509_check_host(leaf, "siderite", 8, 0, nil) == 0)
      #expect(X509_check_ip_asc(leaf, "10.0.0.1", 0) == 1)
      #expect(X509_check_ip_asc(leaf, "10.0.0.2", 0) == 0)
      #expect(X509_check_ca(leaf) == 0)
    }
    try withCertificate(authority.certificate) { root in #expect(X509_check_ca(root) == 1) }
  }

  @Test("What is no name is not signed", arguments: ["", "a,DNS:kubernetes.default.svc", "a b", "a\nb", "fd00::1"])
  func badName(name: String) throws {
    let authority = try CertificateAuthority(commonName: "test", now: start)
    #expect(throws: Certificates.CertificateError.self) { try authority.issue(for: ["good", name], now: start) }
  }

  @Test("A long name is signed whole, though a common name has no room for it")
  func longName() throws {
    let name = String(repeating: "a", count: 63) + ".example"
    let serving = try CertificateAuthority(commonName: "test", now: start).issue(for: [name], now: start)
    try withCertificate(serving.certificate) { leaf in
      #expect(X509_check_host(leaf, name, name.utf8.count, 0, nil) == 1)
    }
  }

  private func withCertificate<Result>(_ pem: String, _ body: (OpaquePointer) throws -> Result) throws -> Result {
    let parsed = pem.withCString { text in
      // Reads where the text is, instead of copying it.
      let buffer = BIO_new_mem_buf(text, -1)
      defer { BIO_free(buffer) }
      return PEM_read_bio_X509(buffer, nil, nil, nil)
    }
    let certificate = try #require(parsed)
    defer { X509_free(certificate) }
    return try body(certificate)
  }

  /// libcrypto's verdict: X509_V_OK or why not.
  private func verify(_ pem: String, trusting root: String, at moment: Timestamp, purpose: Int32) throws -> Int32 {
    try withCertificate(pem) { leaf in
      try withCertificate(root) { root in
        let store = X509_STORE_new()
        defer { X509_STORE_free(store) }
        X509_STORE_add_cert(store, root)
        let context = X509_STORE_CTX_new()
        defer { X509_STORE_CTX_free(context) }
        X509_STORE_CTX_init(context, store, leaf, nil)
        X509_STORE_CTX_set_time(context, 0, time_t(moment.seconds))
        X509_STORE_CTX_set_purpose(context, purpose)
        _ = X509_verify_cert(context)
        return X509_STORE_CTX_get_error(context)
      }
    }
  }

  @Test("It is the same again when it is read from what was kept, also from among others")
  func readBack() throws {
    let old = try CertificateAuthority(commonName: "old", now: start)
    let new = try CertificateAuthority(commonName: "new", now: start)
    let read = try CertificateAuthority(certificates: old.certificate + new.certificate, key: new.key)
    #expect(read.certificate == new.certificate)
    #expect(read.notAfter == new.notAfter)
    #expect(try read.issue(for: ["a"], now: start).names == ["a"])
  }

  @Test("It is replaced a year before it ends, and nothing that it signs lives longer than it")
  func due() throws {
    let authority = try CertificateAuthority(commonName: "test", now: start)
    let end = authority.notAfter
    #expect(!authority.isDue(at: start))
    #expect(!authority.isDue(at: end.advanced(bySeconds: -366 * 86_400)))
    #expect(authority.isDue(at: end.advanced(bySeconds: -364 * 86_400)))
    #expect(try authority.issue(for: ["a"], now: end.advanced(bySeconds: -86_400)).notAfter == end)
    let serving = try authority.issue(for: ["a"], now: start)
    #expect(!serving.isDue(at: start.advanced(bySeconds: 59 * 86_400)))
    #expect(serving.isDue(at: start.advanced(bySeconds: 61 * 86_400)))
    #expect(serving.isDue(at: start.advanced(bySeconds: -1)))
  }

  @Test("A bundle keeps what is still good, each once")
  func bundle() throws {
    let one = try CertificateAuthority(commonName: "one", now: start)
    let later = start.advanced(bySeconds: CertificateAuthority.lifetimeSeconds + 86_400)
    let two = try CertificateAuthority(commonName: "two", now: later)
    let bundle = two.certificate + one.certificate + two.certificate
    #expect(try CertificateAuthority.valid(in: bundle, at: start) == two.certificate + one.certificate)
    #expect(try CertificateAuthority.valid(in: bundle, at: later) == two.certificate)
  }

  @Test(
    "What is no authority is refused, and nothing of its key is told",
    arguments: [
      ("", ""), ("rubbish", "rubbish"), ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x"),
    ])
  func rubbish(certificates: String, key: String) throws {
    func reason(_ body: () throws -> Void) -> String? {
      do {
        try body()
        return nil
      } catch {
        return (error as? Certificates.CertificateError)?.description
      }
    }
    let read = reason { _ = try CertificateAuthority(certificates: certificates, key: Secret(key)) }
    #expect(read?.contains("rubbish") == false)
    let authority = try CertificateAuthority(commonName: "a", now: start)
    #expect(reason { _ = try CertificateAuthority(certificates: certificates, key: authority.key) } != nil)
    #expect(reason { _ = try authority.issue(for: [], now: start) } != nil)
  }
}
