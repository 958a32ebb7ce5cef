import BareMetal
import Logging
import ServiceLifecycle
import Synchronization
import Testing
import Wire

@testable import Reconcilers

@Suite(.timeLimit(.minutes(1))) struct ControllerTests {
  /// Tells the test what it is asked to reconcile, and does as the test wants.
  private final class Probe: Reconciler {
    let name = "probe"
    let sources = [WatchSource(ServerKind.self)]
    let asked: AsyncStream<String>
    private let continuation: AsyncStream<String>.Continuation
    private let work: @Sendable (String) async throws -> Requeue
    private let running = Mutex<(now: [String: Int], most: Int)>(([:], 0))

    init(_ work: @escaping @Sendable (String) async throws -> Requeue = { _ in .never }) {
      (asked, continuation) = AsyncStream.makeStream()
      self.work = work
    }

    /// The most names worked on at once, and whether one was twice.
    var most: Int { running.withLock(\.most) }

    func reconcile(_ name: String) async throws -> Requeue {
      running.withLock { running in
        running.now[name, default: 0] += 1
        #expect(running.now[name] == 1, "twice at once")
        running.most = max(running.most, running.now.count)
      }
      defer { running.withLock { $0.now[name] = nil } }
      continuation.yield(name)
      return try await work(name)
    }
  }

  private static let quiet = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  private func with(
    _ probe: Probe, _ store: RackStore, concurrency: Int = Controller.concurrency, resync: Duration = .seconds(3600),
    _ body: (inout AsyncStream<String>.Iterator) async throws -> Void
  ) async throws {
    let controller = Controller(
      probe, store: store, concurrency: concurrency, resync: resync, logger: Self.quiet)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await controller.run() }
      var asked = probe.asked.makeAsyncIterator()
      try await body(&asked)
      group.cancelAll()
    }
  }

  private func create(_ store: RackStore, _ name: String) async throws {
    _ = try await store.create(Server(metadata: ObjectMeta(name: name), spec: ServerSpec()))
  }

  @Test("Everything there is at the start is reconciled, then what changes and what goes")
  func events() async throws {
    let store = RackStore()
    try await create(store, "a")
    try await create(store, "b")
    let probe = Probe()
    try await with(probe, store) { asked in
      #expect(Set([await asked.next(), await asked.next()]) == ["a", "b"])
      try await create(store, "c")
      #expect(await asked.next() == "c")
      try await store.delete(ServerKind.self, named: "a")
      #expect(await asked.next() == "a")
    }
  }

  @Test("What fails ten thousand times is said twenty times a minute, with how many were not said")
  func complaints() {
    let (complaints, start) = (Complaints(), ContinuousClock.now)
    let said = (0..<10_000).compactMap { _ in complaints.next(at: start) }
    #expect(said == Array(repeating: 0, count: Complaints.most))
    #expect(complaints.next(at: start + .seconds(59)) == nil)
    #expect(complaints.next(at: start + .seconds(60)) == 10_000 - Complaints.most + 1)
    #expect(complaints.next(at: start + .seconds(60)) == 0)
  }

  @Test("A watch that ends as soon as it begins has everything listed now and then, not without end")
  func gaps() async throws {
    let store = EndingWatches(RackStore())
    let controller = Controller(Probe(), store: store, logger: Self.quiet)
    await withDiscardingTaskGroup { group in
      group.addTask { try? await controller.run() }
      try? await Task.sleep(for: .seconds(1))
      group.cancelAll()
    }
    // At once, and after a quarter to a half of a second, and after twice that.
    #expect((2...6).contains(store.lists), "\(store.lists)")
  }

  @Test("After a gap in the watch everything is listed again, and what went in the gap is noticed")
  func reset() async throws {
    let store = RackStore()
    try await create(store, "a")
    try await create(store, "b")
    let probe = Probe()
    try await with(probe, store) { asked in
      _ = [await asked.next(), await asked.next()]
      await store.untilWatched()
      store.forgetSilently(ServerKind.self, "a")
      store.reset(ServerKind.self)
      #expect(Set([await asked.next(), await asked.next()]) == ["a", "b"])
    }
  }

  @Test("Without any change, everything is looked at again at each resync")
  func resync() async throws {
    let store = RackStore()
    try await create(store, "a")
    try await with(Probe(), store, resync: .milliseconds(20)) { asked in
      for _ in 0..<4 { #expect(await asked.next() == "a") }
    }
  }

  @Test("What fails is tried again, and what asks for it is looked at again")
  func again() async throws {
    let store = RackStore()
    try await create(store, "a")
    let count = Mutex(0)
    let probe = Probe { _ in
      let number = count.withLock {
        $0 += 1
        return $0
      }
      if number < 3 { throw StoreError.conflict(kind: "Server", name: "a") }
      return number < 5 ? .after(.milliseconds(1)) : .never
    }
    try await with(probe, store) { asked in
      for _ in 0..<5 { #expect(await asked.next() == "a") }
    }
    #expect(count.withLock { $0 } == 5)
  }

  @Test("No more are worked on at a time than allowed, and all of them are worked on")
  func concurrency() async throws {
    let store = RackStore()
    for number in 0..<40 { try await create(store, "s\(number)") }
    let probe = Probe { _ in
      for _ in 0..<20 { await Task.yield() }
      return .never
    }
    try await with(probe, store, concurrency: 3) { asked in
      var names: Set<String> = []
      while names.count < 40, let name = await asked.next() { names.insert(name) }
    }
    #expect(probe.most > 1 && probe.most <= 3)
  }

  @Test("At graceful shutdown it ends at once, though work is under way and a watch is open")
  func shutdown() async throws {
    let store = RackStore()
    try await create(store, "a")
    let probe = Probe { _ in
      try await Task.sleep(for: .seconds(3600))
      return .never
    }
    let controller = Controller(probe, store: store, logger: Self.quiet)
    let group = ServiceGroup(configuration: .init(services: [controller], logger: Self.quiet))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      var asked = probe.asked.makeAsyncIterator()
      _ = await asked.next()
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }
}
