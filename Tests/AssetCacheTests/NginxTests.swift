import BareMetal
import Foundation
import Testing
import Wire

@testable import AssetCache

/// A real server's ranges and validators.
@Suite("nginx", .enabled(if: Nginx.path != nil, "nginx is not installed"))
struct NginxTests {
  @Test("A beginning is gone on with, an unchanged file not sent again, a changed one sent whole")
  func resumed() async throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.file("files"), withIntermediateDirectories: false)
    let kernel = bytes(3_000_001)
    try directory.write(kernel, to: "files/vmlinuz")
    try await Nginx.run(in: directory) { url in
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
