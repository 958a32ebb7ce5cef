import BareMetal
import FoundationEssentials
import SQLiteStore
import Testing
import Wire

@Suite("Allocation", .timeLimit(.minutes(1)))
struct AllocationTests {
  let directory: TemporaryDirectory
  let store: SQLiteResourceStore
  let secrets: SQLiteSecretStore
  let allocation: Allocation

  init() throws {
    directory = try TemporaryDirectory()
    store = try SQLiteResourceStore(path: directory.file("resources.sqlite")) { Timestamp(seconds: 1) }
    secrets = try SQLiteSecretStore(path: directory.file("secrets.sqlite"))
    allocation = Allocation(store: store, secrets: secrets, classes: ListingClassView(store: store)) {
      UUID().uuidString.lowercased().filter { $0 != "-" }
    }
  }

  /// Clean and ready, if nothing else is said.
  private func add(_ name: String, rack: String? = nil, _ edit: (inout Server) -> Void = { _ in }) async throws {
    var server = Server(
      metadata: ObjectMeta(name: name, labels: rack.map { ["rack": $0] }), spec: ServerSpec(accepted: true),
      status: ServerStatus(ready: true, inUse: false, isClean: true))
    edit(&server)
    _ = try await store.create(server)
  }

  private func addClass(_ name: String, spreadBy: String? = nil) async throws {
    var serverClass = ServerClass(metadata: ObjectMeta(name: name), spec: ServerClassSpec())
    serverClass.spec.spreadBy = spreadBy
    _ = try await store.create(serverClass)
  }

  private func refusal(_ order: Allocation.Order) async -> AllocationError? {
    do throws(AllocationError) {
      _ = try await allocation.allocate(order)
      return nil
    } catch {
      return error
    }
  }

  private func order(
    _ target: Allocation.Order.Target, count: Int = 1, config: String? = nil, by: String? = nil
  ) -> Allocation.Order {
    Allocation.Order(target, count: count, config: config.map { Secret($0) }, by: by)
  }

  @Test("A Server of a class gets a binding, with its configuration in a Secret that is there first")
  func ofClass() async throws {
    try await addClass("workers")
    try await add("b")
    try await add("a")
    let bindings = try await allocation.allocate(order(.serverClass("workers"), config: "machine: {}", by: "anna"))
    let binding = try #require(bindings.first)
    #expect(bindings.count == 1)
    #expect(binding.metadata.name == "a")
    #expect(binding.metadata.finalizers == ["metal.sidero.dev/release"])
    #expect(binding.metadata.annotations == ["metal.sidero.dev/allocated-by": "anna"])
    #expect(binding.spec.serverClassRef?.name == "workers")
    let reference = try #require(binding.spec.configRef)
    let name = SecretName(namespace: reference.namespace, name: reference.name)
    #expect(reference.namespace == "sidero-system")
    #expect(try await secrets.secret(name) == [reference.key: Secret("machine: {}")])
    #expect(Allocation.config(of: binding) == name)
    #expect(try await store.get(ServerBindingKind.self, named: "a") == binding)
    #expect(try await allocation.plan(order(.serverClass("workers"))) == ["b"])
  }

  @Test(
    "A Secret that another Server may keep is nobody's to delete with a binding, whatever the binding says",
    arguments: [
      ("sidero-system", "a-config-7f3k", true), ("sidero-system", "a-config-", false),
      ("sidero-system", "b-config-7f3k", false), ("sidero-system", "a-config", false),
      ("sidero-system", "a-config-bmc", false), ("sidero-system", "a-config-wipe", false),
      ("sidero-system", "a-config-config-7f3k", false), ("default", "a-config-7f3k", false),
    ])
  func ownSecret(namespace: String, name: String, isOurs: Bool) {
    var binding = ServerBinding(metadata: ObjectMeta(name: "a"), spec: ServerBindingSpec())
    binding.spec.configRef = SecretKeyRef(namespace: namespace, name: name, key: "value")
    #expect((Allocation.config(of: binding) != nil) == isOurs)
  }

