import BareMetal
import Foundation
import Testing
import Wire

@testable import AssetCache

@Suite("Fetching over HTTP")
struct FetchTests {
  /// Several batches, no multiple of one.
  static let kernel = bytes(3_000_001)

  @Test("SHA-512 of 'abc' is FIPS 180-4's")
  func vector() {
    #expect(
      digest(Array("abc".utf8))
        == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
  }

  @Test("A file with its digest and one without are here, by what is in them, after one request each")
  func fetched() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: Self.kernel), at: "/vmlinuz")
    server.serve(.init(content: [1, 2, 3]), at: "/initramfs")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let kernel = AssetSource(url: server.url + "/vmlinuz", sha512: digest(Self.kernel).uppercased())
      let initrd = AssetSource(url: server.url + "/initramfs", sha512: "")
      await harness.cache.hold([kernel, initrd], contents: [], for: "default")
      try await harness.expect(kernel, is: Self.kernel)
      try await harness.expect(initrd, is: [1, 2, 3])
      #expect(harness.directory.names("cache/sha512") == [digest(Self.kernel), digest([1, 2, 3])].sorted())
      #expect(harness.directory.names("cache/partial").isEmpty)
      #expect(server.requests.map(\.status) == [200, 200])
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A transfer that was cut is gone on with where it ended, as the same file")
  func resumed() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: Self.kernel, etag: "\"one\"", faults: [.cut(after: 1_000_000)]), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: Self.kernel)
      let requests = server.requests
      #expect(requests.map(\.status) == [200, 206])
      // What was on its way when the connection broke may be lost.
      let first = try #require(requests.last?.range.flatMap { Int($0.dropFirst("bytes=".count).dropLast()) })
      #expect((1...1_000_000).contains(first))
      #expect(requests.last?.ifRange == "\"one\"")
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A weak ETag vouches for nothing: the time of the file does")
  func weak() async throws {
    let server = try await FaultyServer.start()
    let time = "Tue, 24 Nov 2026 10:00:00 GMT"
    server.serve(
      .init(content: Self.kernel, etag: "W/\"one\"", lastModified: time, faults: [.cut(after: 1_000_000)]),
      at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: Self.kernel)
      #expect(server.requests.last?.ifRange == time)
      await harness.stop()
    }
    await server.stop()
  }

  @Test("Cut three times, by a server without ranges at last: the whole comes again")
  func withoutRanges() async throws {
    let server = try await FaultyServer.start()
    server.serve(
      .init(
        content: Self.kernel, etag: "\"one\"", hasRanges: false, faults: [.cut(after: 10), .cut(after: 2_000_000)]),
      at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: Self.kernel)
      #expect(server.requests.map(\.status) == [200, 200, 200])
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A beginning of what the file was before is not put in front of what it is now")
  func changedBetween() async throws {
    let server = try await FaultyServer.start()
    let new = bytes(2_500_000, seed: 7)
    server.serve(.init(content: Self.kernel, etag: "\"one\"", always: .cut(after: 1_000_000)), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.failure(.truncated, of: source)
      server.serve(.init(content: new, etag: "\"two\""), at: "/vmlinuz")
      try await harness.expect(source, is: new)
      #expect(server.requests.last?.ifRange == "\"one\"")
      await harness.stop()
    }
    await server.stop()
  }

  @Test("Without validators only a digest allows to go on, and a wrong beginning is found out by it")
  func pinned() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: Self.kernel, faults: [.cut(after: 1_000_000)]), at: "/pinned")
    server.serve(.init(content: Self.kernel, faults: [.cut(after: 1_000_000)]), at: "/open")
    let directory = try TemporaryDirectory()
    do {
      let harness = try await CacheHarness.start(in: directory)
      let pinned = AssetSource(url: server.url + "/pinned", sha512: digest(Self.kernel))
      let open = AssetSource(url: server.url + "/open")
      await harness.cache.hold([pinned, open], contents: [], for: "default")
      try await harness.expect(pinned, is: Self.kernel)
      try await harness.expect(open, is: Self.kernel)
      await harness.stop()
    }
    #expect(server.requests("/pinned").map(\.status) == [200, 206])
    #expect(server.requests("/open").map(\.status) == [200, 200])

    // The beginning of another file, as if the server's had changed.
    let other = bytes(2_999_999, seed: 3)
    let source = AssetSource(url: server.url + "/other", sha512: digest(other))
    let layout = try CacheDirectory(directory.file("cache"))
    let key = try layout.key(of: source)
    try layout.write(PartialRecord(validators: Validators(), total: 2_999_999, boot: "another"), key)
    try directory.write(Array(Self.kernel[..<500_000]), to: "cache/partial/\(key)")
    server.serve(.init(content: other), at: "/other")
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: other)
      #expect(server.requests("/other").map(\.status) == [206, 200])
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A part that was not asked for is not taken")
  func otherPart() async throws {
    let server = try await FaultyServer.start()
    server.serve(
      .init(content: Self.kernel, etag: "\"one\"", faults: [.cut(after: 1_000_000), .otherPart]), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: Self.kernel)
      #expect(server.requests.map(\.status) == [200, 206, 200])
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A daemon that ends in the middle goes on after its restart")
  func restarted() async throws {
    let server = try await FaultyServer.start()
    server.serve(
      .init(content: Self.kernel, etag: "\"one\"", faults: [.hang(after: 2_000_000)]), at: "/vmlinuz")
    let directory = try TemporaryDirectory()
    let source = AssetSource(url: server.url + "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: directory, { $0.stallTime = .seconds(60) })
      await harness.cache.hold([source], contents: [], for: "default")
      let state = try await harness.wait(for: source) {
        if case .fetching(2_000_000, 3_000_001?) = $0.activity { true } else { false }
      }
      #expect(state.content == nil)
      await harness.stop()
    }
    #expect(!directory.names("cache/partial").isEmpty)
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold([source], contents: [], for: "default")
      await harness.cache.allHeld()
      try await harness.expect(source, is: Self.kernel)
      await harness.stop()
    }
    #expect(server.requests.map(\.status) == [200, 206])
    await server.stop()
  }

  @Test("A wrong digest is told, nothing of it is kept, and the same wrong file is not sent again")
  func wrongDigest() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: [1, 2, 3], etag: "\"one\""), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let source = AssetSource(url: server.url + "/vmlinuz", sha512: digest([3, 2, 1]))
      await harness.cache.hold([source], contents: [], for: "default")
      let failure = try await harness.failure(.digestMismatch, of: source)
      #expect(failure.message.contains(digest([1, 2, 3]).prefix(16)))
      try await harness.wait(for: source) { _ in server.requests.count >= 3 }
      #expect(server.requests.dropFirst().allSatisfy { $0.status == 304 && $0.ifNoneMatch == "\"one\"" })
      try await harness.failure(.digestMismatch, of: source)
      #expect(harness.directory.names("cache/sha512").isEmpty)
      #expect(harness.directory.names("cache/partial").isEmpty)
      server.serve(.init(content: [3, 2, 1], etag: "\"two\""), at: "/vmlinuz")
      try await harness.expect(source, is: [3, 2, 1])
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A URL whose content changes is fetched again, and not while it does not change; the old stays meanwhile")
  func refreshed() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: [1], etag: "\"one\""), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory(), { $0.refreshInterval = .milliseconds(20) })
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: [1])
      try await harness.wait(for: source) { _ in server.requests.count >= 4 }
      #expect(server.requests.dropFirst().allSatisfy { $0.status == 304 })
      server.serve(.init(content: [2, 2], etag: "\"two\"", faults: [.status(500), .cut(after: 1)]), at: "/vmlinuz")
      let failed = try await harness.wait(for: source) {
        if case .failed = $0.activity { true } else { false }
      }
      #expect(failed.content?.digest == digest([1]))
      try await harness.wait(for: source) { $0.content?.digest == digest([2, 2]) }
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A server that falls silent is given up, and the transfer gone on with")
  func stalled() async throws {
    let server = try await FaultyServer.start()
    server.serve(
      .init(content: Self.kernel, etag: "\"one\"", faults: [.silence, .hang(after: 1_500_000)]), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.failure(.stalled, of: source)
      try await harness.expect(source, is: Self.kernel)
      #expect(server.requests.map(\.status) == [0, 200, 206])
      #expect(server.requests.last?.range == "bytes=1500000-")
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A redirect is followed; one in a circle, and one to where we do not go, is told")
  func redirects() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: [], always: .redirect("/release/vmlinuz")), at: "/latest")
    server.serve(.init(content: Self.kernel, etag: "\"one\"", faults: [.cut(after: 100_000)]), at: "/release/vmlinuz")
    server.serve(.init(content: [], always: .redirect("/b")), at: "/a")
    server.serve(.init(content: [], always: .redirect("/a")), at: "/b")
    server.serve(.init(content: [], always: .redirect("file:///etc/passwd")), at: "/file")
    for hop in 0..<9 { server.serve(.init(content: [], always: .redirect("/hop\(hop + 1)")), at: "/hop\(hop)") }
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let sources = ["/latest", "/a", "/file", "/hop0"].map { AssetSource(url: server.url + $0) }
      await harness.cache.hold(Set(sources), contents: [], for: "default")
      try await harness.expect(sources[0], is: Self.kernel)
      #expect(server.requests("/release/vmlinuz").map(\.status) == [200, 206])
      try await harness.failure(.redirected, of: sources[1])
      try await harness.wait(for: sources[2]) { if case .failed = $0.activity { true } else { false } }
      #expect(await harness.cache.states(of: [sources[2]])[sources[2]]?.content == nil)
      try await harness.failure(.redirected, of: sources[3])
      await harness.stop()
    }
    await server.stop()
  }

  @Test(
    "What a server answers in place of the file has a name",
    arguments: [
      (404, AssetFailure.Reason.notFound), (410, .notFound), (403, .refused), (401, .refused), (500, .serverError),
      (503, .serverError), (429, .serverError), (204, .malformed),
    ])
  func statuses(_ status: Int, _ reason: AssetFailure.Reason) async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: [1], faults: [.status(status)]), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory(), { $0.longestRetry = .milliseconds(100) })
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      let failure = try await harness.failure(reason, of: source)
      #expect(failure.message.contains("\(status)"))
      try await harness.expect(source, is: [1])
      await harness.stop()
    }
    await server.stop()
  }

  @Test("Nobody there, no such host, no HTTP: each is told, and none is the end")
  func unreachable() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: [1], faults: [.hangUp], always: .raw("SSH-2.0-OpenSSH\r\n\r\n")), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory(), { $0.longestRetry = .milliseconds(100) })
      let other = try await FaultyServer.start()
      let gone = other.url
      await other.stop()
      let nobody = AssetSource(url: gone + "/vmlinuz")
      let nameless = AssetSource(url: "http://no-such-host.invalid/vmlinuz")
      let broken = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([nobody, nameless, broken], contents: [], for: "default")
      let message = try await harness.failure(.unreachable, of: nobody).message
      #expect(message.contains("nobody listens"))
      try await harness.failure(.unreachable, of: nameless)
      try await harness.failure(.malformed, of: broken)
      server.serve(.init(content: [1]), at: "/vmlinuz")
      try await harness.expect(broken, is: [1])
      await harness.stop()
    }
    await server.stop()
  }

  @Test("More than was announced, and more than any boot file is, is not taken")
  func tooLarge() async throws {
    let server = try await FaultyServer.start()
    server.serve(
      .init(content: Self.kernel, etag: "\"one\"", faults: [.cut(after: 1_000_000), .longer]), at: "/longer")
    server.serve(.init(content: bytes(3_000_002)), at: "/larger")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory(), { $0.largestFile = 3_000_001 })
      let longer = AssetSource(url: server.url + "/longer")
      let larger = AssetSource(url: server.url + "/larger")
      await harness.cache.hold([longer, larger], contents: [], for: "default")
      try await harness.failure(.tooLarge, of: longer)
      try await harness.expect(longer, is: Self.kernel)
      try await harness.failure(.tooLarge, of: larger)
      #expect(harness.directory.names("cache/sha512") == [digest(Self.kernel)])
      #expect(harness.directory.names("cache/partial").isEmpty)
      await harness.stop()
    }
    await server.stop()
  }

  @Test("No more transfers at a time than are allowed")
  func bounded() async throws {
    let server = try await FaultyServer.start()
    let sources = (0..<12).map { AssetSource(url: server.url + "/\($0)") }
    for number in 0..<12 { server.serve(.init(content: bytes(200_000, seed: number)), at: "/\(number)") }
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory(), { $0.concurrentFetches = 3 })
      await harness.cache.hold(Set(sources), contents: [], for: "default")
      for (number, source) in sources.enumerated() {
        try await harness.expect(source, is: bytes(200_000, seed: number))
      }
      #expect(server.mostOpen <= 3)
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A server that does not answer keeps nobody from another, nor from this host's own files")
  func apart() async throws {
    let silent = try await FaultyServer.start()
    let server = try await FaultyServer.start()
    let directory = try TemporaryDirectory()
    try directory.write([7], to: "vmlinuz")
    do {
      let harness = try await CacheHarness.start(
        in: directory,
        {
          $0.concurrentFetches = 4
          $0.stallTime = .seconds(60)
        })
      let stuck = (0..<20).map { AssetSource(url: silent.url + "/\($0)") }
      for number in 0..<20 { silent.serve(.init(content: [1], always: .silence), at: "/\(number)") }
      server.serve(.init(content: [2]), at: "/vmlinuz")
      await harness.cache.hold(Set(stuck), contents: [], for: "default")
      try await harness.wait(for: stuck[0]) { _ in silent.requests.count == 2 }
      let other = AssetSource(url: server.url + "/vmlinuz")
      let file = AssetSource(url: "file://" + directory.file("vmlinuz"))
      await harness.cache.hold([other, file], contents: [], for: "custom")
      try await harness.expect(other, is: [2])
      try await harness.expect(file, is: [7])
      #expect(silent.requests.count == 2)
      await harness.stop()
    }
    await silent.stop()
    await server.stop()
  }

  @Test("A source that nobody wants any more is not fetched to its end, and leaves nothing")
  func unwanted() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: Self.kernel, always: .hang(after: 1_000_000)), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory())
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.wait(for: source) {
        if case .fetching(1_000_000, _) = $0.activity { true } else { false }
      }
      await harness.cache.hold([], contents: [], for: "default")
      try await harness.wait(for: source) { _ in harness.directory.names("cache/partial").isEmpty }
      #expect(server.requests.count == 1)
      await harness.stop()
    }
    await server.stop()
  }
}
