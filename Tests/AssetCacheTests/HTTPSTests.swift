import BareMetal
import Foundation
import Glibc
import Testing

@testable import AssetCache

private let opensslPath = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first {
  FileManager.default.isExecutableFile(atPath: $0)
}

/// A release mirror with certificates of its company's own authority.
@Suite(
  "HTTPS", .enabled(if: Nginx.path != nil && opensslPath != nil, "nginx or openssl is not installed"),
  .timeLimit(.minutes(2)))
struct HTTPSTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.file("files"), withIntermediateDirectories: false)
  }

  private func openssl(_ arguments: String...) throws {
    let process = try Nginx.start([try #require(opensslPath)] + arguments)
    var status: Int32 = 0
    while waitpid(process, &status, 0) == -1, errno == EINTR {}
    try #require(status == 0, "openssl \(arguments.joined(separator: " "))")
  }

  /// `NAME.pem` and `NAME.key` of an authority.
  private func makeAuthority(_ name: String) throws {
    try openssl(
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
      "/CN=\(name)", "-keyout", directory.file("\(name).key"), "-out", directory.file("\(name).pem"))
  }

  /// `mirror.pem` and `mirror.key` of a server.
  private func makeServer(named subject: String, by authority: String) throws {
    try openssl(
      "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=mirror", "-keyout",
      directory.file("mirror.key"), "-out", directory.file("mirror.csr"))
    try directory.write(Array("subjectAltName=\(subject)\n".utf8), to: "names")
    try openssl(
      "x509", "-req", "-days", "2", "-in", directory.file("mirror.csr"), "-extfile", directory.file("names"), "-CA",
      directory.file("\(authority).pem"), "-CAkey", directory.file("\(authority).key"), "-CAcreateserial", "-out",
      directory.file("mirror.pem"))
  }

  private func harness(trusting authority: String?) async throws -> CacheHarness {
    let trusted = try authority.map { try TrustedCertificates(path: directory.file("\($0).pem")) }
    return try await CacheHarness.start(in: directory) { configuration in
      configuration.trusted = trusted
      configuration.connectTime = .seconds(5)
      configuration.stallTime = .seconds(5)
    }
  }

  @Test("A file comes from a mirror whose authority is trusted, byte for byte, and its rest where a beginning is here")
  func trusted() async throws {
    let kernel = bytes(3_000_001)
    try directory.write(kernel, to: "files/vmlinuz")
    try makeAuthority("ours")
    try makeServer(named: "IP:127.0.0.1", by: "ours")
    try await Nginx.run(in: directory, tls: "mirror") { url in
      let source = AssetSource(url: url + "/vmlinuz", sha512: digest(kernel))
      let layout = try CacheDirectory(directory.file("cache"))
      let key = try layout.key(of: source)
      try layout.write(
        PartialRecord(validators: Validators(), total: Int64(kernel.count), boot: PartialRecord.currentBoot), key)
      try directory.write(Array(kernel[..<1_000_000]), to: "cache/partial/\(key)")
      let harness = try await harness(trusting: "ours")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: kernel)
      await harness.stop()
      #expect(String(decoding: try directory.bytes("access"), as: UTF8.self).hasPrefix("206 bytes=1000000-"))
    }
  }

  @Test(
    "Nobody, or another authority, is trusted: nothing is fetched, and the reason says what to do",
    arguments: [true, false])
  func unknownAuthority(isAnother: Bool) async throws {
    try directory.write(bytes(1000), to: "files/vmlinuz")
    try makeAuthority("ours")
    try makeAuthority("theirs")
    try makeServer(named: "IP:127.0.0.1", by: "ours")
    try await Nginx.run(in: directory, tls: "mirror") { url in
      let source = AssetSource(url: url + "/vmlinuz")
      let harness = try await harness(trusting: isAnother ? "theirs" : nil)
      await harness.cache.hold([source], contents: [], for: "default")
      let failure = try await untilListening(harness, source)
      #expect(failure.message.hasPrefix("nobody we trust vouches for the server's certificate"))
      #expect(failure.message.contains("assetCa"))
      await harness.stop()
    }
  }

  @Test("A certificate of another name is none of this server's")
  func otherName() async throws {
    try directory.write(bytes(1000), to: "files/vmlinuz")
    try makeAuthority("ours")
    try makeServer(named: "DNS:mirror.example", by: "ours")
    try await Nginx.run(in: directory, tls: "mirror") { url in
      let source = AssetSource(url: url + "/vmlinuz")
      let harness = try await harness(trusting: "ours")
      await harness.cache.hold([source], contents: [], for: "default")
      #expect(try await untilListening(harness, source).message.contains("another server's"))
      await harness.stop()
    }
  }

  @Test("A server that speaks no TLS is told from one that is not there")
  func noTLS() async throws {
    try directory.write(bytes(1000), to: "files/vmlinuz")
    try await Nginx.run(in: directory) { url in
      let source = AssetSource(url: url.replacingOccurrences(of: "http:", with: "https:") + "/vmlinuz")
      let harness = try await harness(trusting: nil)
      await harness.cache.hold([source], contents: [], for: "default")
      #expect(try await untilListening(harness, source).message.contains("speaks no TLS"))
      await harness.stop()
    }
  }

  @Test("From https: the way leads to http: only for a file whose digest is known")
  func downgraded() async throws {
    let kernel = bytes(3000)
    try directory.write(kernel, to: "files/vmlinuz")
    try makeAuthority("ours")
    try makeServer(named: "IP:127.0.0.1", by: "ours")
    let plain = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: plain.file("files"), withIntermediateDirectories: false)
    try plain.write(kernel, to: "files/vmlinuz")
    try await Nginx.run(in: plain) { target in
      let moved = "location /moved { return 302 \(target)/vmlinuz; }"
      try await Nginx.run(in: directory, tls: "mirror", more: moved) { url in
        let harness = try await harness(trusting: "ours")
        let (pinned, open) = (
          AssetSource(url: url + "/moved", sha512: digest(kernel)), AssetSource(url: url + "/moved")
        )
        await harness.cache.hold([pinned, open], contents: [], for: "default")
        try await harness.expect(pinned, is: kernel)
        #expect(try await harness.failure(.redirected, of: open).message.contains("from https: to http:"))
        await harness.stop()
      }
    }
  }

  @Test("A file that holds no certificates is refused")
  func noCertificates() throws {
    try directory.write(Array("-----BEGIN NOTHING-----\n".utf8), to: "empty.pem")
    #expect(throws: AssetFailure.self) { try TrustedCertificates(path: directory.file("empty.pem")) }
    #expect(throws: AssetFailure.self) { try TrustedCertificates(path: directory.file("none.pem")) }
  }

  /// The first failure that is not of a server that is yet to listen.
  private func untilListening(_ harness: CacheHarness, _ source: AssetSource) async throws -> AssetFailure {
    let state = try await harness.wait(for: source) {
      if case .failed(let failure) = $0.activity { failure.message != "nobody listens there" } else { false }
    }
    guard case .failed(let failure) = state.activity else { throw CancellationError() }
    return failure
  }
}
