import BareMetal
import Foundation
import SQLiteStore
import Testing
import Wire

@testable import siderite

@Suite("Moving between stores")
struct StoreCopyTests {
  private let folder = FileManager.default.temporaryDirectory.appending(path: "siderite-copy-\(UUID().uuidString)").path

  private struct Side {
    let store: SQLiteResourceStore
    let secrets: SQLiteSecretStore
  }

  private func side(_ name: String) throws -> Side {
    Side(
      store: try SQLiteResourceStore(path: "\(folder)/\(name).sqlite") { Timestamp(seconds: 1_800_000_000) },
      secrets: try SQLiteSecretStore(path: "\(folder)/\(name)-secrets.sqlite"))
  }

  private func copy(_ source: Side, _ target: Side, isDryRun: Bool = false) async throws -> [StoreCopy.Step] {
    var steps: [StoreCopy.Step] = []
    try await StoreCopy(
      source: source.store, target: target.store, sourceSecrets: source.secrets, targetSecrets: target.secrets,
      bootHost: "boot-1", isDryRun: isDryRun
    ).run { steps.append($0) }
    return steps
  }

  /// One Server in use, switched for its binding, one that is clean, with credentials.
  private func fill(_ side: Side) async throws {
    _ = try await side.store.create(.standard())
    _ = try await side.store.create(ServerClass(metadata: ObjectMeta(name: "workers"), spec: ServerClassSpec()))
    var metadata = ObjectMeta(name: "used")
    metadata.finalizers = [ServerBinding.releaseFinalizer]
    let binding = try await side.store.create(ServerBinding(metadata: metadata, spec: ServerBindingSpec()))
    var used = Server(metadata: ObjectMeta(name: "used"), spec: ServerSpec(accepted: true))
    used.spec.bmc = BMC(endpoint: "10.0.0.1")
    used.status.inUse = true
    used.status.conditions = [
      Condition(type: "Accepted", status: .true, lastTransitionTime: Timestamp(seconds: 1_700_000_000))
    ]
    let plan = ServerPlan(
      for: used, binding: binding, power: .off, now: Timestamp(seconds: 1_800_000_000), configuration: .init(),
      intentID: "id")
    used.status = plan.status
    _ = try await side.store.create(used)
    var clean = Server(metadata: ObjectMeta(name: "clean"), spec: ServerSpec(accepted: true))
    clean.status.isClean = true
    clean.spec.bmc = BMC(endpoint: "10.0.0.2")
    clean.spec.bmc?.passFrom = CredentialSource(
      secretKeyRef: SecretKeyRef(namespace: "default", name: "clean-bmc", key: "pass"))
    _ = try await side.store.create(clean)
    try await side.secrets.setSecret(
      SecretName(namespace: "default", name: "clean-bmc"), to: ["pass": Secret("p")])
  }

  @Test("Everything is as it was: in use, clean, switched, with its credentials")
  func everything() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (source, target) = (try side("a"), try side("b"))
    try await fill(source)
    let steps = try await copy(source, target)
    #expect(steps.allSatisfy { $0.outcome == .copied } && steps.count == 6)
    // No Server is there before the binding that says that it is in use.
    let order = steps.map(\.kind)
    #expect((order.lastIndex(of: "ServerBinding") ?? 99) < (order.firstIndex(of: "Server") ?? 0))
    let used = try #require(try await target.store.get(ServerKind.self, named: "used"))
    let binding = try #require(try await target.store.get(ServerBindingKind.self, named: "used"))
    #expect(used.metadata.bootHost == "boot-1" && used.status.inUse)
    #expect(binding.metadata.finalizers == [ServerBinding.releaseFinalizer])
    // What was switched for the binding was switched for its copy: nothing is switched again.
    #expect(used.status.switching?.subject == binding.metadata.uid)
    let again = ServerPlan(
      for: used, binding: binding, power: .off, now: Timestamp(seconds: 1_800_000_010), configuration: .init(),
      intentID: "id")
    #expect(again.actions.isEmpty || again.actions == [.askPower])
    #expect(try await target.store.get(ServerKind.self, named: "clean")?.status.isClean == true)
    #expect(
      try await target.secrets.secret(SecretName(namespace: "default", name: "clean-bmc")) == ["pass": Secret("p")])
    #expect(try await source.store.list(ServerKind.self).items.count == 2)
  }

  @Test("A dry run writes nothing; a second run finds everything there; what is different stays as it is")
  func careful() async throws {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let (source, target) = (try side("a"), try side("b"))
    try await fill(source)
    #expect(try await copy(source, target, isDryRun: true).count == 6)
    #expect(try await target.store.list(ServerKind.self).items.isEmpty)
    #expect(try await target.store.list(EnvironmentKind.self).items.isEmpty)
    var theirs = ServerClass(metadata: ObjectMeta(name: "workers"), spec: ServerClassSpec())
    theirs.spec.spreadBy = "rack"
    theirs = try await target.store.create(theirs)
    let first = try await copy(source, target)
    #expect(first.count { $0.outcome == .copied } == 5)
    let second = try await copy(source, target)
    #expect(second.count { $0.outcome == .present } == 5)
    #expect(second.contains { $0.name == "workers" && $0.outcome == .different("its spec is another") })
    #expect(try await target.store.get(ServerClassKind.self, named: "workers") == theirs)
  }
}
