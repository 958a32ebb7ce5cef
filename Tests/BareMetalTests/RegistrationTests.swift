import BareMetal
import FoundationEssentials
import Testing
import Wire

@Suite("Registration")
struct RegistrationTests {
  static let uuid = "4c4c4544-0039-3010-8053-b7c04f313332"

  /// A machine with everything filled in.
  static let full = Registration(
    hardware: HardwareInformation(
      system: SystemInformation(
        uuid: uuid, manufacturer: "Dell Inc.", productName: "PowerEdge R650", version: "1", serialNumber: "ABC1234",
        skuNumber: "SKU=0A6B", family: "PowerEdge"),
      compute: ComputeInformation(processors: [
        Processor(
          manufacturer: "Intel(R) Corporation", productName: "Xeon", serialNumber: "p0", speed: 2100, coreCount: 24,
          threadCount: 48),
        Processor(
          manufacturer: "Intel(R) Corporation", productName: "Xeon", serialNumber: "p1", speed: 2100, coreCount: 24,
          threadCount: 48),
      ]),
      memory: MemoryInformation(modules: [
        MemoryModule(
          manufacturer: "Hynix", productName: "HMA84", serialNumber: "m0", type: "DDR4", size: 32768, speed: 3200),
        MemoryModule(
          manufacturer: "Hynix", productName: "HMA84", serialNumber: "m1", type: "DDR4", size: 32768, speed: 3200),
      ]),
      storage: StorageInformation(devices: [
        StorageDevice(
          type: "NVMe", size: 960_197_124_096, productName: "PM9A3", serialNumber: "s0", name: "nvme0n1",
          deviceName: "/dev/nvme0n1", uuid: "d", wwid: "eui.36344830")
      ]),
      network: NetworkInformation(interfaces: [
        NetworkInterfaceInformation(
          index: 2, name: "eth0", flags: "up|broadcast|multicast", mtu: 1500, mac: "52:54:00:12:34:56",
          addresses: ["10.0.0.7/24"])
      ]),
      firmware: FirmwareInformation(vendor: "EDK II", version: "2.8", releaseDate: "07/01/2025", mode: "uefi"),
      baseboard: BaseboardInformation(manufacturer: "Dell Inc.", productName: "0H", version: "A0", serialNumber: ".b"),
      chassis: ChassisInformation(
        manufacturer: "Dell Inc.", type: "Rack Mount Chassis", serialNumber: "ABC1234", assetTag: "t")),
    hostname: "node-1", addresses: ["10.0.0.7"], bootMAC: "52:54:00:12:34:56")

