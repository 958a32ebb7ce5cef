import BareMetal
import Testing
import Wire

@Suite("Who is in a ServerClass")
struct ServerClassMatcherTests {
  /// Two processors, four modules of 16 GiB, an SSD and an NVMe disk.
  static let hardware = HardwareInformation(
    system: SystemInformation(manufacturer: "Dell Inc.", productName: "PowerEdge R630"),
    compute: ComputeInformation(processors: [
      Processor(manufacturer: "Intel", productName: "E5-2630 v3", speed: 2400, coreCount: 8, threadCount: 16),
      Processor(manufacturer: "Intel", productName: "E5-2640 v3", speed: 2600, coreCount: 8, threadCount: 16),
    ]),
    memory: MemoryInformation(
      modules: (0..<4).map { MemoryModule(serialNumber: "\($0)", type: "DDR4", size: 16_384, speed: 2133) }),
    storage: StorageInformation(devices: [
      StorageDevice(type: "SSD", size: 480_103_981_056, name: "sda"),
      StorageDevice(type: "NVMe", size: 1_000_204_886_016, name: "nvme0n1"),
    ]),
    network: NetworkInformation(interfaces: [
      NetworkInterfaceInformation(
        index: 2, name: "eno1", mtu: 1500, mac: "a", addresses: ["10.0.0.1/24", "fe80::1/64"])
    ]))

  static func server(_ labels: [String: String] = [:], accepted: Bool = true) -> Server {
    Server(metadata: ObjectMeta(name: "a", labels: labels), spec: ServerSpec(hardware: hardware, accepted: accepted))
  }

  private func qualifier(_ text: String) throws -> HardwareQualifier {
    let document = """
      {"apiVersion": "metal.sidero.dev/v1alpha2", "kind": "ServerClass", "metadata": {"name": "a"},
       "spec": {"qualifiers": {"hardware": [\(text)]}}}
      """
    let read = try ManifestReader().read(try JSONValue(parsing: document), as: ServerClassKind.self).value
    return try #require(read.spec.qualifiers?.hardware?.first)
  }

  // MARK: sfyra's names

  @Test("TestServerAcceptance: who is not accepted is in no class")
  func testServerAcceptance() {
    let any = ServerClassMatcher(ServerClassSpec())
    #expect(!any.includes(Self.server(accepted: false)))
    #expect(any.includes(Self.server()))
    #expect(any.objection(to: Self.server(accepted: false)) == "it is not accepted")
  }

  @Test("TestServerCordoned: who is cordoned is in no class, and is back when it no longer is")
  func testServerCordoned() {
    let any = ServerClassMatcher(ServerClassSpec())
    var server = Self.server()
    server.spec.cordoned = true
    #expect(!any.includes(server))
    server.spec.cordoned = false
    #expect(any.includes(server))
  }

  @Test("TestServerClassAny: a class that asks for nothing takes every accepted Server, of unknown hardware too")
  func testServerClassAny() {
    let any = ServerClassMatcher(
      ServerClassSpec(qualifiers: Qualifiers(hardware: [], labelSelectors: []), selector: LabelSelectorSpec()))
    #expect(any.includes(Self.server()))
    #expect(any.includes(Server(metadata: ObjectMeta(name: "b"), spec: ServerSpec(accepted: true))))
  }

