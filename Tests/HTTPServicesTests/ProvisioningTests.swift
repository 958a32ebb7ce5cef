import BareMetal
import Foundation
import HTTPTypes
import Synchronization
import Testing
import Wire

@testable import HTTPServices
@testable import struct siderite.YAMLConfigParser

@Suite("A machine gets its configuration")
struct ProvisioningTests {
  @Test("Its boot script carries a token, and with it the configuration comes, as often as it likes")
  func served() async throws {
    let rack = try await ProvisioningRack()
    let token = try #require(try await rack.bootToken())
    #expect(token.utf8.count == BootToken.length)
    for _ in 0..<3 {
      let answer = try await rack.configuration(token: token)
      #expect(answer.status == 200)
      #expect(answer.text.contains("token: secret"))
      #expect(answer.headers[.cacheControl] == "no-store")
    }
    #expect(rack.rack.reasons == ["Planned"] + Array(repeating: "TransferFinished", count: 3))
  }

  @Test("Without a token, with a wrong, an old or an expired one: 403, and the journal warns")
  func refused() async throws {
    let rack = try await ProvisioningRack()
    #expect(try await rack.configuration(token: "").status == 403)
    let first = try #require(try await rack.bootToken())
    let second = try #require(try await rack.bootToken())
    #expect(first != second)
    for wrong in ["", first, second + "x", String(second.dropLast()), second.lowercased()] {
      let answer = try await rack.configuration(token: wrong)
      #expect(answer.status == 403)
      #expect(answer.isOneLine)
      #expect(!answer.text.contains(second))
    }
    #expect(rack.rack.journal.records().flatMap(\.events).filter(\.isWarning).count == 6)
    rack.clock.withLock { $0 += BootToken.validSeconds }
    #expect(try await rack.configuration(token: second).status == 403)
    #expect(!rack.rack.messages.contains { $0.contains(second) })
  }

  @Test("A token that was shown is good for that address only; the machine's journal hears of the other")
  func stolen() async throws {
    let rack = try await ProvisioningRack()
    let token = try #require(try await rack.bootToken())
    #expect(try await rack.configuration(token: token).status == 200)
    let thief = try await rack.configuration(token: token, from: "10.0.0.66")
    #expect(thief.status == 403)
    #expect(thief.text == "the token is in use at another address\n")
    #expect(try await rack.configuration(token: token).status == 200)
    let record = rack.rack.journal.records().first { $0.uuid == SystemUUID(ProvisioningRack.uuid) }
    #expect(record?.events.contains { $0.isWarning } == true)
    #expect(record?.address == IPAddress("10.0.0.7"))
  }

  @Test("A restart of the daemon changes nothing: tokens and their addresses are kept")
  func restart() async throws {
    let rack = try await ProvisioningRack()
    let token = try #require(try await rack.bootToken())
    rack.restart()
    #expect(try await rack.configuration(token: token).status == 200)
    rack.restart()
    #expect(try await rack.configuration(token: token, from: "10.0.0.66").status == 403)
    #expect(try await rack.configuration(token: token).status == 200)
  }

  @Test("Another allocation of the same Server ends the token")
  func reallocated() async throws {
    let rack = try await ProvisioningRack()
    let token = try #require(try await rack.bootToken())
    try await rack.change(ServerBindingKind.self) { $0.metadata.uid = "another" }
    let answer = try await rack.configuration(token: token)
    #expect(answer.status == 403)
    #expect(answer.text == "the token was given out for an earlier allocation\n")
  }

