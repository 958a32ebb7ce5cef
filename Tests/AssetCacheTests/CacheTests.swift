import BareMetal
import Foundation
import Glibc
import Testing
import Wire

@testable import AssetCache

@Suite("What the cache keeps")
struct CacheTests {
  @Test("Two Environments that share a file have it fetched once, and kept until the last lets go")
  func shared() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: [1, 2, 3]), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory(), { $0.sizeLimit = 1 })
      let source = AssetSource(url: server.url + "/vmlinuz", sha512: digest([1, 2, 3]))
      // A limit that nothing fits in would refuse it: it is told to be larger than the file here, and smaller below.
      await harness.cache.hold([source], contents: [], for: "one")
      await harness.cache.hold([source], contents: [], for: "two")
      try await harness.failure(.noSpace, of: source)
      await harness.stop()
    }
    let directory = try TemporaryDirectory()
    do {
      let harness = try await CacheHarness.start(in: directory)
      let source = AssetSource(url: server.url + "/vmlinuz", sha512: digest([1, 2, 3]))
      let before = server.requests.count
      await harness.cache.hold([source], contents: [], for: "one")
      await harness.cache.hold([source], contents: [], for: "two")
      try await harness.expect(source, is: [1, 2, 3])
      #expect(server.requests.count == before + 1)
      await harness.stop()
    }
    do {
      let harness = try await CacheHarness.start(in: directory, { $0.sizeLimit = 1 })
      let source = AssetSource(url: server.url + "/vmlinuz", sha512: digest([1, 2, 3]))
      await harness.cache.hold([source], contents: [], for: "one")
      await harness.cache.hold([source], contents: [], for: "two")
      await harness.cache.allHeld()
      #expect(directory.names("cache/sha512").count == 1)
      await harness.cache.hold([], contents: [], for: "one")
      await harness.cache.allHeld()
      #expect(directory.names("cache/sha512").count == 1)
      await harness.cache.hold([], contents: [digest([1, 2, 3])], for: "two")
      await harness.cache.allHeld()
      #expect(directory.names("cache/sha512").count == 1)
      await harness.cache.hold([], contents: [], for: "two")
      await harness.cache.allHeld()
      #expect(directory.names("cache/sha512").isEmpty)
      #expect(directory.names("cache/sources").isEmpty)
      await harness.stop()
    }
    await server.stop()
  }

  @Test("The least recently used goes first, what is in use never, and what then does not fit is told")
  func evicted() async throws {
    let server = try await FaultyServer.start()
    let files = (0..<5).map { bytes(100_000, seed: $0 + 1) }
    for (number, file) in files.enumerated() { server.serve(.init(content: file), at: "/\(number)") }
    let sources = (0..<5).map { AssetSource(url: server.url + "/\($0)") }
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory(), { $0.sizeLimit = 350_000 })
      await harness.cache.allHeld()
      for number in 0..<3 {
        await harness.cache.hold([sources[number]], contents: [], for: "\(number)")
        _ = try await harness.content(of: sources[number])
      }
      // 1 is let go before 0; 2 is served still although its source is not wanted.
      await harness.cache.hold([], contents: [], for: "1")
      await harness.cache.hold([], contents: [], for: "0")
      await harness.cache.hold([], contents: [digest(files[2])], for: "2")
      let now = Date()
      for (number, seconds) in [(1, -20.0), (0, -10.0)] {
        try FileManager.default.setAttributes(
          [.modificationDate: now.addingTimeInterval(seconds)],
          ofItemAtPath: harness.directory.file("cache/sha512/\(digest(files[number]))"))
      }
      await harness.cache.hold([sources[3]], contents: [], for: "3")
      _ = try await harness.content(of: sources[3])
      #expect(harness.directory.names("cache/sha512") == [0, 2, 3].map { digest(files[$0]) }.sorted())
      await harness.cache.hold([sources[4]], contents: [], for: "4")
      _ = try await harness.content(of: sources[4])
      #expect(harness.directory.names("cache/sha512") == [2, 3, 4].map { digest(files[$0]) }.sorted())
      // Everything is in use now.
      await harness.cache.hold([sources[0]], contents: [], for: "0")
      let failure = try await harness.failure(.noSpace, of: sources[0])
      #expect(failure.message.contains("cacheSizeLimit"))
      #expect(harness.directory.names("cache/sha512") == [2, 3, 4].map { digest(files[$0]) }.sorted())
      await harness.stop()
    }
    await server.stop()
  }

  @Test("Nothing is removed before everybody has said what it holds")
  func notYet() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: bytes(100_000)), at: "/0")
    let directory = try TemporaryDirectory()
    let source = AssetSource(url: server.url + "/0")
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold([source], contents: [], for: "default")
      _ = try await harness.content(of: source)
      await harness.stop()
    }
    do {
      let harness = try await CacheHarness.start(in: directory, { $0.sizeLimit = 100 })
      await harness.cache.hold([], contents: [], for: "other")
      #expect(directory.names("cache/sha512").count == 1)
      await harness.cache.allHeld()
      #expect(directory.names("cache/sha512").isEmpty)
      await harness.stop()
    }
    await server.stop()
  }

  @Test("After a restart everything is here at once, without network; digests are checked behind")
  func restarted() async throws {
    let directory = try TemporaryDirectory()
    let (kernel, initrd) = (bytes(300_000), bytes(400_000, seed: 2))
    let server = try await FaultyServer.start()
    server.serve(.init(content: kernel, etag: "\"k\""), at: "/vmlinuz")
    server.serve(.init(content: initrd), at: "/initramfs")
    let sources = [
      AssetSource(url: server.url + "/vmlinuz"),
      AssetSource(url: server.url + "/initramfs", sha512: digest(initrd)),
    ]
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold(Set(sources), contents: [], for: "default")
      for source in sources { _ = try await harness.content(of: source) }
      await harness.stop()
    }
    await server.stop()
    // The server is gone.
    var configuration = CacheHarness.configuration(directory.file("cache"))
    configuration.longestRetry = .seconds(60)
    let cache = try AssetCache(configuration: configuration, logger: .silent, now: { .now })
    await cache.hold(Set(sources), contents: [], for: "default")
    let states = await cache.states(of: Set(sources))
    #expect(states[sources[0]]?.content?.digest == digest(kernel))
    #expect(states[sources[1]]?.content?.digest == digest(initrd))
    #expect(states[sources[1]]?.activity == .idle)
    let contents = await cache.contents([digest(kernel), digest(initrd), digest([])])
    #expect(Set(contents.keys) == [digest(kernel), digest(initrd)])
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold(Set(sources), contents: [], for: "default")
      try await harness.failure(.unreachable, of: sources[0])
      let state = await harness.cache.states(of: [sources[0]])[sources[0]]
      #expect(state?.content?.digest == digest(kernel))
      await harness.stop()
    }
  }

  @Test("A damaged file is found after the start, no longer had, and fetched again")
  func damaged() async throws {
    let server = try await FaultyServer.start()
    let kernel = bytes(300_000)
    server.serve(.init(content: kernel), at: "/vmlinuz")
    let directory = try TemporaryDirectory()
    let source = AssetSource(url: server.url + "/vmlinuz", sha512: digest(kernel))
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold([source], contents: [], for: "default")
      _ = try await harness.content(of: source)
      await harness.stop()
    }
    var damaged = kernel
    damaged[150_000] ^= 1
    try directory.write(damaged, to: "cache/sha512/\(digest(kernel))")
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.wait(for: source) { _ in server.requests.count == 2 }
      try await harness.expect(source, is: kernel)
      await harness.stop()
    }
    // Of another size: not even looked into.
    try directory.write([1], to: "cache/sha512/\(digest(kernel))")
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: kernel)
      #expect(server.requests.count == 3)
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A file that somebody removes is fetched again")
  func removed() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: [1, 2]), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory(), { $0.fileInterval = .milliseconds(10) })
      let source = AssetSource(url: server.url + "/vmlinuz", sha512: digest([1, 2]))
      await harness.cache.hold([source], contents: [], for: "default")
      let state = try await harness.wait(for: source) { $0.content != nil }
      let path = try #require(state.content?.path)
      try FileManager.default.removeItem(atPath: path)
      try await harness.wait(for: source) { _ in server.requests.count == 2 }
      try await harness.expect(source, is: [1, 2])
      await harness.stop()
    }
    await server.stop()
  }

  // MARK: Crashes

  @Test("A crash between the last byte and the rename: the file is whole, and nothing is asked")
  func beforeRename() async throws {
    let server = try await FaultyServer.start()
    let kernel = bytes(300_000)
    let directory = try TemporaryDirectory()
    let layout = try CacheDirectory(directory.file("cache"))
    let pinned = AssetSource(url: server.url + "/pinned", sha512: digest(kernel))
    let open = AssetSource(url: server.url + "/open")
    server.serve(.init(content: kernel, etag: "\"one\""), at: "/open")
    for source in [pinned, open] {
      let key = try layout.key(of: source)
      try directory.write(kernel, to: "cache/partial/\(key)")
      try layout.write(
        PartialRecord(validators: Validators(etag: "\"one\""), total: 300_000, boot: PartialRecord.currentBoot), key)
    }
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold([pinned, open], contents: [], for: "default")
      try await harness.expect(pinned, is: kernel)
      try await harness.expect(open, is: kernel)
      #expect(server.requests.map(\.status) == [416])
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A crash between the rename and the record: the file is read, then used")
  func beforeRecord() async throws {
    let server = try await FaultyServer.start()
    let kernel = bytes(300_000)
    let directory = try TemporaryDirectory()
    _ = try CacheDirectory(directory.file("cache"))
    try directory.write(kernel, to: "cache/sha512/\(digest(kernel))")
    // A name that is not what is in it.
    let initrd = bytes(1000, seed: 4)
    try directory.write([1], to: "cache/sha512/\(digest(initrd))")
    server.serve(.init(content: initrd), at: "/initramfs")
    try directory.write([1], to: "cache/sources/0123.json.new")
    try directory.write(Array("{\"url\": ".utf8), to: "cache/sources/4567.json")
    do {
      let harness = try await CacheHarness.start(in: directory)
      let kernelSource = AssetSource(url: server.url + "/vmlinuz", sha512: digest(kernel))
      let initrdSource = AssetSource(url: server.url + "/initramfs", sha512: digest(initrd))
      await harness.cache.hold([kernelSource, initrdSource], contents: [], for: "default")
      try await harness.expect(kernelSource, is: kernel)
      try await harness.expect(initrdSource, is: initrd)
      #expect(server.requests.map(\.path) == ["/initramfs"])
      await harness.stop()
    }
    await server.stop()
  }

  @Test("A power failure may leave zeros at the end: without a digest such a beginning is not trusted")
  func powerFailure() async throws {
    let server = try await FaultyServer.start()
    let kernel = bytes(300_000)
    let directory = try TemporaryDirectory()
    let layout = try CacheDirectory(directory.file("cache"))
    let source = AssetSource(url: server.url + "/vmlinuz")
    let key = try layout.key(of: source)
    try directory.write(Array(kernel[..<100_000]) + [UInt8](repeating: 0, count: 50_000), to: "cache/partial/\(key)")
    try layout.write(PartialRecord(validators: Validators(etag: "\"one\""), total: 300_000, boot: "before"), key)
    server.serve(.init(content: kernel, etag: "\"one\""), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: directory)
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: kernel)
      #expect(server.requests.map(\.status) == [200])
      await harness.stop()
    }
    await server.stop()
  }

  // MARK: Files of this host

  @Test("A file is copied, copied again when it changes, and missed when it goes; what was copied stays")
  func files() async throws {
    let directory = try TemporaryDirectory()
    try directory.write([1, 2, 3], to: "a kernel")
    do {
      let harness = try await CacheHarness.start(in: directory, { $0.fileInterval = .milliseconds(20) })
      let source = AssetSource(url: "file://\(directory.path)/a%20kernel")
      await harness.cache.hold([source], contents: [], for: "default")
      try await harness.expect(source, is: [1, 2, 3])
      try directory.write([3, 2, 1, 0], to: "a kernel")
      try await harness.wait(for: source) { $0.content?.digest == digest([3, 2, 1, 0]) }
      try FileManager.default.removeItem(atPath: directory.file("a kernel"))
      try await harness.failure(.notFound, of: source)
      #expect(await harness.cache.states(of: [source])[source]?.content?.digest == digest([3, 2, 1, 0]))
      await harness.stop()
    }
  }

  @Test("A directory, a FIFO, and the daemon's own files are not served")
  func refusedFiles() async throws {
    let directory = try TemporaryDirectory()
    try directory.write([1], to: "secrets.sqlite")
    #expect(mkfifo(directory.file("fifo"), 0o600) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("link"), withDestinationPath: directory.file("secrets.sqlite"))
    let outside = try TemporaryDirectory()
    try FileManager.default.createSymbolicLink(
      atPath: outside.file("link"), withDestinationPath: directory.file("secrets.sqlite"))
    do {
      let harness = try await CacheHarness.start(in: outside, { $0.privateDirectory = directory.path })
      let own = [directory.file("secrets.sqlite"), directory.file("link"), outside.file("link")]
        .map { AssetSource(url: "file://\($0)") }
      await harness.cache.hold(Set(own), contents: [], for: "own")
      for source in own {
        let message = try await harness.failure(.refused, of: source).message
        #expect(message == "the daemon's own files are not served")
      }
      await harness.stop()
    }
    do {
      let harness = try await CacheHarness.start(in: outside)
      let odd = [directory.path, directory.file("fifo")].map { AssetSource(url: "file://\($0)") }
      await harness.cache.hold(Set(odd), contents: [], for: "odd")
      for source in odd { try await harness.failure(.refused, of: source) }
      let wrong = AssetSource(url: "ftp://10.0.0.1/vmlinuz")
      await harness.cache.hold([wrong], contents: [], for: "wrong")
      try await harness.failure(.invalid, of: wrong)
      await harness.stop()
    }
  }

  // MARK: Space

  @Test("A full disk is told, frees what has come, and takes nothing from what was there")
  func reserve() async throws {
    let server = try await FaultyServer.start()
    server.serve(.init(content: bytes(300_000)), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(in: TemporaryDirectory(), { $0.reservedBytes = .max / 4 })
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [], for: "default")
      let message = try await harness.failure(.noSpace, of: source).message
      #expect(message.contains("kept free"))
      #expect(harness.directory.names("cache/partial").isEmpty)
      await harness.stop()
    }
    await server.stop()
  }

  @Test(
    "On a disk of 4 MiB: the new file does not fit, the old one stays; what nobody uses makes room",
    .enabled(if: getuid() == 0, "needs root, to mount a tmpfs"))
  func fullDisk() async throws {
    let directory = try TemporaryDirectory()
    let disk = directory.file("disk")
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: false)
    try #require(mount("tmpfs", disk, "tmpfs", 0, "size=4m") == 0)
    defer { umount2(disk, 2) }
    let server = try await FaultyServer.start()
    let (old, new) = (bytes(2_000_000), bytes(3_000_000, seed: 2))
    server.serve(.init(content: old, etag: "\"one\""), at: "/vmlinuz")
    do {
      let harness = try await CacheHarness.start(
        in: directory, at: disk + "/cache", { $0.refreshInterval = .milliseconds(20) })
      await harness.cache.allHeld()
      let source = AssetSource(url: server.url + "/vmlinuz")
      await harness.cache.hold([source], contents: [digest(old)], for: "default")
      try await harness.expect(source, is: old)
      server.serve(.init(content: new, etag: "\"two\""), at: "/vmlinuz")
      let failure = try await harness.failure(.noSpace, of: source)
      #expect(failure.message.contains("No space left on device"))
      #expect(await harness.cache.states(of: [source])[source]?.content?.digest == digest(old))
      let kept = try directory.bytes("disk/cache/sha512/\(digest(old))")
      #expect(kept == old)
      // Nobody wants the old one any more: it goes, and the new one fits.
      await harness.cache.hold([], contents: [], for: "default")
      let wanted = AssetSource(url: server.url + "/vmlinuz", sha512: digest(new))
      await harness.cache.hold([wanted], contents: [], for: "default")
      try await harness.expect(wanted, is: new)
      #expect(directory.names("disk/cache/sha512") == [digest(new)])
      await harness.stop()
    }
    await server.stop()
  }
}
