import BareMetal
import FoundationEssentials
import SQLiteStore
import StoreConformance
import Testing
import Wire

@Suite("Resources in SQLite", .timeLimit(.minutes(1)))
struct SQLiteResourceStoreTests {
  let directory: TemporaryDirectory
  var path: String { directory.file("state/resources.sqlite") }

  init() throws { directory = try TemporaryDirectory() }

  func open(_ limits: SQLiteResourceStore.Limits = .init()) throws -> SQLiteResourceStore {
    try SQLiteResourceStore(path: path, limits: limits) { Timestamp(milliseconds: 1_763_829_830_999) }
  }

  @Test("The store keeps the contract", arguments: StoreRequirement.all)
  func contract(_ requirement: StoreRequirement) async throws { try await requirement.check(open()) }

  @Test("A restart keeps every object, the versions go on, and watches can too")
  func restart() async throws {
    var store = try open()
    let a = try await store.create(.example("a"))
    let b = try await store.create(.example("b"))
    let gone = try await store.delete(ServerKind.self, named: "b", version: nil)
    let list = try await store.list(ServerKind.self)
    store.close()

    store = try open()
    #expect(try await store.list(ServerKind.self) == list)
    #expect(try await store.get(ServerKind.self, named: "a") == a)
    var events = try await store.watch(ServerKind.self, after: a.metadata.resourceVersion).makeAsyncIterator()
    #expect(await events.next() == .added(b))
    #expect(await events.next() == .deleted(gone))
    let c = try await store.create(.example("c"))
    #expect(try number(c) == number(gone) + 1)
    #expect(await events.next() == .added(c))
  }

  @Test("A class's status is in the file as any other object is, and reads back after a restart")
  func classStatus() async throws {
    var store = try open()
    var spec = ServerClassSpec(selector: LabelSelectorSpec(matchLabels: ["rack": "a \"b\"/c"]))
    spec.strategicPatches = ["machine:\n  ünïcode: \u{1}"]
    var object = try await store.create(ServerClass(metadata: ObjectMeta(name: "workers"), spec: spec))
    object.status.serversAvailable = ["a", "b.c", "quote\"and\\and\u{1}and\nand/ünïcode"]
    object.status.serversInUse = ["d"]
    object = try await store.updateStatus(object)
    store.close()
    let file = try Data(contentsOf: URL(filePath: path))
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var bare = object
    bare.metadata.resourceVersion = nil
    #expect(file.contains(try encoder.encode(bare)))
    store = try open()
    #expect(try await store.list(ServerClassKind.self).items == [object])
  }

