import BareMetal
import Certificates
import SwiftASN1
import Testing
import Wire
@_spi(FixedExpiryValidationTime) import X509

let start = Timestamp(seconds: 1_800_000_000)

@Suite("A certification authority of our own")
struct AuthorityTests {
  @Test("What it signs is trusted by who trusts it, for the names it was made for, and by nobody else")
  func trusted() async throws {
    let authority = try CertificateAuthority(commonName: "test", now: start)
    let serving = try authority.issue(for: ["siderite-webhook.sidero-system.svc", "10.0.0.1"], now: start)
    let leaf = try Certificate(pemEncoded: serving.certificate)
    let names = try #require(try leaf.extensions.subjectAlternativeNames)
    #expect(
      Array(names) == [
        .dnsName("siderite-webhook.sidero-system.svc"), .ipAddress(ASN1OctetString(contentBytes: [10, 0, 0, 1])),
      ])
    #expect(try leaf.extensions.basicConstraints == .notCertificateAuthority)
    func isTrusted(by authority: CertificateAuthority) async throws -> Bool {
      let root = try Certificate(pemEncoded: authority.certificate)
      var verifier = Verifier(rootCertificates: CertificateStore([root])) {
        RFC5280Policy(fixedExpiryValidationTime: leaf.notValidBefore)
      }
      if case .validCertificate = await verifier.validate(leaf: leaf, intermediates: CertificateStore()) { return true }
      return false
    }
    #expect(try await isTrusted(by: authority))
    #expect(try await !isTrusted(by: try CertificateAuthority(commonName: "test", now: start)))
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