  @Test("TestServerClassCreate: system and processor are AND inside an entry, OR between entries")
  func testServerClassCreate() throws {
    let dell = try qualifier(#"{"system": {"manufacturer": "Dell Inc."}}"#)
    let dellAMD = try qualifier(
      #"{"system": {"manufacturer": "Dell Inc."}, "compute": {"processors": [{"manufacturer": "AMD"}]}}"#)
    let intel = try qualifier(#"{"compute": {"processors": [{"manufacturer": "Intel"}]}}"#)
    func includes(_ hardware: [HardwareQualifier]) -> Bool {
      ServerClassMatcher(ServerClassSpec(qualifiers: Qualifiers(hardware: hardware))).includes(Self.server())
    }
    #expect(includes([dell]))
    #expect(!includes([dellAMD]))
    #expect(includes([dellAMD, intel]))
  }

  @Test("Who is quarantined, or being deleted, is in no class")
  func quarantined() {
    let any = ServerClassMatcher(ServerClassSpec())
    var server = Self.server()
    server.status.conditions = [
      Condition(
        type: "Quarantined", status: .true, lastTransitionTime: Timestamp(seconds: 0), reason: "DuplicateUUID")
    ]
    #expect(any.objection(to: server) == "it is quarantined (DuplicateUUID)")
    server.status.conditions?[0].status = .false
    #expect(any.includes(server))
    server.metadata.deletionTimestamp = Timestamp(seconds: 0)
    #expect(!any.includes(server))
  }

  // MARK: Labels

  @Test(
    "Selectors",
    arguments: [
      (["zone": "a"], [] as [LabelSelectorRequirement], true), (["zone": "b"], [], false),
      (["zone": "a", "rack": "2"], [], false),
      ([:], [LabelSelectorRequirement(key: "zone", operator: "In", values: ["a", "b"])], true),
      ([:], [LabelSelectorRequirement(key: "zone", operator: "NotIn", values: ["a"])], false),
      ([:], [LabelSelectorRequirement(key: "gone", operator: "NotIn", values: ["a"])], true),
      ([:], [LabelSelectorRequirement(key: "zone", operator: "Exists")], true),
      ([:], [LabelSelectorRequirement(key: "zone", operator: "DoesNotExist")], false),
      (["zone": "a"], [LabelSelectorRequirement(key: "rack", operator: "In", values: ["2"])], false),
      // Nobody knows what it means: nobody is taken.
      ([:], [LabelSelectorRequirement(key: "zone", operator: "Gt", values: ["1"])], false),
    ])
  func selectors(labels: [String: String], expressions: [LabelSelectorRequirement], isIncluded: Bool) {
    let selector = LabelSelectorSpec(matchLabels: labels, matchExpressions: expressions)
    let matcher = ServerClassMatcher(ServerClassSpec(selector: selector))
    #expect(matcher.includes(Self.server(["zone": "a", "rack": "1"])) == isIncluded)
  }

  @Test("Of labelSelectors any is enough, but each as a whole (Sidero takes any one pair)")
  func labelSelectors() {
    func includes(_ selectors: [[String: String]]) -> Bool {
      let matcher = ServerClassMatcher(ServerClassSpec(qualifiers: Qualifiers(labelSelectors: selectors)))
      return matcher.includes(Self.server(["zone": "a", "rack": "1"]))
    }
    #expect(includes([["zone": "a", "rack": "1"]]))
    #expect(!includes([["zone": "a", "rack": "2"]]))
    #expect(includes([["zone": "b"], ["rack": "1"]]))
    #expect(!includes([["zone": "b"], ["row": "1"]]))
  }

  @Test("Selector and qualifiers are AND")
  func both() throws {
    let hardware = [try qualifier(#"{"system": {"manufacturer": "Dell Inc."}}"#)]
    func includes(_ zone: String, _ selector: [String: String]) -> Bool {
      let matcher = ServerClassMatcher(
        ServerClassSpec(
          qualifiers: Qualifiers(hardware: hardware, labelSelectors: [selector]),
          selector: LabelSelectorSpec(matchLabels: ["zone": zone])))
      return matcher.includes(Self.server(["zone": "a"]))
    }
    #expect(includes("a", ["zone": "a"]))
    #expect(!includes("b", ["zone": "a"]))
    #expect(!includes("a", ["zone": "b"]))
  }

  // MARK: Hardware

  @Test(
    "What hardware is as asked for",
    arguments: [
      #"{}"#, #"{"system": {}}"#, #"{"system": {"manufacturer": "", "productName": "PowerEdge R630"}}"#,
      // Any place, not the first; zero and empty are not asked for, as in Sidero.
      #"{"compute": {"processors": [{"productName": "E5-2640 v3"}]}}"#,
      #"{"compute": {"processors": [{"productName": "E5-2640 v3"}, {"productName": "E5-2630 v3"}]}}"#,
      #"{"compute": {"processors": [{"manufacturer": "Intel"}, {"productName": "E5-2630 v3"}]}}"#,
      #"{"compute": {"processors": [{"speed": 0, "serialNumber": ""}]}}"#,
      #"{"compute": {"totalCoreCount": 16, "processorCount": 2}}"#, #"{"memory": {"totalSize": "64 GB"}}"#,
      #"{"memory": {"modules": [{"size": 16384}, {"size": 16384}, {"size": 16384}, {"size": 16384}]}}"#,
      #"{"storage": {"devices": [{"type": "NVMe"}, {"type": "SSD", "size": 480103981056}]}}"#,
      #"{"network": {"interfaces": [{"mtu": 1500, "addresses": ["fe80::1/64"]}]}}"#,
      // Quantities.
      #"{"compute": {"totalCoreCount": ">= 16"}}"#, #"{"compute": {"processors": [{"speed": "> 2.5 GHz"}]}}"#,
      #"{"compute": {"processors": [{"speed": "< 3000"}, {"speed": ">=2400MHz"}]}}"#,
      #"{"memory": {"totalSize": ">= 64 GiB"}}"#, #"{"memory": {"totalSize": "== 64 GB"}}"#,
      #"{"memory": {"totalSize": "> 32 GiB, < 1 TiB"}}"#, #"{"memory": {"modules": [{"size": ">= 16 GB"}]}}"#,
      #"{"memory": {"modules": [{"size": "== 16384", "speed": ">= 2133 MT/s"}]}}"#,
      #"{"storage": {"totalSize": "> 1480 GB"}}"#, #"{"storage": {"devices": [{"size": ">= 1 TB"}]}}"#,
      #"{"storage": {"devices": [{"size": "!= 1 TB"}, {"size": "<= 480103981056"}]}}"#,
    ])
  func hardwareMatches(text: String) throws {
    #expect(try qualifier(text).matches(Self.hardware))
  }

  @Test(
    "What is not",
    arguments: [
      #"{"system": {"manufacturer": "Dell"}}"#, #"{"system": {"serialNumber": "x"}}"#,
      #"{"firmware": {"mode": "uefi"}}"#,
      // Two of one kind are two.
      #"{"compute": {"processors": [{"productName": "E5-2630 v3"}, {"productName": "E5-2630 v3"}]}}"#,
      #"{"compute": {"processors": [{}, {}, {}]}}"#,
      #"{"compute": {"processors": [{"productName": "E5-2640 v3", "speed": 2400}]}}"#,
      #"{"compute": {"totalCoreCount": 8}}"#, #"{"memory": {"totalSize": "64 GiB"}}"#,
      #"{"network": {"interfaces": [{"addresses": ["10.0.0.1/24", "10.0.0.1/24"]}]}}"#,
      #"{"compute": {"totalCoreCount": "> 16"}}"#, #"{"memory": {"totalSize": "< 64 GiB"}}"#,
      #"{"memory": {"totalSize": ">= 32 GiB, < 64 GiB"}}"#, #"{"storage": {"devices": [{"size": ">= 1 TiB"}]}}"#,
      #"{"compute": {"processors": [{"speed": "> 2.5 GHz"}, {"speed": "> 2.5 GHz"}]}}"#,
    ])
  func hardwareDiffers(text: String) throws {
    #expect(try !qualifier(text).matches(Self.hardware))
  }

  @Test("Sizes that only Sidero's text knows are in powers of 1024")
  func totals() throws {
    var hardware = HardwareInformation(memory: MemoryInformation(modules: []), storage: StorageInformation(devices: []))
    hardware.memory?.totalSize = "32 GB"
    hardware.storage?.totalSize = "1116 GB"
    #expect(try qualifier(#"{"memory": {"totalSize": "== 32 GiB"}}"#).matches(hardware))
    #expect(try qualifier(#"{"storage": {"totalSize": "== 1116 GiB"}}"#).matches(hardware))
    #expect(try qualifier(#"{"storage": {"totalSize": "1116 GB"}}"#).matches(hardware))
    hardware.memory?.totalSize = "much"
    #expect(try !qualifier(#"{"memory": {"totalSize": ">= 1 B"}}"#).matches(hardware))
  }

  @Test("A total is written as Sidero writes it")
  func storageTotal() {
    #expect(StorageInformation(devices: [StorageDevice(size: 1_199_101_181_952)]).totalSize == "1116 GB")
  }

  @Test("An entry may have to give way to another: pairs are found wherever there are some")
  func matching() throws {
    // The first wanted fits both, the second only one: taken greedily, the second would find none.
    let wanted = try qualifier(#"{"storage": {"devices": [{"size": "> 1 GB"}, {"type": "SSD"}]}}"#)
    #expect(wanted.matches(Self.hardware))
    let three = try qualifier(
      #"{"memory": {"modules": [{"type": "DDR4"}, {"serialNumber": "1"}, {"serialNumber": "0"}, {"size": "> 0"}]}}"#)
    #expect(three.matches(Self.hardware))
  }

  @Test(
    "A text that only begins like a comparison is a text", arguments: [">= 64", ">= x GiB", "~ 5 GB", "5 GB", "=> 3"])
  func texts(text: String) {
    guard text == ">= 64" else {
      #expect(QuantityComparison.all(in: text) == nil)
      return
    }
    #expect(QuantityComparison.all(in: text)?.count == 1)
  }

  @Test("A quantity reads back as it was written", arguments: [#"5"#, #"">= 64 GiB""#, #""64 GB""#, #""!=  3""#])
  func coding(text: String) throws {
    let written = try JSONValue(parsing: #"{"memory": {"totalSize": \#(text)}}"#)
    let trace = ManifestTrace()
    let read = try #require(trace.value(HardwareQualifier.self, from: written, at: ""))
    #expect(JSONValue(encoding: read) == written)
  }
}
