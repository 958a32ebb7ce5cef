import BareMetal
import Certificates
import Foundation
import HTTPServices
import Kubernetes
import Logging
import ServiceLifecycle
import Testing
import Wire

@testable import crd_generator
@testable import siderite

private let quiet = Logger(label: "lab") { _ in SwiftLogNoOpLogHandler() }

/// Our kinds in a real API server, which asks our webhooks.
@Suite(
  "Definitions and webhooks in a real API server", .serialized,
  .enabled(if: TestCluster.isAvailable, "there is no API server: tools/test --cluster"))
struct DefinitionTests {
  /// Installs everything of rootfs/cluster that a daemon outside of a cluster needs, serves the webhooks as the service
  /// account that it gets, and lets the body run when the cluster knows where they are.
  ///
  /// - Parameter validates: whether objects are looked at, not only converted.
  private func withWebhooks(
    validates: Bool, _ body: @escaping @Sendable (TestCluster, KubernetesClient) async throws -> Void
  ) async throws {
    try await TestCluster.running { cluster in
      for part in ["namespace", "rbac"] {
        try await cluster.kubectl("apply", "-f", TestCluster.path("rootfs/cluster/\(part).yaml"))
      }
      try await cluster.kubectl("apply", "-f", TestCluster.path("rootfs/cluster/crds"))
      if validates { try await cluster.kubectl("apply", "-f", TestCluster.path("rootfs/cluster/webhooks.yaml")) }
      try await cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")

      let client = try cluster.client(token: try await cluster.daemonToken())
      let admin = try cluster.client()
      let (listening, continuation) = AsyncStream<Endpoint>.makeStream()
      let identity = TLSIdentity()
      let server = WebhookServer(
        addresses: [.loopback], port: 0, identity: identity,
        patcher: MachineConfigPatcher(parser: YAMLConfigParser()), logger: quiet,
        onListening: { continuation.yield($0[0]) })
      let group = ServiceGroup(configuration: .init(services: [server], logger: quiet))
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        let endpoint = try #require(await listening.first { _ in true })
        let keeper = CertificateKeeper(
          source: .own(KubernetesSecretStore(client)), names: ["127.0.0.1"], url: "https://\(endpoint)",
          show: { try identity.show(certificate: $0, key: $1) },
          registrar: KubernetesWebhookRegistrar(client: client), now: { .now }, logger: quiet)
        #expect(await keeper.look())
        do {
          try await body(cluster, admin)
        } catch {
          Issue.record(error)
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
      }
      await client.close()
      await admin.close()
    }
  }