  @Test("Lists read while others write hold each object as it was at one moment, and the last says what is there")
  func listsBesideWrites() async throws {
    let store = try open()
    for index in 0..<600 { _ = try await store.create(.example("s\(index)")) }
    store.close()
    // Nothing is known of what is in the file.
    let again = try open()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for worker in 0..<4 {
        group.addTask {
          for index in stride(from: worker, to: 600, by: 16) {
            guard var server = try await again.get(ServerKind.self, named: "s\(index)") else { continue }
            server.spec.hostname = "new"
            server = try await again.update(server)
            if index % 3 == 0 { _ = try await again.delete(ServerKind.self, named: "s\(index)", version: nil) }
          }
        }
        group.addTask {
          let list = try await again.list(ServerKind.self)
          let newest = list.items.compactMap { $0.metadata.resourceVersion.flatMap { Int64($0) } }.max() ?? 0
          #expect(newest <= Int64(list.resourceVersion) ?? 0)
        }
      }
      try await group.waitForAll()
    }
    let list = try await again.list(ServerKind.self)
    again.close()
    #expect(try await open().list(ServerKind.self) == list)
    #expect(list.items.count(where: { $0.spec.hostname == "new" }) > 0)
  }

  @Test("No version is given twice, though the last object and every remembered change are gone")
  func versionsNeverReused() async throws {
    var limits = SQLiteResourceStore.Limits()
    limits.changes = 0
    var store = try open(limits)
    _ = try await store.create(.example("a"))
    let gone = try await store.delete(ServerKind.self, named: "a", version: nil)
    store.close()
    store = try open(limits)
    #expect(try await store.list(ServerKind.self).resourceVersion == gone.metadata.resourceVersion)
    #expect(try number(await store.create(.example("a"))) == number(gone) + 1)
  }

  @Test("A failed write uses up no version")
  func failedWrite() async throws {
    let store = try open()
    let a = try await store.create(.example("a"))
    await #expect(throws: StoreError.self) { try await store.create(.example("a")) }
    #expect(try number(await store.create(.example("b"))) == number(a) + 1)
  }

  @Test("Times are whole seconds, what is returned is what is read")
  func times() async throws {
    let created = try await open().create(.example("a"))
    #expect(created.metadata.creationTimestamp == Timestamp(seconds: 1_763_829_830))
  }

  @Test("Large changes are forgotten sooner: what is remembered is bounded in bytes, over restarts too")
  func rememberedBytes() async throws {
    var limits = SQLiteResourceStore.Limits()
    limits.changeBytes = 115_000
    var store = try open(limits)
    var server = try await store.create(.example("a"))
    let small = server.metadata.resourceVersion
    server.spec.strategicPatches = [String(repeating: "x", count: 30_000)]
    server = try await store.update(server)
    let large = server.metadata.resourceVersion
    store.close()
    store = try open(limits)
    for _ in 0..<3 {
      server.spec.strategicPatches?[0] += "y"
      server = try await store.update(server)
    }
    func isReset(_ version: String?) async throws -> Bool {
      var events = try await store.watch(ServerKind.self, after: version).makeAsyncIterator()
      return await events.next() == .reset
    }
    #expect(try await isReset(small))
    #expect(try await !isReset(large))
  }

  @Test("A watch from before the remembered changes is reset and ends")
  func forgottenChanges() async throws {
    var limits = SQLiteResourceStore.Limits()
    limits.changes = 3
    let store = try open(limits)
    for name in ["a", "b", "c", "d", "e"] { _ = try await store.create(.example(name)) }
    for version in ["0", "1"] { #expect(try await events(store.watch(ServerKind.self, after: version)) == [.reset]) }
    var kept = try await store.watch(ServerKind.self, after: "2").makeAsyncIterator()
    let c = try #require(try await store.get(ServerKind.self, named: "c"))
    #expect(await kept.next() == .added(c))
  }

  @Test(
    "A watch from what was never a version is reset and ends",
    arguments: ["", "x", "-1", "2", "9223372036854775807", "9223372036854775808", "1.0"])
  func unknownVersion(version: String) async throws {
    let store = try open()
    _ = try await store.create(.example("a"))
    #expect(try await events(store.watch(ServerKind.self, after: version)) == [.reset])
  }

  @Test("A reader that is too slow is reset after what it has room for; others are not")
  func slowReader() async throws {
    var limits = SQLiteResourceStore.Limits()
    limits.bufferedEvents = 3
    let store = try open(limits)
    let slow = try await store.watch(ServerKind.self, after: nil)
    var quick = try await store.watch(ServerKind.self, after: nil).makeAsyncIterator()
    var created: [WatchEvent<ServerKind>] = []
    for name in ["a", "b", "c", "d", "e"] {
      created.append(.added(try await store.create(.example(name))))
      #expect(await quick.next() == created.last)
    }
    #expect(await events(slow) == Array(created.prefix(3)) + [.reset])
  }

  @Test("What there is at the beginning of a watch takes no room of what happens")
  func largeBacklog() async throws {
    var limits = SQLiteResourceStore.Limits()
    limits.bufferedEvents = 3
    let store = try open(limits)
    for number in 0..<10 { _ = try await store.create(.example("s\(number)")) }
    let stream = try await store.watch(ServerKind.self, after: nil)
    _ = try await store.create(.example("t"))
    store.close()
    #expect(await events(stream).count == 11)
  }

  @Test("There are only so many watches, and one that ends makes room")
  func watchers() async throws {
    var limits = SQLiteResourceStore.Limits()
    limits.watchers = 2
    let store = try open(limits)
    var held = [try await store.watch(ServerKind.self, after: nil), try await store.watch(ServerKind.self, after: nil)]
    await #expect { try await store.watch(ServerKind.self, after: nil) } throws: { $0.message.contains("2 watches") }
    held.removeLast()
    held.append(try await store.watch(ServerKind.self, after: nil))
    #expect(held.count == 2)
  }

  @Test("Closing ends the watches; later calls fail as unavailable, and closing again does no harm")
  func closing() async throws {
    let store = try open()
    let a = try await store.create(.example("a"))
    let stream = try await store.watch(ServerKind.self, after: nil)
    store.close()
    #expect(await events(stream) == [.added(a)])
    await #expect { try await store.get(ServerKind.self, named: "a") } throws: { $0.message.contains("is closed") }
    await #expect { try await store.watch(ServerKind.self, after: nil) } throws: { $0.message.contains("is closed") }
    store.close()
  }

  @Test("A store that nobody holds ends its watches")
  func abandoned() async throws {
    var store: SQLiteResourceStore? = try open()
    let stream = try #require(try await store?.watch(ServerKind.self, after: nil))
    store = nil
    #expect(await events(stream).isEmpty)
  }

  @Test("Kinds do not see each other")
  func kinds() async throws {
    let store = try open()
    let server = try await store.create(.example("a"))
    var servers = try await store.watch(ServerKind.self, after: server.metadata.resourceVersion).makeAsyncIterator()
    var notes = try await store.watch(NoteKind.self, after: nil).makeAsyncIterator()
    let note = try await store.create(Resource<NoteKind>(metadata: ObjectMeta(name: "a"), spec: "n"))
    #expect(await notes.next() == .added(note))
    #expect(try await store.get(ServerKind.self, named: "a") == server)
    _ = try await store.delete(NoteKind.self, named: "a", version: nil)
    #expect(try await store.list(NoteKind.self).items.isEmpty)
    let next = try await store.create(.example("b"))
    #expect(await servers.next() == .added(next))
  }

  @Test("An object too large, or one that JSON cannot hold, is refused and nothing is stored")
  func unacceptable() async throws {
    var limits = SQLiteResourceStore.Limits()
    limits.objectBytes = 2000
    let store = try open(limits)
    let large = Server.example("a", hostname: String(repeating: "h", count: 2000))
    await #expect { try await store.create(large) } throws: { "\($0)".contains("2000 are allowed") }
    var nan = Server.example("a")
    nan.spec.configPatches = [ConfigPatch(op: "add", path: "/", value: .number(.nan))]
    await #expect { try await store.create(nan) } throws: { "\($0)".contains("cannot be written as JSON") }
    #expect(try await store.list(ServerKind.self).items.isEmpty)
  }

  @Test("There are only so many objects of a kind")
  func fullStore() async throws {
    var limits = SQLiteResourceStore.Limits()
    limits.objectsPerKind = 2
    let store = try open(limits)
    _ = try await store.create(.example("a"))
    _ = try await store.create(.example("b"))
    await #expect { try await store.create(.example("c")) } throws: { $0.message.contains("holds 2 servers") }
    _ = try await store.delete(ServerKind.self, named: "a", version: nil)
    _ = try await store.create(.example("c"))
  }

  private func number(_ server: Server) throws -> Int64 {
    try #require(server.metadata.resourceVersion.flatMap { Int64($0) })
  }

  /// All events of a stream that ends.
  private func events(_ stream: AsyncStream<WatchEvent<ServerKind>>) async -> [WatchEvent<ServerKind>] {
    await stream.reduce(into: []) { $0.append($1) }
  }
}

/// A second kind.
enum NoteKind: ResourceKind {
  typealias Spec = String
  struct Status: ResourceStatus {}
  static let apiVersion = "test.siderite.dev/v1"
  static let kind = "Note"
  static let plural = "notes"
}

extension Error {
  /// What an unavailable store says.
  var message: String {
    if case .unavailable(let message)? = self as? StoreError { message } else { "" }
  }
}
