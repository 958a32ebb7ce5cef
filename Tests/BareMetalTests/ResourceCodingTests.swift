import BareMetal
import FoundationEssentials
import Testing
import Wire

@Suite("Resources as JSON")
struct ResourceCodingTests {
  @Test("A Server reads and writes as Kubernetes does")
  func server() throws {
    var server = Server(
      metadata: ObjectMeta(name: "4c4c4544-0039-3010-8053-b7c04f313332", labels: ["rack": "1"]),
      spec: ServerSpec(accepted: true), status: ServerStatus(ready: true, inUse: false, isClean: true))
    server.metadata.uid = "u"
    server.metadata.resourceVersion = "7"
    server.metadata.generation = 2
    server.metadata.creationTimestamp = Timestamp(seconds: 1_763_829_830)
    server.metadata.finalizers = ["storage.finalizers.server.k8s.io"]
    server.spec.environmentRef = ObjectReference(name: "default")
    server.spec.hostname = "node-1"
    server.spec.bmc = BMC(endpoint: "10.0.0.2", port: 623)
    server.spec.bmc?.passFrom = CredentialSource(
      secretKeyRef: SecretKeyRef(namespace: "default", name: "bmc", key: "pass"))
    server.spec.managementApi = ManagementAPI(endpoint: "10.0.0.3:8080")
    server.spec.configPatches = [
      ConfigPatch(op: "replace", path: "/machine/install", value: .object(["wipe": .bool(true)]))
    ]
    server.spec.bootFromDiskMethod = .ipxeSanboot
    server.spec.pxeMode = .uefi
    server.spec.pxeBootAlways = false
    server.status.power = .on
    server.status.addresses = [NodeAddress(type: "InternalIP", address: "10.0.0.7")]
    server.status.conditions = [
      Condition(
        type: "PXEBooted", status: .false, severity: "Error", lastTransitionTime: Timestamp(seconds: 0),
        reason: "BMC", message: "no answer")
    ]
    let text = """
      {"apiVersion":"metal.sidero.dev/v1alpha2","kind":"Server","metadata":{"creationTimestamp":"2025-11-22T16:43:50Z",\
      "finalizers":["storage.finalizers.server.k8s.io"],"generation":2,"labels":{"rack":"1"},\
      "name":"4c4c4544-0039-3010-8053-b7c04f313332","resourceVersion":"7","uid":"u"},\
      "spec":{"accepted":true,"bmc":{"endpoint":"10.0.0.2","passFrom":{"secretKeyRef":{"key":"pass","name":"bmc",\
      "namespace":"default"}},"port":623},"bootFromDiskMethod":"ipxe-sanboot",\
      "configPatches":[{"op":"replace","path":"/machine/install","value":{"wipe":true}}],\
      "environmentRef":{"name":"default"},"hostname":"node-1","managementApi":{"endpoint":"10.0.0.3:8080"},\
      "pxeBootAlways":false,"pxeMode":"uefi"},\
      "status":{"addresses":[{"address":"10.0.0.7","type":"InternalIP"}],\
      "conditions":[{"lastTransitionTime":"1970-01-01T00:00:00Z","message":"no answer","reason":"BMC",\
      "severity":"Error","status":"False","type":"PXEBooted"}],\
      "inUse":false,"isClean":true,"power":"on","ready":true}}
      """
    #expect(try json(server) == text)
    #expect(try JSONDecoder().decode(Server.self, from: Data(text.utf8)) == server)
  }

  @Test("What is not set is not written")
  func minimal() throws {
    let server = Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec(), status: ServerStatus())
    #expect(
      try json(server) == """
        {"apiVersion":"metal.sidero.dev/v1alpha2","kind":"Server","metadata":{"name":"a"},\
        "spec":{"accepted":false},"status":{"inUse":false,"isClean":false,"ready":false}}
        """)
  }

  @Test(
    "An object of another kind, version or shape is refused",
    arguments: [
      ("metal.sidero.dev/v1alpha2", "ServerClass", "{}"), ("metal.sidero.dev/v1alpha1", "Server", "{}"),
      ("metal.sidero.dev/v1alpha2", "Server", "[]"),
      ("metal.sidero.dev/v1alpha2", "Server", #"{"name":"a","creationTimestamp":"yesterday"}"#),
    ])
  func foreign(apiVersion: String, kind: String, metadata: String) {
    let text = """
      {"apiVersion":"\(apiVersion)","kind":"\(kind)","metadata":\(metadata),
      "spec":{"accepted":false},"status":{"inUse":false,"isClean":false,"ready":false}}
      """
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Server.self, from: Data(text.utf8)) }
  }

  @Test("Fields that we do not know are passed over")
  func unknownFields() throws {
    let text = """
      {"apiVersion":"metal.sidero.dev/v1alpha2","kind":"Server",
      "metadata":{"name":"a","managedFields":[{"manager":"kubectl"}],"selfLink":"/x"},
      "spec":{"accepted":true,"later":{"x":1}},"status":{"inUse":false,"isClean":false,"ready":false,"phase":"x"}}
      """
    let server = try JSONDecoder().decode(Server.self, from: Data(text.utf8))
    #expect(server.metadata.name == "a" && server.spec.accepted)
  }

  @Test(
    "Any JSON value reads back as it was written",
    arguments: [
      "null", "true", "0", "-9223372036854775808", "9223372036854775807", "1.5", "\"\"", "\"ü\\u0000\\n\"", "[]", "{}",
      #"{"a":[1,{"b":null}],"c":"d"}"#,
    ])
  func anyValue(text: String) throws {
    let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    #expect(try JSONDecoder().decode(JSONValue.self, from: Data(try json(value).utf8)) == value)
  }

  @Test("An integer beyond 64 bits stays a number, and does not crash")
  func hugeNumber() throws {
    let value = try JSONDecoder().decode(JSONValue.self, from: Data("18446744073709551616".utf8))
    #expect(value == .number(18_446_744_073_709_551_616))
  }

  @Test(
    "A moment reads back as it was written, in whole seconds",
    arguments: [
      (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
      (253_402_300_799, "9999-12-31T23:59:59Z"), (-62_167_219_200, "0000-01-01T00:00:00Z"),
    ] as [(Int64, String)])
  func moments(seconds: Int64, text: String) {
    #expect(Timestamp(seconds: seconds).description == text)
    #expect(Timestamp(text) == Timestamp(seconds: seconds))
    #expect(Timestamp(milliseconds: seconds * 1000 + 999).seconds == seconds)
  }

  @Test("The first and the last moment have a text", arguments: [Int64.min, .max])
  func extremes(milliseconds: Int64) {
    #expect(!Timestamp(milliseconds: milliseconds).description.isEmpty)
  }
}

/// JSON as the stores write it.
func json(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