  /// The API server takes up a changed definition a moment later: what is refused because it still asks elsewhere is
  /// asked again, for a bounded time.
  private func eventually<Result>(_ what: () async throws -> Result) async throws -> Result {
    let deadline = ContinuousClock.now + .seconds(30)
    while true {
      do {
        return try await what()
      } catch {
        guard ContinuousClock.now < deadline, "\(error)".contains("siderite.invalid") else { throw error }
        try await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  /// The name of a kind's version in the API server's OpenAPI document.
  private static func definition(of kind: any ManifestKind.Type, _ version: String) -> String {
    let parts = version.split(separator: "/").map { String($0) }
    let group = (parts.first ?? "").split(separator: ".").reversed().joined(separator: ".")
    return "\(group).\(parts.last ?? "").\(kind.kind)"
  }

  private func path(_ kind: any ManifestKind.Type, _ version: String, _ name: String? = nil) -> ResourcePath {
    ResourcePath(
      apiVersion: version, plural: kind.plural, namespace: kind.isNamespaced ? "default" : nil, name: name)
  }

  @Test("An object with every field of its version loses none of them, in any version, spec and status")
  func everyField() async throws {
    try await withWebhooks(validates: false) { [self] _, admin in
      for kind in Manifest.kinds {
        for version in kind.olderVersions + [kind.apiVersion] {
          let name = "every-field-\(version.split(separator: "/").last ?? "")"
          let example = try kind.example(of: version, named: name)
          let created = try await eventually {
            try await admin.create(example, in: path(kind, version), as: JSONValue.self)
          }
          #expect(created.fields["spec"] == example.fields["spec"], "\(kind) \(version)")
          var object = created.fields
          object["status"] = example.fields["status"]
          var place = path(kind, version, name)
          place.subresource = "status"
          _ = try await admin.update(JSONValue.object(object), at: place, as: JSONValue.self)
          let stored = try #require(try await admin.get(path(kind, version, name), as: JSONValue.self))
          #expect(stored.fields["spec"] == example.fields["spec"], "\(kind) \(version)")
          // An empty status is none.
          #expect(
            stored.fields["status"] == example.fields["status"] || example.fields["status"] == .object([:]),
            "\(kind) \(version)")
          // And in every other version, there and back.
          for other in kind.olderVersions + [kind.apiVersion] where other != version {
            let seen = try #require(try await admin.get(path(kind, other, name), as: JSONValue.self))
            #expect(seen.fields["apiVersion"]?.text == other)
            _ = try await admin.update(seen, at: path(kind, other, name), as: JSONValue.self)
            let back = try #require(try await admin.get(path(kind, version, name), as: JSONValue.self))
            #expect(back.fields["spec"] == example.fields["spec"], "\(kind) \(version) by \(other)")
            #expect(back.fields["status"] == stored.fields["status"], "\(kind) \(version) by \(other)")
          }
        }
      }
    }
  }

  @Test(
    "Manifests of every kind in every version apply and are read back as they were; kubectl shows columns and texts")
  func manifests() async throws {
    try await withWebhooks(validates: true) { [self] cluster, _ in
      let file = try cluster.file(Self.manifests)
      _ = try await eventually { try await cluster.kubectl("apply", "-f", file) }
      let again = try await cluster.kubectl("apply", "-f", file).split(separator: "\n")
      #expect(again.allSatisfy { $0.hasSuffix(" unchanged") }, "\(again)")
      let difference = try await cluster.kubectl("diff", "-f", file)
      #expect(difference == "")
      for (command, header) in [
        ("servers", "NAME HOSTNAME ACCEPTED CORDONED ALLOCATED CLEAN POWER AGE"),
        ("serverclasses", "NAME AVAILABLE IN USE AGE"), ("environments", "NAME KERNEL INITRD READY AGE"),
        ("metalmachines", "NAME READY AGE"), ("metalclusters", "NAME CLUSTER READY AGE"),
        ("serverbindings", "NAME READY AGE"), ("metalmachinetemplates", "NAME SERVERCLASS AGE"),
        ("servers -o wide", "NAME HOSTNAME BMC IP ACCEPTED CORDONED ALLOCATED CLEAN POWER AGE"),
        ("metalmachines -o wide", "NAME READY CLUSTER MACHINE SERVER AGE"),
        ("servers.v1alpha1.metal.sidero.dev", "NAME HOSTNAME ACCEPTED CORDONED ALLOCATED CLEAN POWER AGE"),
        ("metalmachines.v1alpha2.infrastructure.cluster.x-k8s.io", "NAME READY AGE"),
      ] {
        let text = try await cluster.kubectl(["get"] + command.split(separator: " ").map { String($0) })
        let first = text.split(separator: "\n").first ?? ""
        #expect(first.split(separator: " ").joined(separator: " ") == header, "\(command)")
      }
      let row = try await cluster.kubectl("get", "server", "00000000-0000-0000-0000-d05099d333e0")
      #expect(row.contains("rack-1"))
    }
  }

  @Test("Every field of every kind in every version has a text, which kubectl explains")
  func texts() async throws {
    try await TestCluster.running { cluster in
      try await cluster.kubectl("apply", "-f", TestCluster.path("rootfs/cluster/crds"))
      try await cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
      // The API server tells of new kinds a moment after it serves them, of one after the other.
      let names = Manifest.kinds.flatMap { kind in
        (kind.olderVersions + [kind.apiVersion]).map { Self.definition(of: kind, $0) }
      }
      var definitions: [String: JSONValue] = [:]
      let deadline = ContinuousClock.now + .seconds(60)
      repeat {
        let served = try JSONValue(parsing: try await cluster.kubectl("get", "--raw", "/openapi/v2"))
        definitions = served.fields["definitions"]?.fields ?? [:]
      } while !names.allSatisfy { definitions[$0] != nil } && ContinuousClock.now < deadline
      for kind in Manifest.kinds {
        for version in kind.olderVersions + [kind.apiVersion] {
          let name = Self.definition(of: kind, version)
          var deepest: [String] = []
          var fields = 0
          func check(_ schema: JSONValue, _ path: [String]) {
            #expect(schema.fields["description"]?.text?.isEmpty == false, "\(name) \(path)")
            fields += 1
            if path.count > deepest.count { deepest = path }
            let properties = schema.fields["properties"] ?? schema.fields["items"]?.fields["properties"]
            for (field, part) in properties?.fields ?? [:] where field != "metadata" { check(part, path + [field]) }
          }
          check(try #require(definitions[name], "\(name)"), [])
          #expect(fields > 3, "\(name)")
          for path in [[], ["spec"], deepest] {
            let place = ([kind.plural] + path).joined(separator: ".")
            let text = try await cluster.kubectl("explain", place, "--api-version=\(version)")
            #expect(text.contains("DESCRIPTION:") && !text.contains("<empty>"), "\(version) \(place): \(text)")
          }
        }
      }
      let keep = try await cluster.kubectl("explain", "server.spec.wipePolicy.keep")
      #expect(keep.contains("never erased") && keep.contains("World-wide identifier"))
      let machine = try await cluster.kubectl("explain", "metalmachine.spec")
      #expect(machine.contains("ServerClass that the Server is taken from"))
    }
  }

  @Test("A bad object is refused with everything that is wrong with it, and a template is not changed")
  func refusals() async throws {
    try await withWebhooks(validates: true) { [self] cluster, _ in
      let good = try cluster.file(Self.manifests)
      _ = try await eventually { try await cluster.kubectl("apply", "-f", good) }
      let bad = try cluster.file(
        """
        apiVersion: metal.sidero.dev/v1alpha2
        kind: Server
        metadata: {name: bad}
        spec:
          accepted: true
          bmc: {endpoint: 10.0.0.7, port: 0, userFrom: {}}
          configPatches: [{op: add, path: machine}]
          strategicPatches: ["machine: {}", "machine: ["]
        """)
      let refusal = try #require(await cluster.refusal("apply", "-f", bad))
      for path in [
        "bmc.port", "bmc.userFrom", "configPatches[0].path", "configPatches[0].value", "strategicPatches[1]",
      ] {
        #expect(refusal.contains("spec.\(path)"), "\(refusal)")
      }
      #expect(refusal.contains("The Server \"bad\" is invalid"))
      // What the schema knows the API server refuses itself, all of it too.
      let worse = try cluster.file(
        """
        apiVersion: metal.sidero.dev/v1alpha1
        kind: Server
        metadata: {name: worse}
        spec: {accepted: true, pxeMode: floppy, bootFromDiskMethod: kick, configPatches: [{op: eat, path: /machine}]}
        """)
      let schema = try #require(await cluster.refusal("apply", "--validate=false", "-f", worse))
      for path in ["pxeMode", "bootFromDiskMethod", "configPatches"] { #expect(schema.contains(path), "\(schema)") }
      let template = try #require(
        await cluster.refusal(
          "patch", "metalmachinetemplate", "machines", "--type=merge", "-p",
          #"{"spec":{"template":{"spec":{"serverClassRef":{"name":"other"}}}}}"#))
      #expect(template.contains("is not to be changed"))
      try await cluster.kubectl("label", "metalmachinetemplate", "machines", "kept=yes")
    }
  }

  @Test("The daemon's account may do what its work is, and with Secrets of others no more than read one by its name")
  func rights() async throws {
    try await TestCluster.running { cluster in
      for part in ["namespace", "rbac"] {
        try await cluster.kubectl("apply", "-f", TestCluster.path("rootfs/cluster/\(part).yaml"))
      }
      // kubectl takes the first point of a kind that it does not know for another one.
      try await cluster.kubectl("apply", "-f", TestCluster.path("rootfs/cluster/crds"))
      try await cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
      func can(_ verb: String, _ resource: String, _ options: String...) async throws -> Bool {
        let account = "--as=system:serviceaccount:sidero-system:siderite"
        // It ends with 1 for "no", and warns of what it does not know.
        var text = ""
        do {
          text = try await cluster.kubectl(["auth", "can-i", verb, resource, account] + options)
        } catch {
          text = "\(error)"
        }
        let answers = text.split(separator: "\n").filter { $0 == "yes" || $0.hasSuffix("no") }
        return try #require(answers.last, "\(text)") == "yes"
      }
      #expect(try await can("create", "secrets", "-n", "sidero-system"))
      #expect(try await can("get", "secrets", "-n", "cluster-1"))
      for verb in ["list", "watch", "create", "update", "patch", "delete"] {
        #expect(try await !can(verb, "secrets", "-n", "cluster-1"), "\(verb)")
      }
      #expect(try await !can("list", "secrets", "-n", "sidero-system"))
      #expect(try await can("patch", "servers.metal.sidero.dev", "--subresource=status"))
      #expect(try await can("patch", "customresourcedefinitions/servers.metal.sidero.dev"))
      #expect(try await !can("patch", "customresourcedefinitions/clusters.cluster.x-k8s.io"))
      #expect(try await !can("patch", "validatingwebhookconfigurations/other"))
      #expect(try await !can("update", "machines.cluster.x-k8s.io"))
      #expect(try await !can("create", "clusterrolebindings"))
    }
  }

  @Test("What clusterctl installs is taken by the API server, in both forms, with Sidero's defaults")
  func release() async throws {
    try await TestCluster.running { cluster in
      let target =
        try Command.run(TestCluster.path("tools/release"), cluster.directory).split(separator: "\n").last ?? ""
      for name in ["infrastructure-components.yaml", "infrastructure-components-in-cluster.yaml"] {
        let text = try String(contentsOfFile: "\(target)/\(name)", encoding: .utf8)
        let file = try cluster.file(Self.substituted(text))
        try await cluster.kubectl("apply", "-f", file)
      }
      let deployment = try await cluster.kubectl("get", "deployment", "-n", "sidero-system", "-o", "json")
      #expect(deployment.contains("SIDERITE_KUBECONFIG"))
      let definition = try await cluster.kubectl("get", "crd", "servers.metal.sidero.dev", "-o", "json")
      #expect(definition.contains("siderite-webhook"))
    }
  }

  /// As clusterctl does it where no variable is set.
  private static func substituted(_ text: String) -> String {
    text.replacing(/\$\{[A-Z_]+:=([^}]*)\}/) { "\($0.1)" }
  }

  /// Sidero's samples, completed where the API server has always refused them, and one of everything else. Without empty
  /// texts: the API server of tools/kube takes them for null, since Go and its library of 2020 do not agree on what zero is.
  private static let manifests = """
    apiVersion: metal.sidero.dev/v1alpha2
    kind: Server
    metadata: {name: 00000000-0000-0000-0000-d05099d333e0, labels: {common-label: "true", zone: east}}
    spec:
      accepted: false
      hostname: rack-1
      configPatches:
      - {op: replace, path: /cluster/network, value: {cni: {name: custom, urls: ["http://192.168.1.199/assets/cilium.yaml"]}}}
      - {op: add, path: /machine/kubelet, value: null}
      bmc: {endpoint: 10.0.0.7, userFrom: {secretKeyRef: {namespace: sidero-system, name: bmc, key: user}}}
      wipePolicy: {scope: systemDisk, keep: [{label: data}]}
      hardware:
        system: {manufacturer: Dell Inc., productName: PowerEdge R630, serialNumber: 790H8D2}
        memory: {totalSize: 32 GB, moduleCount: 1, modules: [{type: LPDDR3, size: 16384, speed: 2400}]}
        storage: {devices: [{type: HDD, name: sda, size: 1199101181952, wwid: naa.61866da055de070028d8e83307cc6df2}]}
        network: {interfaces: [{index: 2, name: enp3s0, flags: up|broadcast, mtu: 1500, mac: "40:8d:5c:86:5a:14"}]}
    ---
    apiVersion: metal.sidero.dev/v1alpha1
    kind: Server
    metadata: {name: server-sample}
    spec:
      accepted: true
      system: {manufacturer: Unknown, family: Unknown}
      cpu: {manufacturer: "Intel(R) Corporation", version: "Intel(R) Atom(TM) CPU C3558 @ 2.20GHz"}
    ---
    apiVersion: metal.sidero.dev/v1alpha2
    kind: ServerClass
    metadata: {name: serverclass-sample}
    spec:
      selector:
        matchLabels: {common-label: "true"}
        matchExpressions: [{key: zone, operator: In, values: [central, east]}, {key: environment, operator: NotIn, values: [prod]}]
      qualifiers:
        hardware:
        - system: {manufacturer: Dell Inc.}
          compute: {totalCoreCount: 8, processors: [{manufacturer: Intel, speed: ">= 2 GHz"}]}
          memory: {totalSize: 32 GB}
        labelSelectors: [{rack: "1"}]
      strategicPatches: ["machine: {install: {disk: /dev/sda}}"]
    ---
    apiVersion: metal.sidero.dev/v1alpha1
    kind: ServerClass
    metadata: {name: serverclass-v1alpha1}
    spec:
      qualifiers:
        cpu: [{manufacturer: "Intel(R) Corporation", version: "Intel(R) Atom(TM) CPU C3558 @ 2.20GHz"}]
        systemInformation: [{family: Unknown, manufacturer: Unknown, serialNumber: Unknown}]
        labelSelectors: [{key1: val1}, {key2: val2}]
    ---
    apiVersion: metal.sidero.dev/v1alpha2
    kind: Environment
    metadata: {name: default}
    spec:
      kernel: {url: "https://example.invalid/vmlinuz", args: [console=tty0, talos.platform=metal]}
      initrd: {url: "https://example.invalid/initramfs.xz"}
      architectures: {arm64: {kernel: {url: "https://example.invalid/arm64"}}}
    ---
    apiVersion: metal.sidero.dev/v1alpha1
    kind: Environment
    metadata: {name: older}
    spec: {kernel: {url: "https://example.invalid/vmlinuz"}, initrd: {url: "https://example.invalid/initramfs.xz"}}
    ---
    apiVersion: infrastructure.cluster.x-k8s.io/v1alpha3
    kind: MetalCluster
    metadata: {name: cluster, namespace: default}
    spec: {controlPlaneEndpoint: {host: 10.0.0.2, port: 6443}}
    ---
    apiVersion: infrastructure.cluster.x-k8s.io/v1alpha2
    kind: MetalCluster
    metadata: {name: older, namespace: default}
    spec: {apiEndpoints: [{host: 10.0.0.2, port: 6443}]}
    ---
    apiVersion: infrastructure.cluster.x-k8s.io/v1alpha3
    kind: MetalMachineTemplate
    metadata: {name: machines, namespace: default}
    spec: {template: {spec: {serverClassRef: {apiVersion: metal.sidero.dev/v1alpha2, kind: ServerClass, name: any}}}}
    ---
    apiVersion: infrastructure.cluster.x-k8s.io/v1alpha2
    kind: MetalMachineTemplate
    metadata: {name: older, namespace: default}
    spec: {template: {spec: {serverRef: {apiVersion: metal.sidero.dev/v1alpha1, kind: Server, name: server-sample}}}}
    ---
    apiVersion: infrastructure.cluster.x-k8s.io/v1alpha3
    kind: MetalMachine
    metadata: {name: machine, namespace: default, labels: {cluster.x-k8s.io/cluster-name: cluster}}
    spec: {serverClassRef: {apiVersion: metal.sidero.dev/v1alpha2, kind: ServerClass, name: any}}
    ---
    apiVersion: infrastructure.cluster.x-k8s.io/v1alpha2
    kind: MetalMachine
    metadata: {name: older, namespace: default}
    spec: {serverRef: {kind: Server, name: server-sample}}
    ---
    apiVersion: infrastructure.cluster.x-k8s.io/v1alpha3
    kind: ServerBinding
    metadata: {name: server-sample}
    spec: {metalMachineRef: {kind: MetalMachine, namespace: default, name: machine}, serverClassRef: {name: any}}

    """
}
