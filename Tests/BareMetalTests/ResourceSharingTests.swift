import BareMetal
import Testing

@Suite("What objects share")
struct ResourceSharingTests {
  private static func server(_ name: String) -> Server {
    var server = Server(
      metadata: ObjectMeta(
        name: name, labels: ["topology.example.org/rack": "7"], annotations: ["example.org/the-room-it-is-in": name]),
      spec: ServerSpec(
        hardware: HardwareInformation(
          system: SystemInformation(manufacturer: "A maker of long names", productName: "R640"),
          compute: ComputeInformation(processors: [Processor(productName: "A processor of that model", speed: 2100)]),
          memory: MemoryInformation(modules: [
            MemoryModule(productName: "A module of that model", serialNumber: "A serial number of its own \(name)")
          ]),
          storage: StorageInformation(devices: [StorageDevice(size: 1, labels: ["a label", "another"])]),
          network: NetworkInformation(interfaces: [
            NetworkInterfaceInformation(flags: "up|broadcast|multicast", addresses: ["10.0.0.1/24"])
          ])),
        accepted: true))
    server.metadata.finalizers = [Server.storageFinalizer]
    server.status.addresses = [NodeAddress(type: "InternalIP", address: "10.0.0.1")]
    return server
  }

  /// Where the text is in memory, of one that is not held in place.
  private static func place(_ text: String?) -> UnsafeRawPointer? {
    text?.utf8.withContiguousStorageIfAvailable { UnsafeRawPointer($0.baseAddress) } ?? nil
  }

  @Test("An object is one reference, and a change of a copy is the copy's alone")
  func copies() {
    #expect(MemoryLayout<Server>.size == MemoryLayout<Int>.size)
    let original = Self.server("a")
    var copy = original
    #expect(copy == original && copy.hashValue == original.hashValue)
    copy.metadata.labels?["rack"] = "8"
    copy.spec.accepted = false
    copy.status.inUse = true
    #expect(original == Self.server("a"))
    #expect(copy.metadata.labels?.count == 2 && !copy.spec.accepted && copy.status.inUse)
    var back = copy
    back.metadata.labels?["rack"] = nil
    back.spec.accepted = true
    back.status.inUse = false
    #expect(back == original && back.hashValue == original.hashValue && copy != original)
  }

  @Test("A failure in the middle of a change leaves other copies as they were")
  func failure() {
    struct Failure: Error {}
    func change(_ spec: inout ServerSpec) throws {
      spec.hostname = "half"
      throw Failure()
    }
    let original = Self.server("a")
    var copy = original
    #expect(throws: Failure.self) { try change(&copy.spec) }
    #expect(copy.spec.hostname == "half" && original.spec.hostname == nil)
  }

  @Test("To be compact changes nothing of what an object says")
  func compact() {
    let strings = SharedStrings()
    for name in ["a", "b", "a"] {
      var server = Self.server(name)
      server.compact(sharing: strings)
      #expect(server == Self.server(name))
    }
    var empty = Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec())
    empty.compact(sharing: strings)
    #expect(empty == Server(metadata: ObjectMeta(name: "a"), spec: ServerSpec()))
  }

  @Test("What machines of one model say alike is held once")
  func shared() {
    let strings = SharedStrings()
    // Made at run time: literals are held once anyway.
    let texts = (0..<2).map { _ in String(["A processor", "of that model"].joined(separator: " ")) }
    #expect(Self.place(texts[0]) != Self.place(texts[1]))
    #expect(Self.place(strings.shared(texts[0])) == Self.place(texts[0]))
    #expect(Self.place(strings.shared(texts[1])) == Self.place(texts[0]))
    #expect(strings.shared(texts[1]) == texts[0] && strings.shared("short") == "short")
  }

  @Test("What is held is bounded")
  func bounded() {
    let strings = SharedStrings()
    for number in 0..<5000 { _ = strings.shared("a text that is long enough, number \(number)") }
    let late = (0..<2).map { _ in ["what comes late", "stays as it is"].joined(separator: " ") }
    for text in late { #expect(Self.place(strings.shared(text)) == Self.place(text)) }
    let long = (0..<2).map { _ in String(repeating: "long", count: 1000) }
    let fresh = SharedStrings()
    for text in long { #expect(Self.place(fresh.shared(text)) == Self.place(text)) }
  }
}
