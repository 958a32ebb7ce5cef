import BareMetal
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Testing
import Wire

@testable import AssetCache

private let nginxPath = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"].first {
  FileManager.default.isExecutableFile(atPath: $0)
}

/// A real server's ranges and validators.
@Suite("nginx", .enabled(if: nginxPath != nil, "nginx is not installed"))
struct NginxTests {
  /// Runs nginx in the foreground, as one process, for the time of `body`.
  private func run(in directory: TemporaryDirectory, _ body: (String) async throws -> Void) async throws {
    // nginx cannot be asked for a free port: one is found for it.
    let probe = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = probe.localAddress?.port ?? 0
    try await probe.close()
    let configuration = """
      daemon off; master_process off; user root; pid \(directory.path)/pid; error_log \(directory.path)/error;
      events {}
      http {
        client_body_temp_path \(directory.path)/t1; proxy_temp_path \(directory.path)/t2;
        fastcgi_temp_path \(directory.path)/t3; uwsgi_temp_path \(directory.path)/t4; scgi_temp_path \(directory.path)/t5;
        log_format status "$status $http_range $http_if_range"; access_log \(directory.path)/access status;
        server { listen 127.0.0.1:\(port); root \(directory.path)/files; }
      }
      """
    try directory.write(Array(configuration.utf8), to: "nginx.conf")
    let nginx = try start([
      try #require(nginxPath), "-c", directory.file("nginx.conf"), "-p", directory.path, "-e", directory.file("error"),
    ])
    defer {
      kill(nginx, SIGKILL)
      waitpid(nginx, nil, 0)
    }
    try await body("http://127.0.0.1:\(port)")
  }

  /// Not Foundation's `Process`, which waits for an end by itself.
  private func start(_ arguments: [String]) throws -> pid_t {
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    try #require(posix_spawn(&process, arguments[0], nil, nil, &words, [nil]) == 0)
    return process
  }

  @Test("A beginning is gone on with, an unchanged file not sent again, a changed one sent whole")
  func resumed() async throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.file("files"), withIntermediateDirectories: false)
    let kernel = bytes(3_000_001)
    try directory.write(kernel, to: "files/vmlinuz")
    try await run(in: directory) { url in
      let source = AssetSource(url: url + "/vmlinuz")
      do {
        let harness = try await CacheHarness.start(in: directory)
        await harness.cache.hold([source], contents: [], for: "default")
        try await harness.expect(source, is: kernel)
        await harness.stop()
      }
      // As a crash in the middle leaves it.
      let layout = try CacheDirectory(directory.file("cache"))
      let record = try #require(try layout.records().first)
      let key = try layout.key(of: source)
      try layout.remove(record.digest)
      try layout.remove(record)
      try layout.write(
        PartialRecord(validators: record.validators, total: record.bytes, boot: PartialRecord.currentBoot), key)
      try directory.write(Array(kernel[..<1_000_000]), to: "cache/partial/\(key)")
      do {
        let harness = try await CacheHarness.start(in: directory)
        await harness.cache.hold([source], contents: [], for: "default")
        try await harness.expect(source, is: kernel)
        await harness.stop()
      }
      let new = bytes(2_000_000, seed: 9)
      do {
        let harness = try await CacheHarness.start(in: directory, { $0.refreshInterval = .milliseconds(50) })
        await harness.cache.hold([source], contents: [], for: "default")
        let log = { String(decoding: try directory.bytes("access"), as: UTF8.self) }
        try await harness.wait(for: source) { _ in ((try? log()) ?? "").contains("\n304 ") }
        try directory.write(new, to: "files/vmlinuz")
        try await harness.wait(for: source) { $0.content?.digest == digest(new) }
        await harness.stop()
      }
      let lines = String(decoding: try directory.bytes("access"), as: UTF8.self).split(separator: "\n")
      // The first ones may have found nobody listening yet; those are not in the log.
      #expect(lines.first == "200 - -")
      #expect(lines.dropFirst().first?.hasPrefix("206 bytes=1000000- \\x22") == true)
      #expect(lines.contains { $0.hasPrefix("304 ") })
    }
  }
}