  @Test("A neighbour whose network card is not the Server's gets neither script nor configuration")
  func hardwareAddress() async throws {
    let rack = try await ProvisioningRack()
    try await rack.change(ServerKind.self) { server in
      server.spec.hardware = HardwareInformation(
        network: NetworkInformation(interfaces: [
          NetworkInterfaceInformation(mac: "52:54:00:00:00:01"), NetworkInterfaceInformation(mac: "52:54:00:00:00:02"),
        ]))
    }
    rack.neighbours.withLock { $0 = ["10.0.0.7": "52:54:00:00:00:02", "10.0.0.66": "52:54:00:00:00:99"] }
    let stranger = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)", from: "10.0.0.66")
    #expect(stranger.status == 403)
    #expect(!stranger.text.contains("token="))
    let token = try #require(try await rack.bootToken())
    #expect(try await rack.configuration(token: token, from: "10.0.0.66").status == 403)
    rack.restart()
    // Behind a router: nobody knows its card.
    let far = try #require(try await rack.bootToken(from: "10.9.0.1"))
    #expect(try await rack.configuration(token: far, from: "10.9.0.1").status == 200)
  }

  @Test(
    "What may not boot its Environment gets no configuration either, though it had a token",
    arguments: ["unaccepted", "quarantined", "wiped", "released"])
  func mayNot(why: String) async throws {
    let rack = try await ProvisioningRack()
    let token = try #require(try await rack.bootToken())
    switch why {
    case "unaccepted": try await rack.change(ServerKind.self) { $0.spec.accepted = false }
    case "quarantined":
      try await rack.changeStatus { status in
        status.conditions = [
          Condition(
            type: "Quarantined", status: .true, lastTransitionTime: Timestamp(seconds: 0), reason: "DuplicateUUID")
        ]
      }
    case "wiped":
      try await rack.changeStatus {
        $0.wipe = WipeStatus(
          id: "w", reason: .requested, generation: 1, requestedAt: Timestamp(seconds: 0), disks: [])
      }
    default: try await rack.change(ServerBindingKind.self) { $0.metadata.deletionTimestamp = Timestamp(seconds: 1) }
    }
    let answer = try await rack.configuration(token: token)
    #expect(answer.status == (why == "released" ? 404 : 403))
    #expect(!answer.text.contains("secret"))
    let script = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)")
    #expect(!script.text.contains("token="))
    #expect(!script.text.contains("/env/default/"))
  }

  @Test("Questions that cannot be answered: 400, 404, 414")
  func unanswerable() async throws {
    let rack = try await ProvisioningRack()
    for (query, status) in [
      ("", 400), ("?uuid=", 400), ("?uuid=&token=x", 400), ("?uuid=../../etc/passwd", 400),
      ("?uuid=00000000-0000-0000-0000-000000000000", 400), ("?uuid=4c4c4544-0051-3610-8052-b4c04f4d0000", 404),
      ("?uuid=\(ProvisioningRack.uuid)&token=" + String(repeating: "x", count: 3000), 414),
    ] {
      let answer = try await rack.rack.ask(.get, "/configdata\(query)")
      #expect(answer.status == status, "\(query)")
      #expect(answer.isOneLine)
    }
    let token = try #require(try await rack.bootToken())
    try await rack.secrets.setSecret(ProvisioningRack.configName, to: nil)
    #expect(try await rack.configuration(token: token).status == 404)
    try await rack.change(ServerBindingKind.self) { $0.spec.configRef = nil }
    #expect(try await rack.configuration(token: token).status == 404)
  }

  @Test(
    "A machine of Cluster API gets what was copied here for it, patched: class, Server, node label; render shows it")
  func bootstrapData() async throws {
    let rack = try await ProvisioningRack()
    let (_, copy) = try await rack.belongToCluster()
    try await rack.secrets.setSecret(.bootstrapData(ofServer: ProvisioningRack.uuid), to: copy)
    _ = try await rack.rack.store.create(
      ServerClass(
        metadata: ObjectMeta(name: "workers"),
        spec: {
          var spec = ServerClassSpec()
          spec.strategicPatches = ["machine:\n  token: class\n  type: worker\n"]
          return spec
        }()))
    try await rack.change(ServerKind.self) {
      $0.spec.configPatches = [ConfigPatch(op: "replace", path: "/machine/token", value: .string("server"))]
    }
    let token = try #require(try await rack.bootToken())
    let answer = try await rack.configuration(token: token)
    #expect(answer.status == 200)
    #expect(answer.text.contains("token: server") && answer.text.contains("type: worker"))
    #expect(answer.text.contains("metal.sidero.dev/uuid=\(ProvisioningRack.uuid)"))
    let server = try #require(try await rack.rack.store.get(ServerKind.self, named: ProvisioningRack.uuid))
    #expect(try await rack.rack.bootPlane().render(server).configuration == answer.text)
  }

  @Test("While a machine of Cluster API has no configuration here: why, 404 or 412, also in the journal and in render")
  func noBootstrapData() async throws {
    let rack = try await ProvisioningRack()
    let (machine, copy) = try await rack.belongToCluster()
    let token = try #require(try await rack.bootToken())
    func refused(_ status: Int, _ reason: String) async throws {
      let answer = try await rack.configuration(token: token)
      #expect(answer.status == status && answer.text.contains(reason) && answer.isOneLine, "\(answer.text)")
      #expect(rack.rack.messages.last?.contains(reason) == true)
      let server = try #require(try await rack.rack.store.get(ServerKind.self, named: ProvisioningRack.uuid))
      #expect(try await rack.rack.bootPlane().render(server).configurationProblem?.contains(reason) == true)
    }
    try await refused(404, "its MetalMachine default/m is not here")
    var metalMachine = MetalMachine(metadata: ObjectMeta(name: "m"), spec: MetalMachineSpec())
    metalMachine.metadata.namespace = "default"
    metalMachine = try await rack.rack.store.create(metalMachine)
    try await refused(404, "no Machine owns its MetalMachine default/m")
    metalMachine.metadata.ownerReferences = [
      OwnerReference(apiVersion: "cluster.x-k8s.io/v1beta1", kind: "Machine", name: "m", uid: "u")
    ]
    _ = try await rack.rack.store.update(metalMachine)
    try await refused(404, "no Machine owns")
    var owner = machine
    owner.spec.bootstrap = nil
    owner = try await rack.rack.store.create(owner)
    try await refused(404, "its Machine default/m has no configuration (spec.bootstrap.dataSecretName)")
    owner.spec.bootstrap = machine.spec.bootstrap
    _ = try await rack.rack.store.update(owner)
    try await refused(412, "its configuration, Secret default/m-data, key value, has not come to this boot host yet")
    // What was copied for an earlier allocation of the same Server is another machine's.
    var old = copy
    old[BootstrapData.bindingKey] = Secret("an earlier one")
    try await rack.secrets.setSecret(.bootstrapData(ofServer: ProvisioningRack.uuid), to: old)
    try await refused(412, "has not come to this boot host yet")
    try await rack.secrets.setSecret(.bootstrapData(ofServer: ProvisioningRack.uuid), to: copy)
    #expect(try await rack.configuration(token: token).text.contains("token: cluster"))
  }

  @Test("A binding that was moved boots from its disk, for its annotation says that it is installed")
  func movedBinding() async throws {
    let rack = try await ProvisioningRack()
    try await rack.change(ServerBindingKind.self) {
      $0.metadata.annotations = [ServerBinding.installedAnnotation: "true"]
    }
    let script = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)&platform=efi")
    #expect(!script.text.contains("/env/default/"))
    #expect(rack.rack.messages == ["boots its disk: it is installed"])
  }

  @Test("A store that fails is 503, and gives no token out that it did not keep")
  func unavailable() async throws {
    let rack = try await ProvisioningRack()
    let token = try #require(try await rack.bootToken())
    rack.secrets.fails.withLock { $0 = true }
    #expect(try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)").status == 503)
    #expect(try await rack.configuration(token: token).status == 503)
    rack.secrets.fails.withLock { $0 = false }
    // Whoever comes first now is the first.
    #expect(try await rack.configuration(token: token, from: "10.0.0.8").status == 200)
    rack.rack.store.fail(.unavailable)
    #expect(try await rack.configuration(token: token, from: "10.0.0.8").status == 503)
  }

  @Test("Openly, whoever knows the UUID gets it, and scripts carry no token: Sidero's behaviour, by choice only")
  func open() async throws {
    let rack = try await ProvisioningRack { $0.configAccess = .open }
    let script = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)")
    #expect(script.text.contains(" talos.config=http://10.0.0.1:8081/configdata?uuid=\(ProvisioningRack.uuid) ||"))
    #expect(try await rack.configuration(token: nil, from: "10.0.0.66").status == 200)
    try await rack.change(ServerKind.self) { $0.spec.accepted = false }
    #expect(try await rack.configuration(token: nil).status == 403)
  }

  @Test(
    "Installed, told by the machine itself: the binding knows, twice is once, and no configuration goes out any more")
  func installed() async throws {
    let rack = try await ProvisioningRack()
    let token = try #require(try await rack.bootToken())
    let query = "?uuid=\(ProvisioningRack.uuid)&token=\(token)"
    #expect(try await rack.rack.ask(.post, "/provision/v1/installed?uuid=\(ProvisioningRack.uuid)").status == 403)
    for _ in 0..<2 {
      #expect(try await rack.rack.ask(.post, "/provision/v1/installed\(query)").status == 204)
      let binding = try await rack.rack.store.get(ServerBindingKind.self, named: ProvisioningRack.uuid)
      let conditions = binding?.status.conditions ?? []
      #expect(conditions.map(\.type) == ["TalosConfigLoaded", "TalosConfigValidated", "TalosInstalled"])
      #expect(conditions.allSatisfy { $0.status == .true })
    }
    #expect(try await rack.configuration(token: token).status == 403)
    let script = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)&platform=efi&arch=x86_64")
    #expect(script.text.hasSuffix("\nexit 1\n"))
  }

  @Test("PXE boot retried after a bad config, then fixed")
  func badConfiguration() async throws {
    let rack = try await ProvisioningRack()
    let token = try #require(try await rack.bootToken())
    let answer = try await rack.rack.ask(
      .post, "/provision/v1/failed?uuid=\(ProvisioningRack.uuid)&token=\(token)",
      body: Array("unknown key: machine.nonsense\u{1b}[31m\nmore".utf8))
    #expect(answer.status == 204)
    let failed = try await rack.rack.store.get(ServerBindingKind.self, named: ProvisioningRack.uuid)
    #expect(failed?.status.conditions?.map(\.type) == ["TalosConfigLoaded"])
    #expect(failed?.status.conditions?.first?.status == .false)
    #expect(failed?.status.conditions?.first?.message == "unknown key: machine.nonsense[31m")
    // It comes again, gets what the configuration is by then, and says it is installed.
    let again = try #require(try await rack.bootToken())
    try await rack.secrets.setSecret(
      ProvisioningRack.configName, to: ["config": Secret("version: v1alpha1\nmachine:\n  token: fixed\n")])
    #expect(try await rack.configuration(token: again).text.contains("token: fixed"))
    let query = "?uuid=\(ProvisioningRack.uuid)&token=\(again)"
    #expect(try await rack.rack.ask(.post, "/provision/v1/installed\(query)").status == 204)
    let fixed = try await rack.rack.store.get(ServerBindingKind.self, named: ProvisioningRack.uuid)
    #expect(fixed?.status.conditions?.allSatisfy { $0.status == .true } == true)
  }

  @Test(
    "To its disk by a 404, when that is asked for: no failure in the journal; our own script gets a way out of iPXE")
  func plain404() async throws {
    let rack = try await ProvisioningRack { $0.bootFromDiskMethod = .http404 }
    try await rack.changeStatus { status in
      status.conditions = [Condition(type: "PXEBooted", status: .true, lastTransitionTime: Timestamp(seconds: 0))]
    }
    let answer = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)&platform=efi")
    #expect(answer.status == 404)
    #expect(rack.rack.journal.records().flatMap(\.events).allSatisfy { !$0.isWarning })
    #expect(rack.rack.messages == ["boots its disk: it has booted its Environment"])
    let ours = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)&platform=efi&script=first")
    #expect(ours.status == 200)
    #expect(ours.text.hasSuffix("\nexit 1\n"))
  }

  @Test("Patches that do not apply: 422, a condition on the Server, an event; cleared when they do")
  func patches() async throws {
    let rack = try await ProvisioningRack()
    let token = try #require(try await rack.bootToken())
    try await rack.change(ServerKind.self) {
      $0.spec.configPatches = [ConfigPatch(op: "replace", path: "/machine/install/disk", value: .string("/dev/sda"))]
    }
    let problem = "Server \(ProvisioningRack.uuid), configPatches[0]: replace /machine/install/disk: "
    for _ in 0..<2 {
      let answer = try await rack.configuration(token: token)
      #expect(answer.status == 422)
      #expect(answer.text == problem + "there is nothing at /machine/install\n")
    }
    let server = try await rack.rack.store.get(ServerKind.self, named: ProvisioningRack.uuid)
    let condition = try #require(server?.status.conditions?.first { $0.type == "ConfigPatched" })
    #expect(condition.status == .false)
    #expect(condition.reason == "PatchFailed")
    #expect(condition.message == problem + "there is nothing at /machine/install")
    #expect(rack.rack.reasons.contains("Server Configuration"))
    try await rack.change(ServerKind.self) {
      $0.spec.configPatches = [
        ConfigPatch(op: "add", path: "/machine/install", value: .object(["disk": .string("sda")]))
      ]
    }
    #expect(try await rack.configuration(token: token).status == 200)
    let good = try await rack.rack.store.get(ServerKind.self, named: ProvisioningRack.uuid)
    #expect(good?.status.conditions?.first { $0.type == "ConfigPatched" }?.status == .true)
  }

  @Test("render shows what is served, byte for byte, with whose every patched field is, and makes no token")
  func render() async throws {
    let rack = try await ProvisioningRack()
    try await rack.change(ServerKind.self) {
      $0.spec.strategicPatches = ["machine:\n  install:\n    disk: /dev/sda\n"]
    }
    let token = try #require(try await rack.bootToken())
    let server = try #require(try await rack.rack.store.get(ServerKind.self, named: ProvisioningRack.uuid))
    let rendered = try await rack.rack.bootPlane().render(server)
    #expect(rendered.configuration == (try await rack.configuration(token: token)).text)
    #expect(rendered.boots == "Environment default")
    #expect(
      rendered.patchedFields?.map { "\($0.path): \($0.origin)" } == [
        "/machine/install: Server \(ProvisioningRack.uuid), strategicPatches[0]", "/machine/kubelet: the node label",
      ])
    let script = try #require(rendered.scripts.first { $0.architectures.contains("uefiX64") })
    #expect(script.kernelArguments?.last?.hasSuffix("configdata?uuid=\(ProvisioningRack.uuid)&token=<token>") == true)
    #expect(rendered.scripts.first { $0.architectures.contains("uefiARM64") }?.problem?.contains("arm64") == true)
    #expect(rendered.offers.contains { $0.client == "bios iPXE" && $0.bootFile?.hasSuffix("/boot.ipxe") == true })
    try await rack.change(ServerKind.self) { $0.spec.strategicPatches = ["machine: ["] }
    let broken = try #require(try await rack.rack.store.get(ServerKind.self, named: ProvisioningRack.uuid))
    let problem = try await rack.rack.bootPlane().render(broken)
    #expect(problem.configuration == nil)
    #expect(problem.configurationProblem?.contains("strategicPatches[0]: it is not YAML") == true)
    let unbound = try await rack.rack.bootPlane().render(
      Server(metadata: ObjectMeta(name: "4c4c4544-0051-3610-8052-000000000000"), spec: ServerSpec()))
    #expect(unbound.boots == "Environment agent-amd64")
    #expect(unbound.configuration == nil)
  }

  @Test("An Environment that is missing is 404, one that is not ready 412")
  func environment() async throws {
    let rack = try await ProvisioningRack()
    try rack.rack.serve([])
    let notReady = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)")
    #expect(notReady.status == 412)
    #expect(notReady.text == "Environment default is not ready: vmlinuz is not here yet\n")
    let arm = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)&arch=arm64&platform=efi")
    #expect(arm.status == 412)
    #expect(arm.text.contains("has no kernel for arm64"))
    try await rack.change(ServerKind.self) { $0.spec.environmentRef = ObjectReference(name: "none") }
    let missing = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)")
    #expect(missing.status == 404)
    #expect(missing.text == "there is no Environment none\n")
  }

  @Test("Kernel arguments that would be script commands are refused")
  func injection() async throws {
    let rack = try await ProvisioningRack()
    try await rack.change(EnvironmentKind.self, named: "default") {
      $0.spec.kernel?.args = ["console=ttyS0\nshell"]
    }
    let answer = try await rack.rack.ask(.get, "/ipxe?uuid=\(ProvisioningRack.uuid)")
    #expect(answer.status == 412)
    #expect(!answer.text.contains("\nshell"))
  }

  @Test("A hundred machines at once: every token is kept before it is given out, in few commits")
  func many() async throws {
    let secrets = CountingSecrets()
    let tokens = BootTokens(secrets: secrets, now: { Timestamp(seconds: 0) })
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<100 {
        group.addTask {
          let token = try await tokens.mint(for: "s\(index)", binding: "b")
          #expect(BootToken(try await secrets.secret(.bootToken(ofServer: "s\(index)")))?.token == token)
          let refusal = try await tokens.redeem(
            token, of: "s\(index)", binding: "b", at: IPAddress("10.0.0.7"), for: .configuration)
          #expect(refusal == nil)
          #expect(BootToken(try await secrets.secret(.bootToken(ofServer: "s\(index)")))?.address != nil)
        }
      }
      try await group.waitForAll()
    }
    #expect(secrets.commits < 100)
  }
}

