import BareMetal
import Logging
import Reconcilers
import Testing
import Wire

/// Classes as a running controller keeps them.
@Suite("The classes' controller", .timeLimit(.minutes(1)))
struct ServerClassTests {
  let store = RackStore()

  /// Runs the controller for the time of `body`.
  private func running(_ body: (ServerClassController) async throws -> Void) async throws {
    let controller = ServerClassController(
      store: store, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { Timestamp(seconds: 0) })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await controller.run() }
      try await body(controller)
      group.cancelAll()
    }
  }

  /// Waits until a class is as asked for; the test's time limit ends it otherwise.
  @discardableResult
  private func until(_ name: String, _ condition: (ServerClass) -> Bool) async throws -> ServerClass {
    while true {
      if let found = try await store.get(ServerClassKind.self, named: name), condition(found) { return found }
      try await Task.sleep(for: .milliseconds(2))
    }
  }

  private func add(_ name: String, accepted: Bool = true) async throws {
    _ = try await store.create(
      Server(metadata: ObjectMeta(name: name), spec: ServerSpec(accepted: accepted), status: ServerStatus()))
  }

  private func edit(_ name: String, _ edit: (inout ServerSpec) -> Void) async throws {
    var server = try #require(try await store.get(ServerKind.self, named: name))
    edit(&server.spec)
    _ = try await store.update(server)
  }

  @Test("TestServerClassAny: any is made, and takes every accepted Server")
  func testServerClassAny() async throws {
    for name in ["b", "a"] { try await add(name) }
    try await add("c", accepted: false)
    try await running { _ in
      try await until("any") { $0.status.serversAvailable == ["a", "b"] }
      _ = try await store.delete(ServerClassKind.self, named: "any")
      try await until("any") { $0.status.serversAvailable == ["a", "b"] }
    }
  }

  @Test("TestServerClassAny: qualifiers that somebody gives any are taken away, other fields stay")
  func anyIsReset() async throws {
    try await add("a")
    try await running { _ in
      var any = try await until("any") { $0.status.serversAvailable == ["a"] }
      any.spec.qualifiers = Qualifiers(labelSelectors: [["no": "body"]])
      any.spec.strategicPatches = ["machine: {}"]
      _ = try await store.update(any)
      try await until("any") {
        $0.spec.qualifiers == Qualifiers() && $0.spec.strategicPatches == ["machine: {}"]
          && $0.status.serversAvailable == ["a"]
      }
    }
  }

  @Test("TestServerAcceptance, TestServerCordoned: Servers come and go with acceptance and cordon")
  func acceptance() async throws {
    try await add("a", accepted: false)
    try await running { _ in
      try await until("any") { $0.status.serversAvailable == [] }
      try await edit("a") { $0.accepted = true }
      try await until("any") { $0.status.serversAvailable == ["a"] }
      try await edit("a") { $0.cordoned = true }
      try await until("any") { $0.status.serversAvailable == [] }
      try await edit("a") { $0.cordoned = false }
      try await until("any") { $0.status.serversAvailable == ["a"] }
    }
  }

  @Test("TestServerClassCreate: a class made later takes who is there, and a bound Server is in use")
  func testServerClassCreate() async throws {
    for name in ["a", "b"] { try await add(name) }
    try await running { controller in
      try await until("any") { $0.status.serversAvailable.count == 2 }
      _ = try await store.create(ServerClass(metadata: ObjectMeta(name: "late"), spec: ServerClassSpec()))
      try await until("late") { $0.status.serversAvailable == ["a", "b"] }
      _ = try await store.create(ServerBinding(metadata: ObjectMeta(name: "b"), spec: ServerBindingSpec()))
      try await until("late") { $0.status.serversAvailable == ["a"] && $0.status.serversInUse == ["b"] }
      let members = try await controller.members(ofClass: "late")
      #expect(members?.available.map(\.name) == ["a"])
      #expect(members?.inUse.map(\.name) == ["b"])
      #expect(try await controller.members(ofClass: "none") == nil)
    }
  }

  @Test("A class that is deleted while its status is written is not taken for being there: any is made again")
  func deletedMeanwhile() async throws {
    try await add("a")
    let slow = SlowAnswers(store)
    let controller = ServerClassController(
      store: slow, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { Timestamp(seconds: 0) })
    // The write is done, then the class deleted, and the controller told so, before it has the write's answer.
    slow.onStatus { [store] in
      _ = try? await store.delete(ServerClassKind.self, named: "any")
      while (try? await controller.members(ofClass: "any")) != nil {
        try? await Task.sleep(for: .milliseconds(2))
      }
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await controller.run() }
      try await until("any") { slow.hasAnswered && $0.status.serversAvailable == ["a"] }
      group.cancelAll()
    }
  }

  @Test("A lost watch, a lost race and a status that somebody overwrote are made good")
  func faults() async throws {
    try await add("a")
    store.loseRaces(0.5, seed: 3)
    try await running { _ in
      var any = try await until("any") { $0.status.serversAvailable == ["a"] }
      store.reset(ServerKind.self)
      try await add("b")
      any = try await until("any") { $0.status.serversAvailable == ["a", "b"] }
      any.status.serversAvailable = ["made up"]
      while (try? await store.updateStatus(any)) == nil {
        any = try #require(try await store.get(ServerClassKind.self, named: "any"))
        any.status.serversAvailable = ["made up"]
      }
      try await until("any") { $0.status.serversAvailable == ["a", "b"] }
    }
  }
}
