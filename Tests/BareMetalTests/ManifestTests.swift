import BareMetal
import Foundation
import Testing

@Suite("Manifests")
struct ManifestTests {
  /// A document without `null` members where absent says the same, so that documents can be compared.
  private func document(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

  private func read(_ text: String) throws -> Manifest { try ManifestReader().read(document(text)).value }

  private func problems(_ text: String) throws -> [String] {
    let document = try document(text)
    do {
      _ = try ManifestReader().read(document)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  /// A Server's manifest with this spec.
  private func server(_ spec: String) -> String {
    #"{"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"name": "a"}, "spec": \#(spec)}"#
  }

  private func serverClass(_ spec: String) -> String {
    #"{"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "ServerClass", "metadata": {"name": "a"}, "spec": \#(spec)}"#
  }

  // MARK: Every shape

  @Test(
    "Manifests of every documented shape read back as they were written", arguments: ManifestShapes.today.keys.sorted())
  func shapes(name: String) throws {
    let written = try document(try #require(ManifestShapes.today[name]))
    let reading = try ManifestReader().read(written)
    #expect(reading.warnings.isEmpty)
    var expected = written.members
    var readBack = reading.value.document().members
    readBack["status"] = nil
    // What is not accepted is said so.
    if written.members["kind"] == .string("Server"), var spec = expected["spec"]?.members {
      spec["accepted"] = spec["accepted"] ?? .bool(false)
      expected["spec"] = .object(spec)
    }
    #expect(JSONValue.object(readBack) == .object(expected))
  }

  @Test(
    "Manifests of the older version read back in it as they were written", arguments: ManifestShapes.older.keys.sorted()
  )
  func olderShapes(name: String) throws {
    let written = try document(try #require(ManifestShapes.older[name]))
    let reading = try ManifestReader().read(written)
    #expect(reading.warnings.isEmpty)
    var readBack = reading.value.document(version: "metal.sidero.dev/v1alpha1").members
    readBack["status"] = nil
    #expect(JSONValue.object(readBack) == written)
  }

  @Test(
    "Cluster API objects of the older version read back in it as they were written, too",
    arguments: ManifestShapes.olderInfrastructure.keys.sorted())
  func olderInfrastructure(name: String) throws {
    let written = try document(try #require(ManifestShapes.olderInfrastructure[name]))
    let manifest = try ManifestReader().read(written).value
    #expect(manifest.document().members["apiVersion"] == .string("infrastructure.cluster.x-k8s.io/v1alpha3"))
    var readBack = manifest.document(version: "infrastructure.cluster.x-k8s.io/v1alpha2").members
    readBack["status"] = nil
    #expect(JSONValue.object(readBack) == written)
  }

  @Test("What lives in namespaces and says none is in default; what does not loses what it says")
  func namespaces() throws {
    let machine = try read(
      """
      {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalMachine", "metadata": {"name": "a"},
       "spec": {}}
      """)
    #expect(machine.metadata.key == "default/a")
    let server = try read(
      """
      {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"name": "a", "namespace": "default"},
       "spec": {"accepted": true}}
      """)
    #expect(server.metadata.key == "a")
    #expect(
      try problems(
        """
        {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalMachine",
         "metadata": {"name": "a", "namespace": "No Such"}, "spec": {}}
        """) == ["metadata.namespace: \(ResourceName.rule)"])
  }

  @Test("What is wrong with Cluster API objects is told, field by field")
  func infrastructureProblems() throws {
    func object(_ kind: String, _ spec: String) -> String {
      """
      {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "\(kind)", "metadata": {"name": "a"},
       "spec": \(spec)}
      """
    }
    #expect(
      try problems(object("MetalCluster", #"{"controlPlaneEndpoint": {"port": 70000}}"#)) == [
        "spec.controlPlaneEndpoint.host: is missing",
        "spec.controlPlaneEndpoint.port: 70000 is no TCP port: 1 to 65535 are, mostly 6443",
      ])
    #expect(
      try problems(
        object("MetalMachine", #"{"providerID": "aws://x", "serverRef": {}, "serverClassRef": {"name": "A B"}}"#)) == [
          "spec.providerID: is sidero:// and the name of a Server",
          "spec.serverClassRef.name: \(ResourceName.rule)", "spec.serverRef.name: is missing",
        ])
    #expect(
      try problems(object("MetalMachineTemplate", #"{"template": {"spec": {}}}"#)) == [
        "spec.template.spec: needs serverClassRef, or serverRef for a single machine"
      ])
    #expect(try problems(object("MetalMachineTemplate", "{}")) == ["spec.template: is missing"])
  }

  @Test("A template is not changed: another is made")
  func immutableTemplate() {
    func template(_ serverClass: String) -> MetalMachineTemplateSpec {
      MetalMachineTemplateSpec(
        template: MetalMachineTemplateResource(
          spec: MetalMachineSpec(serverClassRef: ObjectReference(name: serverClass))))
    }
    #expect(MetalMachineTemplateKind.problems(template("a"), replacing: template("a")).isEmpty)
    #expect(
      MetalMachineTemplateKind.problems(template("b"), replacing: template("a")).map(\.path) == ["spec.template.spec"])
    #expect(MetalMachineKind.problems(MetalMachineSpec(), replacing: MetalMachineSpec(providerID: "x")).isEmpty)
  }

  @Test("What is another program's is only read: no cluster's store writes it")
  func readOnly() throws {
    for kind in [ClusterKind.self, MachineKind.self] as [any ResourceKind.Type] {
      #expect(throws: StoreError.self) { try ResourceName.checkWritable(kind, named: "default/a") }
    }
    try ResourceName.checkWritable(MetalMachineKind.self, named: "default/a")
    let cluster = try JSONDecoder().decode(
      Cluster.self,
      from: Data(
        """
        {"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Cluster",
         "metadata": {"name": "prod", "namespace": "default"},
         "spec": {"paused": true, "topology": {"class": "x"}, "infrastructureRef": {"kind": "MetalCluster", "name": "prod"}},
         "status": {"phase": "Provisioned", "infrastructureReady": true, "conditions": []}}
        """.utf8))
    #expect(cluster.spec.paused == true && cluster.hasInfrastructure)
    let machine = try JSONDecoder().decode(
      Machine.self,
      from: Data(
        """
        {"apiVersion": "cluster.x-k8s.io/v1beta1", "kind": "Machine",
         "metadata": {"name": "m", "namespace": "default"},
         "spec": {"clusterName": "prod", "version": "v1.34.0", "bootstrap": {"configRef": {"name": "c"},
           "dataSecretName": "s"}, "infrastructureRef": {"kind": "MetalMachine", "name": "m"}}, "status": {"phase": "x"}}
        """.utf8))
    #expect(machine.spec.bootstrap?.dataSecretName == "s" && machine.spec.clusterName == "prod")
  }

  @Test("Nothing is lost on the way through the older version", arguments: ManifestShapes.today.keys.sorted())
  func throughOlder(name: String) throws {
    let manifest = try read(try #require(ManifestShapes.today[name]))
    let older = manifest.document(version: "metal.sidero.dev/v1alpha1")
    #expect(try ManifestReader().read(older).value == manifest)
  }

  @Test("What kubectl shows is a manifest: status and the server's own metadata are passed over")
  func exported() throws {
    let manifest = try read(
      """
      {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server",
       "metadata": {"name": "a", "uid": "u", "resourceVersion": "7", "generation": 3, "creationTimestamp": null,
         "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:spec": {}}}], "selfLink": "/x",
         "ownerReferences": [], "namespace": ""},
       "spec": {"accepted": true, "pxeMode": "", "hostname": null},
       "status": {"ready": true, "nobodyKnowsThis": 1, "power": 7}}
      """)
    guard case .server(let server) = manifest else {
      Issue.record("no Server")
      return
    }
    #expect(server.status == ServerStatus())
    #expect(server.metadata.uid == "u")
    #expect(server.spec == ServerSpec(accepted: true))
  }

  @Test("A list of qualifiers right under qualifiers, as in Sidero's samples, is qualifiers.hardware")
  func qualifierList() throws {
    let list = try read(serverClass(#"{"qualifiers": [{"system": {"manufacturer": "Dell Inc."}}]}"#))
    let field = try read(serverClass(#"{"qualifiers": {"hardware": [{"system": {"manufacturer": "Dell Inc."}}]}}"#))
    #expect(list == field)
  }

  @Test("A Secret without a namespace is in default, as documented")
  func secretNamespace() throws {
    let manifest = try read(
      server(#"{"accepted": true, "bmc": {"endpoint": "a", "userFrom": {"secretKeyRef": {"name": "n", "key": "k"}}}}"#))
    guard case .server(let server) = manifest else { return }
    #expect(
      server.spec.bmc?.userFrom?.secretKeyRef == SecretKeyRef(namespace: "default", name: "n", key: "k"))
  }

  // MARK: The older version

  @Test("What the older version has no words for stays when the rest is edited in it")
  func editedInOlder() throws {
    let shape = try #require(ManifestShapes.today["a Server with all of its hardware"])
    guard case .server(var server) = try read(shape) else { return }
    server.spec.strategicPatches = ["machine: {}"]
    var older = server.document(version: "metal.sidero.dev/v1alpha1").members
    var spec = try #require(older["spec"]).members
    spec["accepted"] = .bool(true)
    spec["cpu"] = .object(["manufacturer": .string("AMD"), "version": .string("EPYC")])
    older["spec"] = .object(spec)
    server.spec.accepted = true
    server.spec.hardware?.compute?.processors?[0].manufacturer = "AMD"
    server.spec.hardware?.compute?.processors?[0].productName = "EPYC"
    let edited = try ManifestReader().read(.object(older), as: ServerKind.self).value
    #expect(edited == server)
    #expect(edited.metadata.annotations == nil)
  }

  @Test("A class of the older version takes who is of one of the systems and has one of the processors")
  func olderQualifiers() throws {
    guard case .serverClass(let serverClass) = try read(try #require(ManifestShapes.older["a ServerClass"])) else {
      return
    }
    let hardware = try #require(serverClass.spec.qualifiers?.hardware)
    #expect(hardware.count == 4)
    func matches(_ manufacturer: String, _ processor: String) -> Bool {
      let fact = HardwareInformation(
        system: SystemInformation(manufacturer: manufacturer),
        compute: ComputeInformation(processors: [Processor(manufacturer: "AMD", productName: processor)]))
      return hardware.contains { $0.matches(fact) }
    }
    #expect(matches("Dell Inc.", "Ryzen 7 2700X"))
    #expect(!matches("Dell Inc.", "EPYC"))
    #expect(!matches("HPE", "Ryzen 7 2700X"))
  }

  @Test("What Sidero's own conversion wrote is understood")
  func siderosAnnotation() throws {
    let data =
      #"{\"spec\":{\"accepted\":true,\"hardware\":{\"memory\":{\"totalSize\":\"8 GB\"}},\"other\":1},\"status\":{}}"#
    let manifest = try read(
      """
      {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "Server",
       "metadata": {"name": "a", "annotations": {"cluster.x-k8s.io/conversion-data": "\(data)", "mine": "kept"}},
       "spec": {"accepted": true}}
      """)
    guard case .server(let server) = manifest else { return }
    #expect(server.spec.hardware?.memory?.totalSize == "8 GB")
    #expect(server.metadata.annotations == ["mine": "kept"])
  }

  @Test("Conversion data that is no JSON is a problem, not a loss")
  func brokenAnnotation() throws {
    let found = try problems(
      """
      {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "Server",
       "metadata": {"name": "a", "annotations": {"cluster.x-k8s.io/conversion-data": "{"}}, "spec": {"accepted": true}}
      """)
    #expect(found.count == 1)
    #expect(found[0].hasPrefix("metadata.annotations[cluster.x-k8s.io/conversion-data]: is not JSON"))
  }

  // MARK: Patches and merges

  @Test("In today's words a document says what it said, and nothing else")
  func today() throws {
    let existing = ServerSpec(
      hardware: HardwareInformation(
        system: SystemInformation(uuid: "u", manufacturer: "M"), memory: MemoryInformation(modules: [])),
      accepted: true)
    let stored = Server(metadata: ObjectMeta(name: "a"), spec: existing)
    let older = try document(
      """
      {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "Server", "metadata": {"name": "a"},
       "spec": {"cordoned": true, "system": {"manufacturer": "N"}}, "status": {"ready": true}}
      """)
    let reading = try ManifestReader().today(older, as: ServerKind.self, over: stored).value.members
    #expect(reading["apiVersion"] == .string("metal.sidero.dev/v1alpha2"))
    #expect(reading["status"] == nil)
    let spec = try #require(reading["spec"]).members
    #expect(Set(spec.keys) == ["cordoned", "hardware"])
    #expect(spec["hardware"]?.members["memory"] != nil)
    #expect(
      spec["hardware"]?.members["system"] == .object(["uuid": .string("u"), "manufacturer": .string("N")]))
    let today = try ManifestReader().today(document(server(#"{"hostname": "h"}"#)), as: ServerKind.self).value
    #expect(today.members["spec"] == .object(["hostname": .string("h")]))
  }

  // MARK: What is wrong

  @Test("All problems of a document are told at once, each with its path")
  func allProblems() throws {
    let found = try problems(
      """
      {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server",
       "metadata": {"name": "UPPER", "labels": {"rack": 3, "ok": "a b", "on": true}},
       "spec": {"accepted": "yes", "cordend": true, "bootFromDiskMethod": "ipxe", "pxeMode": 1, "hostname": 7,
         "bmc": {"port": 70000, "user": "u", "userFrom": {"secretKeyRef": {"name": "n"}}, "ipAddress": "10.0.0.1"},
         "configPatches": [
           {"op": "set", "path": "/a", "value": 1}, {"op": "add", "path": "a/b"}, {"op": "move", "path": "/a/b"},
           {"path": "/a~2"}, {"op": "remove", "path": "/x", "from": "/y"}, 5],
         "hardware": {"memory": {"moduleCount": -1}}, "environmentRef": {}},
       "extra": 1}
      """)
    #expect(
      found == [
        "extra: is not known",
        "metadata.labels.on: a text is expected here, not true: put it in quotes",
        "metadata.labels.rack: a text is expected here, not the number 3: put it in quotes",
        "metadata.name: a name is lower-case letters, digits, '-' and '.', 253 at most",
        "spec.accepted: true or false is expected here, not the text 'yes'",
        "spec.bmc.endpoint: is missing",
        "spec.bmc.ipAddress: is not known",
        "spec.bmc.port: 70000 is no UDP or TCP port: 1 to 65535 are",
        "spec.bmc.userFrom: is not for a BMC that has user",
        "spec.bmc.userFrom.secretKeyRef.key: is missing",
        "spec.bootFromDiskMethod: 'ipxe' is not one of ipxe-exit, http-404, ipxe-sanboot",
        "spec.configPatches[3].op: is missing",
        "spec.configPatches[5]: an object is expected here, not the number 5",
        "spec.cordend: is not known: is cordoned meant?",
        "spec.environmentRef.name: is missing",
        "spec.hardware.memory.moduleCount: a whole number from 0 to 4294967295 is expected here, not the number -1",
        "spec.hostname: a text is expected here, not the number 7: put it in quotes",
        "spec.pxeMode: a text is expected here, not the number 1: put it in quotes",
      ])
  }

  @Test("Patches are looked at as far as they can be without a configuration")
  func patches() throws {
    let found = try problems(
      server(
        """
        {"accepted": true, "configPatches": [
          {"op": "set", "path": "/a", "value": 1}, {"op": "add", "path": "a/b"}, {"op": "move", "path": "/a/b"},
          {"op": "test", "path": "/a~2", "value": null}, {"op": "remove", "path": "/x", "from": "/y"},
          {"op": "move", "from": "/a", "path": "/a/b"}, {"op": "copy", "from": "a", "path": "", "value": 1},
          {"op": "add", "path": "/m~1n/~0/-", "value": {}}],
         "strategicPatches": [" "]}
        """))
    #expect(
      found == [
        "spec.configPatches[0].op: 'set' is not one of add, copy, move, remove, replace, test",
        "spec.configPatches[1].path: 'a/b' is no JSON pointer: it begins with '/'",
        "spec.configPatches[1].value: is missing: add needs one",
        "spec.configPatches[2].from: is missing: move needs one",
        "spec.configPatches[3].path: '/a~2' is no JSON pointer: '~' is written ~0, and '/' in a name ~1",
        "spec.configPatches[4].from: is not for remove",
        "spec.configPatches[5].path: lies inside of what is moved",
        "spec.configPatches[6].from: 'a' is no JSON pointer: it begins with '/'",
        "spec.configPatches[6].value: is not for copy",
        "spec.strategicPatches[0]: is empty",
      ])
  }

  @Test("A wipe policy that selects by nothing, or by what no disk has, is refused: it would erase what it was to keep")
  func wipePolicyProblems() throws {
    let found = try problems(
      server(
        """
        {"accepted": true, "wipePolicy": {
           "keep": [{}, {"label": ""}, {"type": "ssd"}, {"type": "flash", "label": "data"}], "systemDisk": {}}}
        """))
    #expect(
      found == [
        "spec.wipePolicy.keep[0]: says nothing: it would keep every disk, and the wipe erase none; "
          + "it needs a wwid, serialNumber, productName, type or label",
        "spec.wipePolicy.keep[1].label: is empty, as it is of no disk",
        "spec.wipePolicy.keep[3].type: 'flash' is not one of SSD, HDD, NVMe, SD",
        "spec.wipePolicy.systemDisk: is for scope: systemDisk; with scope: all, which is the default, "
          + "the other disks are erased too",
        "spec.wipePolicy.systemDisk: says nothing: whichever disk comes first would be erased; "
          + "it needs a wwid, serialNumber, productName, type or label",
      ])
    #expect(
      try problems(
        server(
          """
          {"accepted": true, "wipePolicy": {"scope": "systemDisk", "systemDisk": {"wwid": "w"}, "keep": []}}
          """)) == [])
  }

  @Test("Selectors and qualifiers that cannot be meant are refused")
  func classProblems() throws {
    let found = try problems(
      serverClass(
        """
        {"selector": {"matchLabels": {"-a": "b"}, "matchExpressions": [
           {"key": "zone", "operator": "in", "values": ["a"]}, {"key": "zone", "operator": "In"},
           {"key": "zone", "operator": "Exists", "values": ["a"]}, {"operator": "Exists"}]},
         "qualifiers": {"labelSelectors": [{"a": "b c"}, {}], "hardware": [
           {"compute": {"processors": [{"speed": "fast", "cores": 8}], "totalCoreCount": ">= 8 GB"}},
           {"memory": {"totalSize": ">= 64"}}, {"memory": {"totalSize": 64}}, {"memory": {"totalSize": ">= 64 GuB"}},
           {"storage": {"devices": [{"size": "960 GB"}]}}, {"system": {"uuid": 1}}, {"cpu": {}}]},
         "spreadBy": "", "bootFromDiskMethod": ""}
        """))
    let units = "B, kB, MB, GB, TB, KiB, MiB, GiB or TiB"
    let how = "is no comparison: write >=, <=, >, <, == or != before a number and"
    #expect(
      found == [
        "spec.qualifiers.hardware[0].compute.processors[0].cores: is not known",
        "spec.qualifiers.hardware[0].compute.processors[0].speed: 'fast' \(how) MHz, GHz or MT/s",
        "spec.qualifiers.hardware[0].compute.totalCoreCount: '>= 8 GB' has a unit, where things are counted",
        "spec.qualifiers.hardware[1].memory.totalSize: '>= 64' needs a unit: \(units)",
        "spec.qualifiers.hardware[2].memory.totalSize: a text is expected here, '32 GB', or a comparison with a unit, "
          + "'>= 32 GiB'",
        "spec.qualifiers.hardware[3].memory.totalSize: '>= 64 GuB' \(how) \(units)",
        "spec.qualifiers.hardware[4].storage.devices[0].size: '960 GB' \(how) \(units)",
        "spec.qualifiers.hardware[5].system.uuid: a text is expected here, not the number 1: put it in quotes",
        "spec.qualifiers.hardware[6].cpu: is not known",
        "spec.qualifiers.labelSelectors[0].a: the value is letters, digits, '-', '_' and '.', the first and last no sign",
        "spec.qualifiers.labelSelectors[1]: says nothing: every Server would be as one of the list says; "
          + "leave it out, or name a label",
        "spec.selector.matchExpressions[0].operator: 'in' is not one of In, NotIn, Exists, DoesNotExist",
        "spec.selector.matchExpressions[1].values: is missing: In needs some",
        "spec.selector.matchExpressions[2].values: is not for Exists",
        "spec.selector.matchExpressions[3].key: is missing",
        "spec.selector.matchLabels[-a]: the key is letters, digits, '-', '_' and '.', the first and last no sign",
        "spec.spreadBy: the key is empty",
      ])
  }

  @Test(
    "Names, labels and annotations are held to Kubernetes' rules",
    arguments: [
      (#"{"name": ""}"#, "metadata.name: is missing"), (#"{}"#, "metadata.name: is missing"),
      (#"{"name": "a_b"}"#, "metadata.name: a name is lower-case letters, digits, '-' and '.', 253 at most"),
      (
        #"{"name": "a", "labels": {"k": "\#(String(repeating: "v", count: 64))"}}"#,
        "metadata.labels.k: the value has 64 bytes, 63 are allowed"
      ),
      (
        #"{"name": "a", "labels": {"x/\#(String(repeating: "k", count: 64))": ""}}"#,
        "metadata.labels[x/\(String(repeating: "k", count: 64))]: the key has 64 bytes, 63 are allowed after '/'"
      ),
      (
        #"{"name": "a", "annotations": {"a/b/c": ""}}"#,
        "metadata.annotations[a/b/c]: the key has more than one '/'"
      ),
    ])
  func metadata(metadata: String, problem: String) throws {
    let text = #"{"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Environment", "metadata": \#(metadata)}"#
    #expect(try problems(text) == [problem])
  }

  @Test(
    "A document of no kind of ours is refused with those there are",
    arguments: [
      (#"5"#, ": an object is expected here, not the number 5"),
      (#"{"kind": "Server"}"#, "apiVersion: is missing"),
      (
        #"{"apiVersion": "v1", "kind": "Pod"}"#,
        "kind: 'Pod' is not known: Environment, ServerClass, Server, MetalCluster, MetalMachineTemplate, MetalMachine, "
          + "ServerBinding are"
      ),
    ])
  func strangers(text: String, problem: String) throws {
    #expect(try problems(text) == [problem])
  }

  @Test("A version that the kind never had is refused")
  func versions() throws {
    let found = try problems(
      #"{"apiVersion": "metal.sidero.dev/v1", "kind": "Server", "metadata": {"name": "a"}, "spec": {"accepted": true}}"#
    )
    #expect(
      found == [
        "apiVersion: metal.sidero.dev/v1alpha2 or metal.sidero.dev/v1alpha1 is expected here, not 'metal.sidero.dev/v1'"
      ])
  }

  @Test("Unknown fields are told and left out, where that is asked for")
  func ignoredUnknown() throws {
    var reader = ManifestReader()
    reader.ignoresUnknownFields = true
    let document = try document(server(#"{"accepted": true, "hostnaem": "h", "wipePolicy": {"keeps": []}}"#))
    let reading = try reader.read(document, as: ServerKind.self)
    #expect(
      reading.warnings.map(\.path).sorted() == ["spec.hostnaem", "spec.wipePolicy.keeps"])
    #expect(reading.value.spec.hostname == nil)
    let today = try reader.today(document, as: ServerKind.self).value
    #expect(today.members["spec"] == .object(["accepted": .bool(true), "wipePolicy": .object([:])]))
  }

  @Test("A document that is all wrong ends with a bounded number of problems")
  func bounded() throws {
    let fields = (0..<1000).map { "\"f\($0)\": 1" }.joined(separator: ", ")
    #expect(try problems(server("{\(fields)}")).count == 100)
  }
}

extension JSONValue {
  var members: [String: JSONValue] {
    if case .object(let fields) = self { fields } else { [:] }
  }
}
