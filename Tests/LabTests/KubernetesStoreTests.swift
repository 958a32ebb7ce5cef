import BareMetal
import Foundation
import Kubernetes
import StoreConformance
import Synchronization
import Testing
import Wire

@Suite(
  "Resources in a real cluster", .serialized, .timeLimit(.minutes(5)),
  .enabled(if: TestCluster.isAvailable, "there is no API server: tools/test --cluster"))
struct KubernetesStoreTests {
  /// Starting one takes some seconds; it ends with the process.
  private static let shared = Task { () async throws -> TestCluster in
    let cluster = try await TestCluster.start()
    try await cluster.apply(definition)
    try await cluster.kubectl("wait", "--for=condition=Established", "crd/servers.metal.sidero.dev")
    return cluster
  }

  /// Servers without a schema: what the store does must not depend on one.
  private static let definition = """
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata:
      name: servers.metal.sidero.dev
    spec:
      group: metal.sidero.dev
      names: {kind: Server, listKind: ServerList, plural: servers, singular: server}
      scope: Cluster
      versions:
      - name: v1alpha2
        served: true
        storage: true
        subresources: {status: {}}
        schema:
          openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
    """

  private func withStore(
    _ configuration: KubernetesClientConfiguration = KubernetesClientConfiguration(),
    _ body: (KubernetesResourceStore, TestCluster, KubernetesClient) async throws -> Void
  ) async throws {
    let cluster = try await Self.shared.value
    let client = try cluster.client(nil, configuration)
    let store = KubernetesResourceStore(client)
    for server in try await store.list(ServerKind.self).items {
      var server = server
      if server.metadata.finalizers != nil {
        server.metadata.finalizers = nil
        _ = try await store.update(server)
      }
      _ = try? await store.delete(ServerKind.self, named: server.metadata.key, version: nil)
    }
    do {
      try await body(store, cluster, client)
      await client.close()
    } catch {
      await client.close()
      throw error
    }
  }

  @Test("The store keeps the contract", arguments: StoreRequirement.all)
  func contract(_ requirement: StoreRequirement) async throws {
    try await withStore { store, _, _ in try await requirement.check(store) }
  }

  @Test("What is not modelled here survives our changes: fields, managed fields")
  func unknownFields() async throws {
    try await withStore { store, cluster, _ in
      try await cluster.apply(
        """
        apiVersion: metal.sidero.dev/v1alpha2
        kind: Server
        metadata: {name: a, labels: {rack: "1"}}
        spec: {accepted: false, future: {nested: [1, 2]}, hostname: h}
        """)
      var server = try #require(try await store.get(ServerKind.self, named: "a"))
      server.spec.accepted = true
      server.spec.hostname = nil
      server.metadata.labels?["rack"] = "2"
      server = try await store.update(server)
      server.status.isClean = true
      _ = try await store.updateStatus(server)
      let text = try await cluster.kubectl("get", "server", "a", "-o", "json")
      let stored = try JSONValue(parsing: text)
      let spec = stored.fields["spec"]?.fields ?? [:]
      #expect(spec["future"]?.fields["nested"] == .array([.integer(1), .integer(2)]))
      #expect(spec["accepted"] == .bool(true) && spec["hostname"] == nil)
      #expect(stored.fields["status"]?.fields["isClean"] == .bool(true))
      #expect(text.contains("kubectl-client-side-apply") && text.contains(#""manager": "siderite""#))
    }
  }

