import AssetCache
import BareMetal
import Foundation
import Reconcilers
import SQLiteStore
import Testing
import Wire

/// A boot host's store, cache, table and reconciler, as the daemon puts them together.
private struct BootHost {
  let harness: CacheHarness
  let store: SQLiteResourceStore
  let table = AssetTable([.environment("agent-amd64", .kernel): Asset(path: "/agent", size: 1)])
  let reconciler: EnvironmentReconciler

  static func start(
    in directory: TemporaryDirectory, _ change: (inout AssetCacheConfiguration) -> Void = { _ in }
  ) async throws -> BootHost {
    let store = try SQLiteResourceStore(path: directory.file("resources.sqlite"), now: { .now })
    // Else the real one is made, and fetched from the Internet.
    let nothing = Environment(metadata: ObjectMeta(name: "default"), spec: EnvironmentSpec())
    if try await store.get(EnvironmentKind.self, named: "default") == nil { _ = try await store.create(nothing) }
    return BootHost(harness: try await CacheHarness.start(in: directory, change), store: store)
  }

  func stop() async {
    await harness.stop()
    store.close()
  }

  init(harness: CacheHarness, store: SQLiteResourceStore) {
    self.harness = harness
    self.store = store
    reconciler = EnvironmentReconciler(store: store, fetcher: harness.cache, table: table, now: { .now })
  }

  func environment(_ name: String) async throws -> Environment {
    try #require(try await store.get(EnvironmentKind.self, named: name))
  }

  func change(_ name: String, _ edit: (inout EnvironmentSpec) -> Void) async throws {
    var environment = try await environment(name)
    edit(&environment.spec)
    _ = try await store.update(environment)
  }

  /// Reconciles until it is as it should be.
  func settle(
    _ name: String, _ condition: (Environment) -> Bool, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Environment {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      _ = try await reconciler.reconcile(name)
      let environment = try await environment(name)
      if condition(environment) { return environment }
      try await Task.sleep(for: .milliseconds(2))
    }
    Issue.record("still \(try await environment(name).status)", sourceLocation: sourceLocation)
    throw CancellationError()
  }

  /// What a machine gets under that name.
  func expect(
    _ name: AssetName, is expected: [UInt8], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let served = try table.asset(name).map { Array(try Data(contentsOf: URL(filePath: $0.path))) }
    #expect(served == expected, sourceLocation: sourceLocation)
  }
}

@Suite("Environments")
struct EnvironmentTests {
  private func environment(_ name: String, _ url: String, digests: [String?] = [nil, nil]) -> Environment {
    Environment(
      metadata: ObjectMeta(name: name),
      spec: EnvironmentSpec(
        kernel: KernelSource(url: url + "/vmlinuz", sha512: digests[0], args: ["console=tty0"]),
        initrd: AssetSource(url: url + "/initramfs.xz", sha512: digests[1]),
        architectures: ["arm64": EnvironmentFiles(kernel: KernelSource(url: url + "/arm64/vmlinuz"))]))
  }

  private func serve(_ server: FaultyServer) {
    server.serve(.init(content: [1], etag: "\"k1\""), at: "/vmlinuz")
    server.serve(.init(content: [2], etag: "\"i1\""), at: "/initramfs.xz")
    server.serve(.init(content: [3], etag: "\"a1\""), at: "/arm64/vmlinuz")
  }

  @Test(
    "Custom Environment readiness: fetched, served by architecture, and served again after a restart without network")
  func ready() async throws {
    let directory = try TemporaryDirectory()
    let server = try await FaultyServer.start()
    serve(server)
    do {
      let host = try await BootHost.start(in: directory)
      _ = try await host.store.create(environment("talos", server.url, digests: [digest([1]), nil]))
      let ready = try await host.settle("talos") { $0.isReady }
      #expect(ready.readiness(architecture: "amd64") == .ready)
      #expect(ready.readiness(architecture: "arm64") == .ready)
      #expect(ready.status.conditions?.map(\.reason) == ["Verified", "Unverified", "Unverified"])
      #expect(ready.status.conditions?.map(\.digest) == [digest([1]), digest([2]), digest([3])])
      try host.expect(.environment("talos", .kernel), is: [1])
      try host.expect(.environment("talos", .initramfs), is: [2])
      try host.expect(.environment("talos", .kernel, architecture: "arm64"), is: [3])
      #expect(host.table.asset(.environment("agent-amd64", .kernel)) != nil)
      await host.stop()
    }
    await server.stop()
    do {
      let host = try await BootHost.start(in: directory)
      #expect(host.table.asset(.environment("talos", .kernel)) == nil)
      try await host.reconciler.prepare()
      try host.expect(.environment("talos", .kernel), is: [1])
      try host.expect(.environment("talos", .initramfs), is: [2])
      try host.expect(.environment("talos", .kernel, architecture: "arm64"), is: [3])
      let unreachable = try await host.settle("talos") {
        $0.status.conditions?.last?.reason == "Unreachable"
      }
      #expect(unreachable.isReady)
      try host.expect(.environment("talos", .initramfs), is: [2])
      await host.stop()
    }
  }