  @Test("Hardware has Sidero's names and units")
  func hardwareNames() throws {
    #expect(
      try json(Self.full.hardware) == """
        {"baseboard":{"manufacturer":"Dell Inc.","productName":"0H","serialNumber":".b","version":"A0"},\
        "chassis":{"assetTag":"t","manufacturer":"Dell Inc.","serialNumber":"ABC1234","type":"Rack Mount Chassis"},\
        "compute":{"processorCount":2,"processors":[\
        {"coreCount":24,"manufacturer":"Intel(R) Corporation","productName":"Xeon","serialNumber":"p0","speed":2100,\
        "threadCount":48},\
        {"coreCount":24,"manufacturer":"Intel(R) Corporation","productName":"Xeon","serialNumber":"p1","speed":2100,\
        "threadCount":48}],"totalCoreCount":48,"totalThreadCount":96},\
        "firmware":{"mode":"uefi","releaseDate":"07/01/2025","vendor":"EDK II","version":"2.8"},\
        "memory":{"moduleCount":2,"modules":[\
        {"manufacturer":"Hynix","productName":"HMA84","serialNumber":"m0","size":32768,"speed":3200,"type":"DDR4"},\
        {"manufacturer":"Hynix","productName":"HMA84","serialNumber":"m1","size":32768,"speed":3200,"type":"DDR4"}],\
        "totalSize":"64 GB"},\
        "network":{"interfaceCount":1,"interfaces":[{"addresses":["10.0.0.7/24"],"flags":"up|broadcast|multicast",\
        "index":2,"mac":"52:54:00:12:34:56","mtu":1500,"name":"eth0"}]},\
        "storage":{"deviceCount":1,"devices":[{"deviceName":"/dev/nvme0n1","name":"nvme0n1","productName":"PM9A3",\
        "serialNumber":"s0","size":960197124096,"type":"NVMe","uuid":"d","wwid":"eui.36344830"}],"totalSize":"894 GB"},\
        "system":{"family":"PowerEdge","manufacturer":"Dell Inc.","productName":"PowerEdge R650",\
        "serialNumber":"ABC1234","skuNumber":"SKU=0A6B","uuid":"4c4c4544-0039-3010-8053-b7c04f313332","version":"1"}}
        """)
  }

  @Test("Sums of absurd numbers do not crash")
  func absurdSums() {
    let processor = Processor(coreCount: .max, threadCount: .max)
    #expect(ComputeInformation(processors: [processor, processor]).totalCoreCount == .max)
    let module = MemoryModule(size: .max)
    #expect(MemoryInformation(modules: [module, module]).totalSize == "8388607 GB")
    let device = StorageDevice(size: .max)
    #expect(StorageInformation(devices: [device, device]).deviceCount == 2)
    #expect(MemoryInformation(modules: [MemoryModule(size: 512)]).totalSize == "512 MB")
    #expect(StorageInformation(devices: [StorageDevice(size: 64 << 20)]).totalSize == "64 MB")
  }

  @Test("An honest report is accepted and names the machine")
  func honest() throws {
    #expect(try Self.full.validated().description == Self.uuid)
    let sent = try JSONDecoder().decode(Registration.self, from: Data(try json(Self.full).utf8))
    #expect(sent == Self.full)
  }

  @Test(
    "A report without a usable UUID is refused, and says so",
    arguments: [
      nil, "", "no", "4c4c4544-0039-3010-8053-b7c04f31333", "../../etc/passwd",
      String(repeating: "a", count: 1 << 20), String(repeating: "-", count: 1 << 20),
    ])
  func badUUID(uuid: String?) {
    var registration = Self.full
    registration.hardware.system?.uuid = uuid
    #expect { try registration.validated() } throws: {
      let text = ($0 as? RegistrationError)?.description ?? ""
      return text.contains("hardware.system.uuid") && text.utf8.count < 200
    }
  }

  @Test("A report without any hardware is refused")
  func nothing() {
    #expect(throws: RegistrationError.self) { try Registration(hardware: HardwareInformation()).validated() }
  }

  @Test("Every text is bounded: none can be longer than the limit anywhere in a report")
  func longTexts() throws {
    let report = try JSONDecoder().decode(JSONValue.self, from: Data(try json(Self.full).utf8))
    var variants: [JSONValue] = []
    report.eachText(replacedBy: String(repeating: "x", count: Registration.Limits.stringBytes + 1)) {
      variants.append($0)
    }
    #expect(variants.count > 40)
    for variant in variants {
      let text = try json(variant)
      let registration = try JSONDecoder().decode(Registration.self, from: Data(text.utf8))
      // An over-long UUID fails as no UUID, all else as too long.
      #expect(throws: RegistrationError.self, "\(text)") { try registration.validated() }
    }
  }

  @Test("Texts of exactly the limit are accepted; bytes count, not characters")
  func longestText() throws {
    var registration = Self.full
    registration.hostname = String(repeating: "x", count: Registration.Limits.stringBytes)
    _ = try registration.validated()
    registration.hostname = String(repeating: "ü", count: Registration.Limits.stringBytes / 2 + 1)
    #expect(throws: RegistrationError.self) { try registration.validated() }
  }

  @Test("Every list is bounded")
  func longLists() throws {
    let many = Registration.Limits.listEntries + 1
    let edits: [@Sendable (inout Registration) -> Void] = [
      { $0.addresses = Array(repeating: "10.0.0.1", count: many) },
      { $0.hardware.compute?.processors = Array(repeating: Processor(), count: many) },
      { $0.hardware.memory?.modules = Array(repeating: MemoryModule(), count: many) },
      { $0.hardware.storage?.devices = Array(repeating: StorageDevice(), count: many) },
      { $0.hardware.network?.interfaces = Array(repeating: NetworkInterfaceInformation(), count: many) },
      { $0.hardware.network?.interfaces?[0].addresses = Array(repeating: "10.0.0.1/8", count: many) },
    ]
    for edit in edits {
      var registration = Self.full
      edit(&registration)
      #expect { try registration.validated() } throws: {
        ($0 as? RegistrationError)?.description.contains("more than 1024 entries") == true
      }
    }
  }

  @Test("A new Server is named by the UUID in lower case, and accepted only where told so", arguments: [false, true])
  func newServer(autoAccept: Bool) throws {
    var registration = Self.full
    registration.hardware.system?.uuid = Self.uuid.uppercased()
    let server = registration.server(replacing: nil, uuid: try registration.validated(), autoAccept: autoAccept)
    #expect(server.metadata.name == Self.uuid)
    #expect(server.spec.hardware?.system?.uuid == Self.uuid)
    #expect(server.spec.accepted == autoAccept)
    #expect(server.spec.hostname == "node-1" && server.spec.hardware?.chassis == Self.full.hardware.chassis)
  }

  @Test("A Server that registers again keeps what people and controllers set, whatever the machine says")
  func refresh() throws {
    let uuid = try Self.full.validated()
    var server = Self.full.server(replacing: nil, uuid: uuid, autoAccept: false)
    server.metadata.labels = ["rack": "1"]
    server.metadata.resourceVersion = "7"
    server.spec.accepted = true
    server.spec.cordoned = true
    server.spec.bmc = BMC(endpoint: "10.0.0.2")
    server.status.isClean = true
    var again = Self.full
    again.hostname = nil
    again.hardware.memory = MemoryInformation(modules: [])
    for autoAccept in [false, true] {
      var expected = server
      expected.spec.hardware = again.hardware
      #expect(again.server(replacing: server, uuid: uuid, autoAccept: autoAccept) == expected)
    }
    var refused = server
    refused.spec.accepted = false
    #expect(!again.server(replacing: refused, uuid: uuid, autoAccept: true).spec.accepted)
  }

  @Test("A report's addresses replace the Server's own, other addresses stay")
  func addresses() {
    let other = NodeAddress(type: "Hostname", address: "node-1")
    let old = [NodeAddress(type: "InternalIP", address: "10.0.0.1"), other]
    #expect(
      Self.full.nodeAddresses(replacing: old) == [other, NodeAddress(type: "InternalIP", address: "10.0.0.7")])
    #expect(Self.full.nodeAddresses(replacing: nil) == [NodeAddress(type: "InternalIP", address: "10.0.0.7")])
    var silent = Self.full
    silent.addresses = nil
    #expect(silent.nodeAddresses(replacing: old) == old)
  }
}

extension JSONValue {
  /// Gives `body` a copy of the value for each text in it, with that text replaced.
  fileprivate func eachText(replacedBy text: String, _ body: (JSONValue) -> Void) {
    switch self {
    case .string: body(.string(text))
    case .array(let values):
      for index in values.indices {
        values[index].eachText(replacedBy: text) {
          var copy = values
          copy[index] = $0
          body(.array(copy))
        }
      }
    case .object(let values):
      for (key, value) in values {
        value.eachText(replacedBy: text) { body(.object(values.merging([key: $0]) { $1 })) }
      }
    case .null, .bool, .integer, .number: break
    }
  }
}