  @Test("Who is not accepted, clean or ready, or is cordoned, quarantined or in use, is passed over, and said so")
  func passedOver() async throws {
    try await addClass("any")
    try await add("unaccepted") { $0.spec.accepted = false }
    try await add("cordoned") { $0.spec.cordoned = true }
    try await add("dirty") { $0.status.isClean = false }
    try await add("unready") { $0.status.ready = false }
    try await add("used") { $0.status.inUse = true }
    try await add("quarantined") {
      $0.status.conditions = [
        Condition(type: "Quarantined", status: .true, lastTransitionTime: Timestamp(seconds: 0), reason: "R")
      ]
    }
    let expected: [String: String] = [
      "unaccepted": "it is not accepted", "cordoned": "it is cordoned", "dirty": "it is not clean",
      "unready": "it is not ready", "used": "it is in use", "quarantined": "it is quarantined (R)",
    ]
    for (server, reason) in expected {
      #expect(await refusal(order(.server(server))) == .refused(server: server, reason: reason))
    }
    let error = await refusal(order(.serverClass("any"), config: "c"))
    #expect(
      error
        == .tooFew(
          serverClass: "any", wanted: 1, found: 0,
          reasons: ["it is in use": 1, "it is not clean": 1, "it is not ready": 1]))
    #expect(try await store.list(ServerBindingKind.self).items.isEmpty)
  }

  @Test("A Server that is bound is refused, though its status does not say so yet")
  func bound() async throws {
    try await addClass("any")
    try await add("a")
    _ = try await allocation.allocate(order(.server("a")))
    #expect(await refusal(order(.server("a"))) == .refused(server: "a", reason: "it is in use"))
    #expect(
      await refusal(order(.serverClass("any")))
        == .tooFew(serverClass: "any", wanted: 1, found: 0, reasons: ["it is in use": 1]))
  }

  @Test("What is not there is said to be so")
  func nothing() async throws {
    #expect(await refusal(order(.server("x"))) == .noSuchServer("x"))
    #expect(await refusal(order(.serverClass("x"))) == .noSuchClass("x"))
    await #expect(throws: AllocationError.notAllocated("x")) { try await allocation.release("x") }
  }

  @Test("Several are all or none, spread over the places the class speaks of")
  func several() async throws {
    try await addClass("spread", spreadBy: "rack")
    for (name, rack) in [("a", "1"), ("b", "1"), ("c", "2"), ("d", "2"), ("e", "3")] {
      try await add(name, rack: rack)
    }
    let taken = try await allocation.allocate(order(.serverClass("spread"), count: 3))
    #expect(taken.map(\.metadata.name) == ["a", "c", "e"])
    #expect(
      await refusal(order(.serverClass("spread"), count: 3, config: "c"))
        == .tooFew(serverClass: "spread", wanted: 3, found: 2, reasons: ["it is in use": 3]))
    #expect(try await store.list(ServerBindingKind.self).items.count == 3)
  }

  @Test("Allocations at once never get the same Server, and the configuration is that of who got it")
  func races() async throws {
    try await addClass("any")
    for index in 0..<8 { try await add("s\(index)") }
    let taken = try await withThrowingTaskGroup(of: (String, ServerBinding).self) { group in
      for index in 0..<8 {
        group.addTask {
          let order = self.order(.serverClass("any"), config: "config \(index)")
          return ("config \(index)", try #require(try await self.allocation.allocate(order).first))
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(Set(taken.map(\.1.metadata.name)).count == 8)
    for (config, binding) in taken {
      let name = try #require(Allocation.config(of: binding))
      #expect(try await secrets.secret(name)?["value"] == Secret(config))
    }
    #expect(await refusal(order(.serverClass("any"))) != nil)
  }

  @Test("A release deletes the binding; the finalizer keeps it until the wipe is asked for")
  func release() async throws {
    try await add("a")
    _ = try await allocation.allocate(order(.server("a")))
    let binding = try await allocation.release("a")
    #expect(binding.metadata.deletionTimestamp != nil)
    #expect(try await store.get(ServerBindingKind.self, named: "a")?.metadata.deletionTimestamp != nil)
  }

  @Test("A Cluster API machine's binding is not released behind its back")
  func machines() async throws {
    var binding = ServerBinding(
      metadata: ObjectMeta(name: "a"), spec: ServerBindingSpec(metalMachineRef: ObjectReference(name: "m")))
    binding.spec.configRef = SecretKeyRef(namespace: "default", name: "a-config-x", key: "value")
    _ = try await store.create(binding)
    #expect(Allocation.config(of: binding) == nil)
    await #expect(throws: AllocationError.belongsToMachine(server: "a", machine: "m")) {
      try await allocation.release("a")
    }
    _ = try await allocation.release("a", force: true)
    #expect(try await store.get(ServerBindingKind.self, named: "a") == nil)
  }
}