/// Secrets whose commits take a while and are counted.
private final class CountingSecrets: SecretStore {
  private let state = Mutex<(all: [SecretName: [String: Secret]], commits: Int)>(([:], 0))

  var commits: Int { state.withLock { $0.commits } }

  func secret(_ name: SecretName) async throws(StoreError) -> [String: Secret]? { state.withLock { $0.all[name] } }

  func setSecret(_ name: SecretName, to values: [String: Secret]?) async throws(StoreError) {
    try await setSecrets([name: values ?? [:]])
  }

  func setSecrets(_ secrets: [SecretName: [String: Secret]]) async throws(StoreError) {
    for _ in 0..<10 { await Task.yield() }
    state.withLock { state in
      state.commits += 1
      state.all.merge(secrets) { $1 }
    }
  }
}

/// A rack with one machine, accepted and allocated with a configuration, and an Environment to boot.
struct ProvisioningRack: Sendable {
  static let uuid = "4c4c4544-0051-3610-8052-b4c04f4d4631"
  static let configName = SecretName(namespace: "sidero-system", name: "worker")

  let rack: Rack
  let secrets = MemorySecrets()
  let clock = Shared(Int64(1_700_000_000))
  let neighbours = Shared<[String: String]>([:])

  /// A value behind a lock, that closures may keep.
  final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>
    init(_ value: Value) { self.value = Mutex(value) }
    func withLock<Result>(_ body: (inout sending Value) -> sending Result) -> sending Result { value.withLock(body) }
  }

  init(configure: (inout BootPlaneConfiguration) -> Void = { _ in }) async throws {
    rack = try Rack(configure: configure)
    try rack.serve([
      (.environment("default", .kernel), Array("kernel".utf8)),
      (.environment("default", .initramfs), Array("initramfs".utf8)),
      (.environment("agent-amd64", .kernel), Array("kernel".utf8)),
      (.environment("agent-amd64", .initramfs), Array("initramfs".utf8)),
    ])
    try await secrets.setSecret(
      Self.configName, to: ["config": Secret("version: v1alpha1\nmachine:\n  token: secret\n")])
    let (kernel, initrd) = ("http://assets.example/vmlinuz", "http://assets.example/initramfs.xz")
    var environment = Environment(
      metadata: ObjectMeta(name: "default"),
      spec: EnvironmentSpec(
        kernel: KernelSource(url: kernel, args: ["console=ttyS0"]), initrd: AssetSource(url: initrd)))
    environment.status.conditions = [kernel, initrd].map { AssetCondition(url: $0, status: .true) }
    _ = try await rack.store.create(environment)
    _ = try await rack.store.create(
      Server(metadata: ObjectMeta(name: Self.uuid), spec: ServerSpec(accepted: true)))
    var binding = ServerBinding(metadata: ObjectMeta(name: Self.uuid), spec: ServerBindingSpec())
    binding.metadata.uid = "b1"
    binding.spec.configRef = SecretKeyRef(
      namespace: Self.configName.namespace, name: Self.configName.name, key: "config")
    _ = try await rack.store.create(binding)
    restart()
  }

  /// Makes the allocation one of Cluster API's.
  /// - Returns: a Machine to be made, and the copy of its configuration.
  func belongToCluster() async throws -> (machine: Machine, copy: [String: Secret]) {
    try await change(ServerBindingKind.self) {
      $0.spec.configRef = nil
      $0.spec.serverClassRef = ObjectReference(name: "workers")
      $0.spec.metalMachineRef = ObjectReference(namespace: "default", name: "m")
    }
    var machine = Machine(metadata: ObjectMeta(name: "m"), spec: MachineSpec(clusterName: "prod"))
    machine.metadata.namespace = "default"
    machine.spec.bootstrap = MachineBootstrap(dataSecretName: "m-data")
    let config = "version: v1alpha1\nmachine:\n  token: cluster\n"
    return (machine, [BootstrapData.valueKey: Secret(config), BootstrapData.bindingKey: Secret("b1")])
  }

  /// As after a restart of the daemon: nothing in memory.
  func restart() {
    rack.provisioning.withLock {
      $0 = Provisioning(
        store: rack.store, secrets: secrets, journal: rack.journal, parser: YAMLConfigParser(),
        now: { [clock] in Timestamp(seconds: clock.withLock { $0 }) },
        hardwareAddress: { [neighbours] address in
          neighbours.withLock { $0["\(address)"].flatMap { MACAddress($0) } }
        })
    }
  }

  func change<Kind: ResourceKind>(
    _ kind: Kind.Type, named name: String = uuid, _ body: (inout Resource<Kind>) -> Void
  ) async throws {
    var resource = try #require(try await rack.store.get(kind, named: name))
    body(&resource)
    _ = try await rack.store.update(resource)
  }

  func changeStatus(_ body: (inout ServerStatus) -> Void) async throws {
    var server = try #require(try await rack.store.get(ServerKind.self, named: Self.uuid))
    body(&server.status)
    _ = try await rack.store.updateStatus(server)
  }

  /// Boots, and reads the token from the script.
  func bootToken(from client: String = "10.0.0.7") async throws -> String? {
    let answer = try await rack.ask(.get, "/ipxe?uuid=\(Self.uuid)", from: client)
    #expect(answer.status == 200)
    guard let start = answer.text.range(of: "&token=") else { return nil }
    return String(answer.text[start.upperBound...].prefix { $0.isLetter || $0.isNumber })
  }

  func configuration(token: String?, from client: String = "10.0.0.7") async throws -> Answer {
    try await rack.ask(
      .get, "/configdata?uuid=\(Self.uuid)\(token.map { "&token=\($0)" } ?? "")", from: client)
  }
}
