import BareMetal
import Logging
import Reconcilers
import SQLiteStore
import StoreConformance
import Testing
import Wire

@Suite("The cluster's mirror", .timeLimit(.minutes(2)))
struct MirrorTests {
  @Test("With the cluster in reach, the mirror keeps the contract of stores", arguments: StoreRequirement.all)
  func contract(_ requirement: StoreRequirement) async throws {
    let cluster = try await MirroredCluster()
    try await requirement.check(cluster.store)
  }

  @Test("What others write is seen here, and what is written here is there")
  func bothWays() async throws {
    let cluster = try await MirroredCluster()
    let ours = try await cluster.store.create(.example("ours"))
    #expect(try await cluster.inner.get(ServerKind.self, named: "ours") == ours)
    let theirs = try await cluster.inner.create(.example("theirs"))
    try await eventually("seen") { try await cluster.store.get(ServerKind.self, named: "theirs") == theirs }
    #expect(
      theirs.metadata.resourceVersion
        == (try await cluster.inner.get(ServerKind.self, named: "theirs"))?.metadata.resourceVersion)
    _ = try await cluster.inner.delete(ServerKind.self, named: "ours", version: nil)
    try await eventually("gone") { try await cluster.store.get(ServerKind.self, named: "ours") == nil }
  }

  @Test("Reads ask the cluster nothing")
  func noRequests() async throws {
    let cluster = try await MirroredCluster()
    _ = try await cluster.store.create(.example("a"))
    cluster.remote.goDown()
    try await cluster.untilOutOfReach()
    for _ in 0..<1000 {
      #expect(try await cluster.store.get(ServerKind.self, named: "a") != nil)
      #expect(try await cluster.store.get(ServerBindingKind.self, named: "a") == nil)
    }
    #expect(try await cluster.store.list(ServerKind.self).items.count == 1)
  }

  @Test("A machine that registers while the cluster is out of reach is there at once, and in the cluster afterwards")
  func registration() async throws {
    let cluster = try await MirroredCluster()
    cluster.remote.goDown()
    try await cluster.untilOutOfReach()
    var server = try await cluster.store.create(.example("new"))
    #expect(try await cluster.store.get(ServerKind.self, named: "new") == server)
    server.status.power = .on
    server = try await cluster.store.updateStatus(server)
    server.metadata.finalizers = [Server.storageFinalizer]
    server = try await cluster.store.update(server)
    #expect(cluster.store.depth == 1)
    cluster.remote.comeUp()
    try await cluster.untilTold()
    let told = try #require(try await cluster.inner.get(ServerKind.self, named: "new"))
    #expect(told.spec == server.spec && told.status.power == .on)
    #expect(told.metadata.finalizers == [Server.storageFinalizer])
    try await eventually("the cluster's own") { try await cluster.store.get(ServerKind.self, named: "new") == told }
  }

  @Test(
    "A webhook that fails is no cluster out of reach: it is named, what may wait does, and is told when it works again")
  func webhook() async throws {
    let cluster = try await MirroredCluster()
    cluster.remote.setWebhookFails(true)
    let server = try await cluster.store.create(.example("new"))
    #expect(try await cluster.store.get(ServerKind.self, named: "new") == server)
    await #expect {
      _ = try await cluster.store.create(ServerClass(metadata: ObjectMeta(name: "c"), spec: ServerClassSpec()))
    } throws: { error in
      guard case .unavailable(let message)? = error as? StoreError else { return false }
      return message.contains(StoreError.failedWebhook) && !message.contains("reach")
    }
    #expect(cluster.store.depth == 1 && !cluster.store.summary.contains("out of reach"), "\(cluster.store.summary)")
    cluster.remote.setWebhookFails(false)
    try await cluster.untilTold()
    #expect(try await cluster.inner.get(ServerKind.self, named: "new") != nil)
  }

  @Test("Two who write from one state while the cluster is out of reach: one of them reads again")
  func compareAndSwap() async throws {
    let cluster = try await MirroredCluster()
    let server = try await cluster.store.create(.example("a"))
    cluster.remote.goDown()
    var first = server
    first.status.power = .on
    let stored = try await cluster.store.updateStatus(first)
    #expect(stored.metadata.resourceVersion?.hasPrefix("\(server.metadata.resourceVersion ?? "")+") == true)
    var second = server
    second.status.power = .off
    await #expect(throws: StoreError.conflict(kind: "Server", name: "a")) {
      try await cluster.store.updateStatus(second)
    }
    #expect(try await cluster.store.get(ServerKind.self, named: "a") == stored)
    await #expect(throws: StoreError.alreadyExists(kind: "Server", name: "a")) {
      try await cluster.store.create(.example("a"))
    }
  }

  @Test("Who watches sees what is written while the cluster is out of reach, and what became of it")
  func watching() async throws {
    let cluster = try await MirroredCluster()
    cluster.remote.goDown()
    try await cluster.untilOutOfReach()
    let list = try await cluster.store.list(ServerKind.self)
    var events = try await cluster.store.watch(ServerKind.self, after: list.resourceVersion).makeAsyncIterator()
    let created = try await cluster.store.create(.example("a"))
    #expect(await events.next() == .added(created))
    cluster.remote.comeUp()
    guard case .modified(let told) = await events.next() else {
      Issue.record("nobody heard what became of it")
      return
    }
    #expect(told == (try await cluster.inner.get(ServerKind.self, named: "a")))
    #expect(told.metadata.uid != created.metadata.uid)
  }

  @Test("What may not be done on old knowledge is not done")
  func refusals() async throws {
    let cluster = try await MirroredCluster()
    let server = try await cluster.store.create(.example("a"))
    let binding = try await cluster.store.create(
      ServerBinding(metadata: ObjectMeta(name: "a"), spec: ServerBindingSpec()))
    cluster.remote.goDown()
    try await cluster.untilOutOfReach()
    func isRefused(_ write: () async throws -> Void) async {
      await #expect { try await write() } throws: { error in
        if case .unavailable? = error as? StoreError { true } else { false }
      }
    }
    await isRefused { _ = try await cluster.store.delete(ServerKind.self, named: "a", version: nil) }
    await isRefused {
      _ = try await cluster.store.create(ServerBinding(metadata: ObjectMeta(name: "b"), spec: ServerBindingSpec()))
    }
    await isRefused {
      var accepted = server
      accepted.spec.accepted = true
      _ = try await cluster.store.update(accepted)
    }
    await isRefused {
      var wiped = server
      wiped.status.wipe = WipeStatus.intent(
        for: server, reason: .requested, mode: .fast, id: "id", now: Timestamp(seconds: 1))
      _ = try await cluster.store.updateStatus(wiped)
    }
    await isRefused {
      var released = binding
      released.metadata.finalizers = nil
      released.spec.serverClassRef = ObjectReference(name: "other")
      _ = try await cluster.store.update(released)
    }
    await isRefused {
      _ = try await cluster.store.create(ServerClass(metadata: ObjectMeta(name: "c"), spec: ServerClassSpec()))
    }
    #expect(cluster.store.depth == 0)
    #expect(try await cluster.store.get(ServerKind.self, named: "a") == server)
  }

  @Test("More than one commit's objects are known after a restart, all of them and as they were")
  func manyObjects() async throws {
    let cluster = try await MirroredCluster(isUp: false)
    for number in 0..<700 { _ = try await cluster.inner.create(.example("server-\(number)")) }
    cluster.remote.comeUp()
    try await cluster.untilSynced()
    let known = try await cluster.store.list(ServerKind.self).items
    #expect(known.count == 700)
    // That nothing is missing is written with the last of it.
    try await eventually("saved") { try await cluster.host.snapshot.snapshot(ServerKind.self).isComplete }
    cluster.remote.goDown()
    try await cluster.restart()
    #expect(try await cluster.store.list(ServerKind.self).items == known)
    #expect(cluster.store.problem == nil)
  }

  @Test("A restart without the cluster knows everything, and tells it later")
  func restart() async throws {
    let cluster = try await MirroredCluster()
    let known = try await cluster.store.create(.example("known"))
    cluster.remote.goDown()
    var changed = known
    changed.status.power = .on
    changed = try await cluster.store.updateStatus(changed)
    let new = try await cluster.store.create(.example("new"))
    try await cluster.restart()
    #expect(cluster.store.problem == nil)
    #expect(try await cluster.store.get(ServerKind.self, named: "known") == changed)
    #expect(try await cluster.store.get(ServerKind.self, named: "new") == new)
    // Goes on counting: no version is given twice.
    var again = changed
    again.status.addresses = [NodeAddress(type: "InternalIP", address: "10.0.0.1")]
    again = try await cluster.store.updateStatus(again)
    #expect(Set([changed, new, again].map(\.metadata.resourceVersion)).count == 3)
    cluster.remote.comeUp()
    try await cluster.untilTold()
    #expect(try await cluster.inner.get(ServerKind.self, named: "known")?.status == again.status)
    #expect(try await cluster.inner.get(ServerKind.self, named: "new")?.spec == new.spec)
  }

  @Test("Without a snapshot, nothing is known until the cluster was read")
  func firstStart() async throws {
    let cluster = try await MirroredCluster(isUp: false)
    try await eventually("noticed") { cluster.store.problem?.contains("connection refused") == true }
    cluster.remote.comeUp()
    try await eventually("known") { cluster.store.problem == nil }
  }

  @Test("An object that was deleted meanwhile stays deleted, and one that people changed is as they say")
  func conflicts() async throws {
    let cluster = try await MirroredCluster()
    let gone = try await cluster.store.create(.example("gone"))
    let kept = try await cluster.store.create(.example("kept"))
    cluster.remote.goDown()
    try await cluster.untilOutOfReach()
    for server in [gone, kept] {
      var changed = server
      changed.status.power = .on
      changed = try await cluster.store.updateStatus(changed)
      changed.spec.hostname = "found"
      changed.spec.hardware?.system?.serialNumber = "S1"
      _ = try await cluster.store.update(changed)
    }
    _ = try await cluster.inner.delete(ServerKind.self, named: "gone", version: nil)
    var theirs = kept
    theirs.spec.accepted = true
    theirs.spec.hostname = "named"
    theirs = try await cluster.inner.update(theirs)
    cluster.remote.comeUp()
    try await cluster.untilTold()
    #expect(try await cluster.inner.get(ServerKind.self, named: "gone") == nil)
    try await eventually("gone") { try await cluster.store.get(ServerKind.self, named: "gone") == nil }
    let merged = try #require(try await cluster.inner.get(ServerKind.self, named: "kept"))
    #expect(merged.spec.accepted && merged.spec.hostname == "named" && merged.status.power == .on)
    #expect(merged.spec.hardware?.system?.serialNumber == "S1")
    try await eventually("here too") { try await cluster.store.get(ServerKind.self, named: "kept") == merged }
  }

  @Test(
    "Wherever the network fails, nothing that was accepted is lost, and both sides agree in the end",
    arguments: 0..<12, FaultyStore.Fault.allCases)
  func everyStep(_ step: Int, _ fault: FaultyStore.Fault) async throws {
    let cluster = try await MirroredCluster()
    cluster.remote.fail(afterCalls: step, by: fault)
    try await Self.provision("a", on: cluster.store)
    try await Self.provision("b", on: cluster.store)
    if step.isMultiple(of: 3) { try await cluster.restart() }
    let seen = try await cluster.store.list(ServerKind.self).items
    #expect(seen.map(\.metadata.name) == ["a", "b"])
    cluster.remote.comeUp()
    try await cluster.untilTold()
    try await eventually("the same on both sides") {
      try await cluster.store.list(ServerKind.self).items == cluster.inner.list(ServerKind.self).items
    }
    for server in try await cluster.inner.list(ServerKind.self).items {
      #expect(server.spec.bmc?.endpoint == "10.0.0.9" && server.status.power == .on)
      #expect(server.spec.hardware?.system?.serialNumber == "S-\(server.metadata.name)")
      #expect(server.metadata.finalizers == [Server.storageFinalizer])
      #expect(server.metadata.uid?.hasPrefix("local-") == false)
    }
  }

  /// What a boot host writes of a machine that registers; again where others were faster.
  private static func provision(_ name: String, on store: MirroredResourceStore) async throws {
    func change(status: Bool, _ edit: (inout Server) -> Void) async throws {
      while true {
        var server = try #require(try await store.get(ServerKind.self, named: name))
        edit(&server)
        do {
          _ = status ? try await store.updateStatus(server) : try await store.update(server)
          return
        } catch StoreError.conflict {
          continue
        }
      }
    }
    do {
      _ = try await store.create(.example(name))
    } catch StoreError.alreadyExists {}
    try await change(status: false) { $0.metadata.finalizers = [Server.storageFinalizer] }
    try await change(status: true) { $0.status.power = .on }
    try await change(status: false) { $0.spec.hardware?.system?.serialNumber = "S-\(name)" }
    try await change(status: false) { $0.spec.bmc = BMC(endpoint: "10.0.0.9") }
  }

  @Test("Five hundred machines register while the cluster restarts: all appear, none is lost")
  func storm() async throws {
    let cluster = try await MirroredCluster()
    let names = (0..<500).map { "r\($0)" }
    let store = cluster.store
    let remote = cluster.remote
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, name) in names.enumerated() {
        if index >= 32 { try await group.next() }
        if index == 150 { remote.goDown() }
        if index == 350 { remote.comeUp() }
        group.addTask { try await Self.provision(name, on: store) }
      }
      try await group.waitForAll()
    }
    try await cluster.untilTold()
    let servers = try await cluster.inner.list(ServerKind.self).items
    #expect(Set(servers.map(\.metadata.name)) == Set(names))
    #expect(servers.allSatisfy { $0.spec.bmc != nil && $0.status.power == .on })
    try await eventually("the same here") { try await cluster.store.list(ServerKind.self).items == servers }
  }

  @Test("An object that somebody edited into nonsense is as it was, not gone, and what waits for it waits on")
  func unreadable() async throws {
    let cluster = try await MirroredCluster()
    let bad = try await cluster.store.create(.example("bad"))
    let good = try await cluster.store.create(.example("good"))
    cluster.remote.goDown()
    try await cluster.untilOutOfReach()
    var noted = bad
    noted.status.power = .on
    _ = try await cluster.store.updateStatus(noted)
    noted = good
    noted.status.power = .on
    _ = try await cluster.store.updateStatus(noted)
    cluster.remote.setUnreadable("bad", true)
    cluster.remote.comeUp()
    try await eventually("the other is told") {
      try await cluster.inner.get(ServerKind.self, named: "good")?.status.power == .on
    }
    try await cluster.untilSynced()
    #expect(cluster.store.depth == 1)
    #expect(try await cluster.store.get(ServerKind.self, named: "bad")?.status.power == .on)
    // Also for a daemon that starts now.
    try await cluster.restart()
    try await cluster.untilSynced()
    #expect(try await cluster.store.get(ServerKind.self, named: "bad")?.status.power == .on)
    cluster.remote.setUnreadable("bad", false)
    try await cluster.untilTold()
    #expect(try await cluster.inner.get(ServerKind.self, named: "bad")?.status.power == .on)
  }

  @Test("A cluster that was restored from a backup is believed, older versions and all")
  func restored() async throws {
    let cluster = try await MirroredCluster()
    for name in ["a", "b", "c"] { _ = try await cluster.store.create(.example(name)) }
    cluster.remote.goDown()
    try await cluster.untilOutOfReach()
    let backup = try SQLiteResourceStore(path: "\(cluster.path)/backup.sqlite") { Timestamp(seconds: 1_700_000_000) }
    defer { backup.close() }
    let old = try await backup.create(.example("a", hostname: "of-the-backup"))
    // The boot host's next view of the cluster is the backup.
    cluster.host.running.cancel()
    try? await cluster.host.running.value
    cluster.host.store.close()
    var configuration = MirroredResourceStore.Configuration(kinds: MirroredCluster.kinds)
    configuration.limits.settling = .milliseconds(1)
    let store = try await MirroredResourceStore(
      of: backup, snapshot: cluster.host.snapshot, configuration: configuration, logger: .init(label: "test"),
      now: { Timestamp(seconds: 1_800_000_100) })
    #expect(try await store.list(ServerKind.self).items.count == 3)
    let running = Task { try await store.run() }
    defer { running.cancel() }
    try await eventually("as in the backup") { try await store.list(ServerKind.self).items == [old] }
  }

  @Test("A status of this host only is kept here, over a restart, and is nobody else's")
  func ownStatus() async throws {
    let cluster = try await MirroredCluster()
    var environment = try await cluster.store.create(.standard())
    environment.status.conditions = [AssetCondition(url: "http://a/vmlinuz", status: .true)]
    let ours = try await cluster.store.updateStatus(environment)
    #expect(try await cluster.inner.get(EnvironmentKind.self, named: "default")?.status == EnvironmentStatus())
    var others = try #require(try await cluster.inner.get(EnvironmentKind.self, named: "default"))
    others.status.conditions = [AssetCondition(url: "http://b/vmlinuz", status: .false)]
    others = try await cluster.inner.updateStatus(others)
    #expect(try await cluster.store.get(EnvironmentKind.self, named: "default")?.status == ours.status)
    try await cluster.restart()
    #expect(try await cluster.store.get(EnvironmentKind.self, named: "default")?.status == ours.status)
  }

  @Test("Credentials that are set up while the cluster is out of reach count at once, and are told later")
  func secrets() async throws {
    let cluster = try await MirroredCluster()
    let place = SecretName.bmc(ofServer: "a")
    let first = ["user": Secret("sidero"), "pass": Secret("one")]
    try await cluster.host.secrets.setSecret(place, to: first)
    #expect(cluster.remote.kept(place) == first)
    cluster.remote.goDown()
    try await cluster.untilOutOfReach()
    #expect(try await cluster.host.secrets.secret(place) == first)
    let second = ["user": Secret("sidero"), "pass": Secret("two")]
    try await cluster.host.secrets.setSecret(place, to: second)
    try await cluster.restart()
    #expect(try await cluster.host.secrets.secret(place) == second)
    await #expect(throws: StoreError.self) { try await cluster.host.secrets.setSecret(place, to: nil) }
    cluster.remote.comeUp()
    try await cluster.untilTold()
    #expect(cluster.remote.kept(place) == second)
  }

  @Test("Tokens never leave the boot host")
  func tokens() async throws {
    let cluster = try await MirroredCluster()
    for name in SecretName.all(ofServer: "a") where name.isOfThisHost {
      try await cluster.host.secrets.setSecret(name, to: ["token": Secret("t")])
      #expect(cluster.remote.kept(name) == nil)
      #expect(try await cluster.host.localSecrets.secret(name) != nil)
    }
    // All but the BMC's credentials, which any boot host that reaches the BMC needs.
    #expect(SecretName.all(ofServer: "a").filter { !$0.isOfThisHost } == [.bmc(ofServer: "a")])
  }
}