  @Test("Numbers beyond 2^53 and nulls in patches come back as they were written")
  func exactValues() async throws {
    try await withStore { store, _, _ in
      var server = Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec())
      server.spec.hardware = HardwareInformation(
        storage: StorageInformation(devices: [StorageDevice(type: "SSD", size: 9_007_199_254_740_993)]))
      var created = try await store.create(server)
      #expect(created.spec == server.spec)
      created.spec.configPatches = [
        ConfigPatch(op: "add", path: "/a", value: .object(["n": .null, "list": .array([.null, .integer(1)])]))
      ]
      #expect(try await store.update(created).spec == created.spec)
    }
  }

  @Test("A change is one request, one that changes nothing none, a creation with a status two")
  func requests() async throws {
    try await withStore { store, _, client in
      var before = client.requests
      func made() -> Int {
        defer { before = client.requests }
        return client.requests - before
      }
      var server = Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec())
      server.status.isClean = true
      server = try await store.create(server)
      #expect(server.status.isClean && made() == 2)
      server.spec.accepted = true
      server = try await store.update(server)
      #expect(made() == 1)
      server.status.power = .on
      server = try await store.updateStatus(server)
      #expect(made() == 1)
      _ = try await store.update(server)
      _ = try await store.updateStatus(server)
      #expect(made() == 0)
      // Another process's, from its snapshot.
      let other = KubernetesResourceStore(client)
      var edited = server
      edited.status.isClean = false
      _ = try await other.updateStatus(edited, from: server)
      #expect(made() == 1)
    }
  }

  @Test("A list in pages is the list")
  func pages() async throws {
    var configuration = KubernetesClientConfiguration()
    configuration.pageSize = 3
    try await withStore(configuration) { store, _, client in
      for number in 0..<10 { _ = try await store.create(.example("s\(number)")) }
      let before = client.requests
      let list = try await store.list(ServerKind.self)
      #expect(list.items.map(\.metadata.name) == (0..<10).map { "s\($0)" })
      #expect(client.requests - before == 4)
    }
  }

  @Test("An object edited into nonsense gets an Event and a condition until it is put right, and the others are read")
  func nonsense() async throws {
    try await withStore { _, cluster, client in
      let events = KubernetesEvents(client, host: "boot-1", logger: TestCluster.logger, now: TestCluster.now)
      let running = Task { try await events.run() }
      let store = KubernetesResourceStore(client, events: events)
      _ = try await store.create(.example("good"))
      func bad(_ spec: String) -> String {
        "apiVersion: metal.sidero.dev/v1alpha2\nkind: Server\nmetadata: {name: bad}\nspec: {accepted: \(spec)}\n"
      }
      func shown(_ path: String) async throws -> String {
        try await cluster.kubectl("get", "server", "bad", "-o", "jsonpath={\(path)}")
      }
      let mark = ".status.conditions[?(@.type==\"Readable\")].message"
      try await cluster.apply(bad("[1]"))
      let list = try await store.list(ServerKind.self)
      #expect(list.items.map(\.metadata.name) == ["good"] && list.unreadable == ["bad"])
      var watch = try await store.watch(ServerKind.self, after: list.resourceVersion).makeAsyncIterator()
      while try await shown(mark).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
      #expect(try await shown(mark).contains("spec.accepted"))
      #expect(try await cluster.kubectl("describe", "server", "bad").contains("It cannot be read"))
      let version = try await shown(".metadata.resourceVersion")
      _ = try await store.list(ServerKind.self)
      try await cluster.apply(bad("false"))
      guard case .modified(let object)? = await watch.next() else {
        Issue.record("nobody heard that it was put right")
        return
      }
      #expect(object.metadata.name == "bad" && object.status.isMarkedUnreadable)
      // Nothing was written to it but what we did just now.
      #expect(Int(object.metadata.resourceVersion ?? "").map { $0 > (Int(version) ?? 0) } == true)
      while try await !shown(mark).isEmpty { try await Task.sleep(for: .milliseconds(50)) }
      // What cannot be read and is deleted is gone.
      try await cluster.apply(bad("[1]"))
      try await cluster.kubectl("delete", "server", "bad")
      while let event = await watch.next() {
        if event == .reset { break }
      }
      #expect(try await store.list(ServerKind.self).unreadable.isEmpty)
      running.cancel()
      _ = await running.result
    }
  }

  @Test("Changes while a watch has no server are seen when it is back, and writes meanwhile are not lost")
  func outage() async throws {
    var configuration = KubernetesClientConfiguration()
    configuration.patience = .seconds(60)
    configuration.answerTime = .seconds(5)
    try await withStore(configuration) { store, cluster, client in
      var server = try await store.create(.example("a"))
      let events = try await store.watch(ServerKind.self, after: server.metadata.resourceVersion)
      try await cluster.outage("kill-api")
      server.spec.accepted = true
      let edited = server
      async let updated = store.update(edited)
      async let created = store.create(.example("b"))
      try await cluster.outage("start-api")
      let versions = try await Set([updated.metadata.resourceVersion, created.metadata.resourceVersion])
      // It goes on where it was, or says to list again: the API server begins anew with what there is by then.
      var seen: Set<String?> = []
      for await event in events {
        switch event {
        case .added(let object), .modified(let object): seen.insert(object.metadata.resourceVersion)
        case .reset: seen = Set(try await store.list(ServerKind.self).items.map(\.metadata.resourceVersion))
        case .deleted: break
        }
        if seen.count == 2 { break }
      }
      #expect(seen == versions)
      #expect(client.contact.isReachable)
    }
  }

  @Test("A server that hangs is named in time")
  func hang() async throws {
    var configuration = KubernetesClientConfiguration()
    configuration.patience = .seconds(2)
    configuration.answerTime = .seconds(1)
    try await withStore(configuration) { store, cluster, client in
      try await cluster.outage("pause")
      await #expect {
        _ = try await store.list(ServerKind.self)
      } throws: { error in
        guard case .unavailable(let message)? = error as? StoreError else { return false }
        return message.contains("did not answer within 1 s")
      }
      #expect(!client.contact.isReachable)
      try await cluster.outage("resume")
      #expect(try await store.list(ServerKind.self).items.isEmpty)
    }
  }

  @Test("Wrong credentials, another CA and missing rights are named as that; certificates and service accounts work")
  func credentials() async throws {
    let cluster = try await Self.shared.value
    func reason(_ access: ClusterAccess) async throws -> KubernetesError? {
      let client = try cluster.client(access)
      var found: KubernetesError?
      do throws(KubernetesError) {
        _ = try await client.list(ResourcePath(ServerKind.self), as: Server.self)
      } catch {
        found = error
      }
      await client.close()
      return found
    }
    #expect(try await reason(try cluster.access(context: "admin-certificate")) == nil)

    var access = try cluster.access()
    access.credentials = .token(Secret("expired"))
    #expect(try await reason(access)?.reason == .unauthorized)

    access = try cluster.access()
    let other = try String(contentsOfFile: "\(cluster.directory)/admin.crt", encoding: .utf8)
    access.trust = .authorities(other)
    let untrusted = try await reason(access)
    #expect(untrusted?.reason == .untrusted && untrusted?.message.contains("not of the cluster's CA") == true)

    access = try cluster.access()
    access.trust = .system
    #expect(try await reason(access)?.reason == .untrusted)

    // A token of a service account, as a Pod finds it, that may do nothing.
    _ = try? await cluster.kubectl("create", "serviceaccount", "poor", "-n", "default")
    let request = "\(cluster.directory)/request.json"
    try Data(
      #"{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":600}}"#.utf8
    ).write(to: URL(filePath: request))
    let answer = try JSONValue(
      parsing: try await cluster.kubectl(
        "create", "--raw", "/api/v1/namespaces/default/serviceaccounts/poor/token", "-f", request))
    let token = try #require(answer.fields["status"]?.fields["token"]?.text)
    access = try cluster.access()
    access.credentials = .token(Secret(token))
    let forbidden = try await reason(access)
    #expect(forbidden?.reason == .forbidden && forbidden?.message.contains("serviceaccount:default:poor") == true)
  }

  @Test("Secrets are written, changed, moved along, owned and forgotten")
  func secrets() async throws {
    try await withStore { store, cluster, client in
      _ = try? await cluster.kubectl("create", "namespace", "sidero-system")
      let server = try await store.create(.example("a"))
      let secrets = KubernetesSecretStore(client, owner: KubernetesSecretStore.serverOwner(in: store))
      let name = SecretName.bmc(ofServer: "a")
      #expect(try await secrets.secret(name) == nil)
      try await secrets.setSecret(name, to: ["user": Secret("root"), "pass": Secret("pässword")])
      #expect(try await secrets.secret(name) == ["user": Secret("root"), "pass": Secret("pässword")])
      let text = try await cluster.kubectl("get", "secret", "-n", name.namespace, name.name, "-o", "json")
      let metadata = try JSONValue(parsing: text).fields["metadata"]?.fields ?? [:]
      #expect(metadata["labels"]?.fields["clusterctl.cluster.x-k8s.io/move"] == .string(""))
      guard case .array(let owners)? = metadata["ownerReferences"] else {
        Issue.record("no owner")
        return
      }
      #expect(owners.first?.fields["uid"]?.text == server.metadata.uid)

      try await cluster.kubectl("label", "secret", "-n", name.namespace, name.name, "mine=kept")
      try await secrets.setSecret(name, to: ["user": Secret("sidero")])
      #expect(try await secrets.secret(name) == ["user": Secret("sidero")])
      #expect(
        try await cluster.kubectl("get", "secret", "-n", name.namespace, name.name, "--show-labels").contains(
          "mine=kept"))
      let before = client.requests
      try await secrets.setSecret(name, to: ["user": Secret("sidero")])
      #expect(client.requests - before == 1)
      try await secrets.setSecret(name, to: nil)
      try await secrets.setSecret(name, to: nil)
      #expect(try await secrets.secret(name) == nil)
      await #expect {
        try await secrets.setSecret(SecretName(namespace: "nowhere", name: "a"), to: ["a": Secret("b")])
      } throws: { error in
        guard case .unavailable(let message)? = error as? StoreError else { return false }
        return message.contains("is there a namespace nowhere?")
      }
    }
  }

  @Test("Events are told with a count, and once the API server is back")
  func events() async throws {
    try await withStore { store, cluster, client in
      let server = try await store.create(.example("a"))
      let events = KubernetesEvents(client, host: "boot-1", logger: TestCluster.logger, now: TestCluster.now)
      let event = ObjectEvent(
        .warning, reason: ObjectEvent.Reason.serverManagement, message: "failed to power on",
        component: ObjectEvent.Component.serverController, of: server)
      for _ in 0..<3 { events.record(event) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await events.run() }
        group.addTask {
          while true {
            let text = try await cluster.kubectl(
              "get", "events", "-n", "default", "--field-selector", "involvedObject.name=a", "-o",
              "jsonpath={range .items[*]}{.count} {.type} {.source.component} {.reason}: {.message};{end}")
            if !text.isEmpty {
              #expect(text == "3 Warning sidero-controller-manager Server Management: failed to power on;")
              return
            }
          }
        }
        try await group.next()
        group.cancelAll()
      }
    }
  }

  @Test("Of two candidates one leads; when it is cut off the other does within 30 s, and a release hands over at once")
  func leaders() async throws {
    let cluster = try await Self.shared.value
    let name = "leader-\(UUID().uuidString.prefix(8).lowercased())"
    let leading = LeadingNow()
    func elector(_ identity: String) throws -> LeaderElector {
      LeaderElector(
        try cluster.access(), namespace: "default", name: name, identity: identity, logger: TestCluster.logger,
        now: TestCluster.now)
    }
    func candidate(_ identity: String) throws -> Task<Void, any Error> {
      let elector = try elector(identity)
      return Task {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await elector.run() }
          group.addTask {
            while !Task.isCancelled {
              try await elector.whileLeading {
                leading.begin(identity)
                defer { leading.end(identity) }
                try await Task.sleep(for: .seconds(600))
              }
            }
          }
          try await group.next()
          group.cancelAll()
        }
      }
    }
    let first = try candidate("one")
    #expect(await leading.next() == "one")
    let second = try candidate("two")
    let released = ContinuousClock.now
    first.cancel()
    #expect(await leading.next() == "two")
    #expect(released.duration(to: .now) < .seconds(15))
    let third = try candidate("three")
    // Killed: its signs of life stop, and it does not give the lease back.
    try await cluster.kubectl(
      "patch", "lease", name, "-n", "default", "--type=merge", "-p",
      #"{"spec":{"holderIdentity":"stranger","leaseDurationSeconds":15}}"#)
    let killed = ContinuousClock.now
    let next = await leading.next()
    #expect(["two", "three"].contains(next) && killed.duration(to: .now) < .seconds(30))
    second.cancel()
    third.cancel()
    _ = await (first.result, second.result, third.result)
    #expect(!leading.wasShared)
  }
}

/// Who acts as the leader, one after the other.
private final class LeadingNow: Sendable {
  private struct State {
    var leading: Set<String> = []
    var wasShared = false
  }

  private let state = Mutex(State())
  private let began: AsyncStream<String>
  private let continuation: AsyncStream<String>.Continuation

  init() { (began, continuation) = AsyncStream.makeStream() }

  var wasShared: Bool { state.withLock { $0.wasShared } }

  func begin(_ identity: String) {
    state.withLock { state in
      if !state.leading.isEmpty { state.wasShared = true }
      state.leading.insert(identity)
    }
    continuation.yield(identity)
  }

  func end(_ identity: String) { state.withLock { _ = $0.leading.remove(identity) } }

  /// Who began next.
  func next() async -> String {
    for await identity in began { return identity }
    return ""
  }
}