  @Test("Default Environment readiness: made once, and what a person made of it stays")
  func standard() async throws {
    let directory = try TemporaryDirectory()
    let store = try SQLiteResourceStore(path: directory.file("resources.sqlite"), now: { .now })
    defer { store.close() }
    // Never run: nothing is fetched from the network here.
    let cache = try AssetCache(
      configuration: CacheHarness.configuration(directory.file("cache")), logger: .silent, now: { .now })
    let reconciler = EnvironmentReconciler(store: store, fetcher: cache, table: AssetTable(), now: { .now })
    try await reconciler.prepare()
    var made = try #require(try await store.get(EnvironmentKind.self, named: "default"))
    #expect(made.spec == Environment.standard().spec)
    _ = try await reconciler.reconcile("default")
    let waiting = try #require(try await store.get(EnvironmentKind.self, named: "default"))
    #expect(waiting.status.conditions?.count == 4)
    #expect(waiting.readiness() != .ready)
    made = waiting
    made.spec.kernel?.args = ["console=ttyS1"]
    _ = try await store.update(made)
    try await reconciler.prepare()
    #expect(try await store.get(EnvironmentKind.self, named: "default")?.spec == made.spec)
    withExtendedLifetime(directory) {}
  }

  @Test("A wrong digest, a cut transfer and a server in trouble: the old pair is served, the condition says why")
  func oldStays() async throws {
    let server = try await FaultyServer.start()
    serve(server)
    do {
      let host = try await BootHost.start(in: TemporaryDirectory())
      _ = try await host.store.create(environment("talos", server.url))
      _ = try await host.settle("talos") { $0.isReady }

      server.serve(.init(content: [1, 1], etag: "\"k2\""), at: "/2/vmlinuz")
      server.serve(.init(content: [2, 2], etag: "\"i2\"", always: .cut(after: 0)), at: "/2/initramfs.xz")
      try await host.change("talos") { spec in
        spec.kernel = KernelSource(url: server.url + "/2/vmlinuz", sha512: digest([9]))
        spec.initrd = AssetSource(url: server.url + "/2/initramfs.xz")
      }
      let wrong = try await host.settle("talos") {
        $0.status.conditions?.prefix(2).map(\.reason) == ["DigestMismatch", "Truncated"]
      }
      guard case .notReady(let reason) = wrong.readiness() else { throw CancellationError() }
      #expect(reason.contains("SHA-512"))
      #expect(wrong.readiness(architecture: "arm64") == .ready)
      try host.expect(.environment("talos", .kernel), is: [1])
      try host.expect(.environment("talos", .initramfs), is: [2])

      // The kernel is right now; the pair still is not whole.
      try await host.change("talos") { $0.kernel?.sha512 = digest([1, 1]) }
      server.serve(.init(content: [2, 2], always: .status(503)), at: "/2/initramfs.xz")
      _ = try await host.settle("talos") {
        $0.status.conditions?.prefix(2).map(\.reason) == ["Verified", "ServerError"]
      }
      try host.expect(.environment("talos", .kernel), is: [1])
      server.serve(.init(content: [2, 2]), at: "/2/initramfs.xz")
      _ = try await host.settle("talos") { $0.isReady }
      try host.expect(.environment("talos", .kernel), is: [1, 1])
      try host.expect(.environment("talos", .initramfs), is: [2, 2])
      await host.stop()
    }
    await server.stop()
  }

  @Test("What changes at one URL is served without a person doing anything")
  func refreshed() async throws {
    let server = try await FaultyServer.start()
    serve(server)
    do {
      let host = try await BootHost.start(in: TemporaryDirectory(), { $0.refreshInterval = .milliseconds(50) })
      _ = try await host.store.create(environment("talos", server.url))
      _ = try await host.settle("talos") { $0.isReady }
      server.serve(.init(content: [4], etag: "\"k2\""), at: "/vmlinuz")
      let changed = try await host.settle("talos") { $0.status.served?["vmlinuz"]?.digest == digest([4]) }
      #expect(changed.isReady)
      try host.expect(.environment("talos", .kernel), is: [4])
      try host.expect(.environment("talos", .initramfs), is: [2])
      await host.stop()
    }
    await server.stop()
  }

  @Test("A deleted Environment is served no more, and its files go when room is needed; another's stay")
  func deleted() async throws {
    let server = try await FaultyServer.start()
    serve(server)
    let directory = try TemporaryDirectory()
    do {
      let host = try await BootHost.start(in: directory)
      for name in ["one", "two"] {
        _ = try await host.store.create(environment(name, server.url))
        _ = try await host.settle(name) { $0.isReady }
      }
      #expect(server.requests.count == 3)
      _ = try await host.store.delete(EnvironmentKind.self, named: "one", version: nil)
      let requeue = try await host.reconciler.reconcile("one")
      #expect(requeue == .never)
      #expect(host.table.asset(.environment("one", .kernel)) == nil)
      try host.expect(.environment("two", .kernel), is: [1])
      await host.stop()
    }
    do {
      let host = try await BootHost.start(in: directory, { $0.sizeLimit = 0 })
      try await host.reconciler.prepare()
      #expect(directory.names("cache/sha512").count == 3)
      _ = try await host.store.delete(EnvironmentKind.self, named: "two", version: nil)
      _ = try await host.reconciler.reconcile("two")
      await host.harness.cache.allHeld()
      #expect(directory.names("cache/sha512").isEmpty)
      await host.stop()
    }
    await server.stop()
  }

  @Test("Progress is in the conditions")
  func progress() async throws {
    let server = try await FaultyServer.start()
    serve(server)
    server.serve(.init(content: bytes(2_000_000), faults: [.hang(after: 1_000_000)]), at: "/vmlinuz")
    do {
      let host = try await BootHost.start(in: TemporaryDirectory(), { $0.stallTime = .seconds(60) })
      _ = try await host.store.create(environment("talos", server.url))
      let half = try await host.settle("talos") {
        $0.status.conditions?.first?.message == "being fetched: 50 % of 2.0 MB"
      }
      #expect(half.status.conditions?.first?.reason == "Fetching")
      #expect(half.status.conditions?.first?.status == .false)
      let requeue = try await host.reconciler.reconcile("talos")
      #expect(requeue == .after(.seconds(1)))
      await host.stop()
    }
    await server.stop()
  }
}
