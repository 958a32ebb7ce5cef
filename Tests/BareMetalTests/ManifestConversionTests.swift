import Testing
import Wire

@testable import BareMetal

@Suite("Objects in other versions, as API servers ask for them")
struct ManifestConversionTests {
  private static let infrastructure = "infrastructure.cluster.x-k8s.io"

  private func object(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }

  private func spec(_ object: JSONValue) throws -> JSONValue { try #require(object.member("spec")) }

  /// Of every kind with older versions an object that has what those have no words for, and one that has not.
  static let todays: [String] = [
    #"""
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"name": "a", "managedFields": [{"manager": "m", "fieldsV1": {"f:spec": {}}}], "annotations": {"mine": "1"}},
     "spec": {"accepted": true, "wipePolicy": {"scope": "systemDisk"}, "strategicPatches": ["machine: {}"],
      "configPatches": [{"op": "add", "path": "/machine", "value": null}],
      "hardware": {"system": {"uuid": "u", "manufacturer": "m"}, "memory": {"totalSize": "8 GB"}, "compute": {"processors": [{"productName": "p", "speed": 3000}, {"productName": "q"}]}}},
     "status": {"ready": true, "inUse": false, "isClean": true, "power": "on"}}
    """#,
    #"""
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"name": "a"}, "spec": {"accepted": false, "hostname": "h", "pxeMode": "bios"}}
    """#,
    #"""
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "ServerClass", "metadata": {"name": "a"},
     "spec": {"qualifiers": {"hardware": [{"memory": {"totalSize": ">= 8 GiB"}}], "labelSelectors": [{"k": "v"}]}, "spreadBy": "rack"}, "status": {"serversAvailable": ["x"], "serversInUse": []}}
    """#,
    #"""
    {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Environment", "metadata": {"name": "a"},
     "spec": {"kernel": {"url": "http://m/k", "args": ["a"]}, "architectures": {"arm64": {"kernel": {"url": "http://m/a"}}}}}
    """#,
    #"""
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalCluster", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"controlPlaneEndpoint": {"host": "h", "port": 6443}}, "status": {"ready": true, "initialization": {"provisioned": true}}}
    """#,
    #"""
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalCluster", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"controlPlaneEndpoint": {"host": "", "port": 0}}}
    """#,
    #"""
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalMachine", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"providerID": "sidero://s", "serverRef": {"name": "s"}, "serverClassRef": {"name": "c", "kind": "ServerClass"}},
     "status": {"ready": false, "failureReason": "r", "failureMessage": "m", "addresses": [{"type": "Hostname", "address": "h"}]}}
    """#,
    #"""
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalMachineTemplate", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"template": {"spec": {"serverClassRef": {"name": "c"}}}}}
    """#,
  ]

  @Test("Today's objects come back from older versions as they were, every field of them", arguments: todays)
  func backAgain(text: String) throws {
    let today = try object(text)
    let version = try #require(today.member("apiVersion")?.text)
    let kind = try #require(Manifest.kinds.first { $0.kind == today.member("kind")?.text })
    let older = try #require(kind.olderVersions.first)
    let there = try ManifestConversion.convert(today, to: older)
    #expect(there.member("apiVersion") == .string(older))
    #expect(there != today)
    #expect(try ManifestConversion.convert(there, to: version) == today)
  }

  static let olders: [String] = [
    #"""
    {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "Server", "metadata": {"name": "a"},
     "spec": {"accepted": true, "system": {"manufacturer": "m", "family": "f"}, "cpu": {"manufacturer": "i", "version": "x"}, "bmc": {"endpoint": "e", "user": "u"}}}
    """#,
    #"""
    {"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "ServerClass", "metadata": {"name": "a"},
     "spec": {"qualifiers": {"cpu": [{"manufacturer": "i"}, {"version": "x"}], "systemInformation": [{"family": "f"}], "labelSelectors": [{"a": "b"}, {"c": "d"}]}}}
    """#,
    #"""
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha2", "kind": "MetalCluster", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"apiEndpoints": [{"host": "h", "port": 6443}]}, "status": {"ready": true, "apiEndpoints": [{"host": "h", "port": 6443}]}}
    """#,
    #"""
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha2", "kind": "MetalMachine", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"serverRef": {"name": "s"}}, "status": {"ready": true, "errorReason": "r", "errorMessage": "m"}}
    """#,
    #"""
    {"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha2", "kind": "MetalMachineTemplate", "metadata": {"name": "a", "namespace": "n"},
     "spec": {"template": {"spec": {"serverRef": {"name": "s"}}}}}
    """#,
  ]

  @Test(
    "Objects of older versions come back from today's as they were, and nothing is added to them", arguments: olders)
  func thereAgain(text: String) throws {
    let older = try object(text)
    let version = try #require(older.member("apiVersion")?.text)
    let kind = try #require(Manifest.kinds.first { $0.kind == older.member("kind")?.text })
    let today = try ManifestConversion.convert(older, to: kind.apiVersion)
    #expect(today.member("apiVersion") == .string(kind.apiVersion))
    #expect(try ManifestConversion.convert(today, to: version) == older)
  }

  @Test("An edit in an older version changes what it says, and loses nothing of what it has no words for")
  func edited() throws {
    let today = try object(Self.todays[0])
    var older = try ManifestConversion.convert(today, to: V1Alpha1.apiVersion).fields
    var spec = older["spec"]?.fields ?? [:]
    spec["hostname"] = .string("new")
    older["spec"] = .object(spec)
    let edited = try ManifestConversion.convert(.object(older), to: ServerKind.apiVersion)
    var expected = today.fields
    var expectedSpec = try self.spec(today).fields
    expectedSpec["hostname"] = .string("new")
    expected["spec"] = .object(expectedSpec)
    #expect(edited == .object(expected))
  }

  @Test("Sidero's own annotation is understood, with what Siderite has never heard of in it")
  func sideros() throws {
    let kept =
      #"{"kind":"Server","metadata":{"name":"a"},"spec":{"accepted":true,"strategicPatches":["a: 1"],"unheardOf":1},"status":{"ready":true}}"#
    let older = JSONValue.object([
      "apiVersion": .string(V1Alpha1.apiVersion), "kind": .string("Server"),
      "metadata": .object(["name": .string("a"), "annotations": .object([ObjectMeta.conversionData: .string(kept)])]),
      "spec": .object(["accepted": .bool(true)]),
    ])
    let today = try ManifestConversion.convert(older, to: ServerKind.apiVersion)
    #expect(try spec(today).member("strategicPatches") == .array([.string("a: 1")]))
    #expect(today.member("metadata") == .object(["name": .string("a")]))
  }

  @Test("An invalid spec is converted all the same: what is stored must be readable")
  func invalid() throws {
    let today = try object(
      #"{"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"name": "a"}, "spec": {"accepted": true, "bmc": {"endpoint": ""}, "configPatches": [{"op": "eat", "path": "x"}]}}"#
    )
    #expect(try ManifestConversion.convert(today, to: V1Alpha1.apiVersion).member("spec")?.member("bmc") != nil)
  }

  @Test(
    "What cannot be read, or would lose something, is refused with where it is",
    arguments: [
      (
        #"{"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "spec": {"bmc": {"port": "x"}}}"#,
        V1Alpha1.apiVersion, "spec.bmc.endpoint"
      ),
      (#"{"apiVersion": "metal.sidero.dev/v9", "kind": "Server", "spec": {}}"#, V1Alpha1.apiVersion, "apiVersion"),
      (
        #"{"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "spec": {}}"#, "metal.sidero.dev/v9",
        "desiredAPIVersion"
      ),
      (#"{"apiVersion": "v1", "kind": "Pod"}"#, "v1", "kind"),
      (#"[]"#, "v1", "kind"),
      (
        #"{"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha2", "kind": "MetalCluster", "spec": {"apiEndpoints": [{"host": "a", "port": 1}, {"host": "b", "port": 1}]}}"#,
        "infrastructure.cluster.x-k8s.io/v1alpha3", "spec.apiEndpoints"
      ),
      (
        #"{"apiVersion": "metal.sidero.dev/v1alpha1", "kind": "Server", "metadata": {"annotations": {"cluster.x-k8s.io/conversion-data": "{"}}, "spec": {}}"#,
        "metal.sidero.dev/v1alpha2", "metadata.annotations[cluster.x-k8s.io/conversion-data]"
      ),
    ])
  func refused(text: String, version: String, path: String) throws {
    let error = #expect(throws: ManifestError.self) { try ManifestConversion.convert(try object(text), to: version) }
    #expect(error?.problems.contains { $0.path == path } == true, "\(String(describing: error))")
  }
}

@Suite("Objects on their way into a cluster")
struct ManifestAdmissionTests {
  private func problems(_ text: String, over old: String? = nil, named name: String = "a") throws -> [String] {
    let object = try JSONValue(parsing: text)
    let old = try old.map { try JSONValue(parsing: $0) }
    return ManifestReader().problems(admitting: object, named: name, over: old).map(\.path)
  }

  private static let bad =
    #"{"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {}, "spec": {"bootFromDiskMethod": "x", "pxeMode": "y", "bmc": {"endpoint": "", "port": 0}, "configPatches": [{"op": "eat", "path": "x"}]}}"#

  @Test("Everything that is wrong is told at once")
  func everything() throws {
    #expect(
      try problems(Self.bad) == [
        "spec.bmc.endpoint", "spec.bmc.port", "spec.bootFromDiskMethod", "spec.configPatches[0].op",
        "spec.configPatches[0].path", "spec.pxeMode",
      ])
  }

  @Test("A spec that was wrong before keeps nobody from changing labels; nor does one on its way out")
  func ratcheting() throws {
    #expect(
      try problems(
        Self.bad.replacing("\"metadata\": {}", with: "\"metadata\": {\"labels\": {\"a\": \"b\"}}"), over: Self.bad)
        == [])
    let leaving = Self.bad.replacing(
      "\"metadata\": {}", with: "\"metadata\": {\"deletionTimestamp\": \"2026-01-02T03:04:05Z\"}")
    #expect(try problems(leaving) == [])
  }

  @Test("Objects that have no name yet, metadata of all sorts, and names that are none are no business of ours")
  func metadata() throws {
    let text =
      #"{"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Server", "metadata": {"generateName": "a-", "creationTimestamp": null, "managedFields": [{}]}, "spec": {"accepted": false}}"#
    #expect(try problems(text, named: "") == [])
    #expect(try problems(text, named: "/../") == [])
  }

  @Test("An Environment with a name of the agent's is refused")
  func reserved() throws {
    let text =
      #"{"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "Environment", "metadata": {"name": "agent-amd64"}, "spec": {}}"#
    #expect(try problems(text, named: "agent-amd64") == ["metadata.name"])
    #expect(try problems(text, named: "default") == [])
  }

  @Test("A MetalMachineTemplate is not changed, in whatever version; anything else of it is")
  func immutable() throws {
    func template(_ name: String, _ label: String = "") -> String {
      #"{"apiVersion": "infrastructure.cluster.x-k8s.io/v1alpha3", "kind": "MetalMachineTemplate", "metadata": {"labels": {"a": "\#(label)"}}, "spec": {"template": {"spec": {"serverClassRef": {"name": "\#(name)"}}}}}"#
    }
    #expect(try problems(template("a")) == [])
    #expect(try problems(template("a", "b"), over: template("a")) == [])
    #expect(try problems(template("b"), over: template("a")) == ["spec.template.spec"])
  }
}
