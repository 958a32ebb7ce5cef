import ArgumentParser
import BareMetal
import FoundationEssentials
import Glibc
import Logging
import Reconcilers
import SQLiteStore
import Wire

/// Classes at scale, on the embedded store: see tools/bench/classes.
@main
struct ClassBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "class-bench")

  @Option(help: "Where the database is made.")
  var directory: String
  @Option(help: "Servers there are.")
  var servers = 10_000
  @Option(help: "ServerClasses there are, beside any.")
  var classes = 100
  @Option(help: "Changes measured.")
  var changes = 200

  private var path: String { "\(directory)/resources.sqlite" }

  mutating func run() async throws {
    try await fill()
    try await measure()
  }

  private func open() throws -> SQLiteResourceStore {
    try SQLiteResourceStore(path: path) { Timestamp(seconds: 1_800_000_000) }
  }

  /// Discovered Servers of a usual size, and classes of every sort.
  private func fill() async throws {
    let store = try open()
    defer { store.close() }
    let start = Start()
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<servers {
        if index >= 64 { await group.next() }
        group.addTask { _ = try? await store.create(Self.server(index)) }
      }
    }
    for index in 0..<classes { _ = try await store.create(Self.serverClass(index)) }
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64 ?? 0
    show("filled", start, "\(servers) Servers, \(classes) ServerClasses, \(size >> 20) MiB")
  }

  private func measure() async throws {
    var start = Start()
    let store = try open()
    show("open", start)
    defer { store.close() }
    start = Start()
    let list = try await store.list(ServerKind.self)
    show("list", start, "\(list.items.count) Servers")
    store.close()

    // The first start writes every class's status, the second finds them true.
    for name in ["first start", "later start"] {
      start = Start()
      let store = try open()
      try await running(store) { _ in show(name, start, name == "later start" ? "target: 3 s" : "") }
      store.close()
    }

    try await writes()
    let again = try open()
    defer { again.close() }
    try await running(again) { _ in try await latencies(again) }
  }

  /// What one status of the largest class costs.
  private func writes() async throws {
    let store = try open()
    defer { store.close() }
    guard var any = try await store.get(ServerClassKind.self, named: ServerClassController.any) else { return }
    let names = any.status.serversAvailable
    let start = Start()
    for index in 0..<20 {
      any.status.serversAvailable = index % 2 == 0 ? Array(names.dropLast()) : names
      any = try await store.updateStatus(any)
    }
    show("20 writes of any", start)
  }

  /// Runs the controller, and `body` once every class is true.
  private func running(_ store: SQLiteResourceStore, _ body: (ServerClassController) async throws -> Void) async throws
  {
    let (ready, continuation) = AsyncStream<Void>.makeStream()
    var logger = Logger(label: "class-bench")
    logger.logLevel = .error
    let controller = ServerClassController(
      store: store, logger: logger, now: { Timestamp(seconds: 1_800_000_000) }, onReady: { continuation.finish() })
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { await controller.run() }
      for await _ in ready {}
      try await body(controller)
      group.cancelAll()
    }
  }

  /// From the moment a Server is changed to the moment at which a watch shows the last class whose members that changes.
  private func latencies(_ store: SQLiteResourceStore) async throws {
    var events = try await store.watch(ServerClassKind.self, after: store.list(ServerClassKind.self).resourceVersion)
      .makeAsyncIterator()
    let begin = Start()
    var times: [Duration] = []
    for change in 0..<changes {
      let name = Self.name(change * 37 % servers)
      guard var server = try await store.get(ServerKind.self, named: name) else { continue }
      server.spec.cordoned = server.spec.cordoned == true ? false : true
      let isOut = server.spec.cordoned == true
      let start = ContinuousClock.now
      server = try await store.update(server)
      var waiting = Set(try Self.classNames(of: server, classes))
      while !waiting.isEmpty, let event = await events.next() {
        guard case .modified(let serverClass) = event else { continue }
        let isThere = serverClass.status.serversAvailable.contains(name)
        if isThere != isOut { waiting.remove(serverClass.metadata.name) }
      }
      times.append(.now - start)
      // Apart, as changes of a rack are; the controller's pause is not measured.
      try await Task.sleep(for: .milliseconds(Int.random(in: 0..<100)))
    }
    show("\(changes) changes", begin)
    times.sort()
    guard !times.isEmpty else { return }
    let p95 = times[min(times.count - 1, times.count * 95 / 100)]
    print(
      "change to status: median \(ms(times[times.count / 2])), p95 \(ms(p95)), most \(ms(times[times.count - 1]))"
        + "  (target: median 100 ms)")
  }

  // MARK: What there is

  private static func name(_ index: Int) -> String {
    let digits = String(index, radix: 16)
    return "7f1c5a52-6f0e-4d3c-9c0a-" + String(repeating: "0", count: 12 - digits.count) + digits
  }

  private static func server(_ index: Int) -> Server {
    let name = name(index)
    let processor = Processor(
      manufacturer: "Intel(R) Corporation", productName: "Intel(R) Xeon(R) Gold 6230 CPU @ 2.10GHz", speed: 2100,
      coreCount: 20, threadCount: 40)
    let module = MemoryModule(
      manufacturer: "Samsung", productName: "M393A4K40CB2-CVF", serialNumber: "\(index)", type: "DDR4", size: 32_768,
      speed: 2933)
    let disks = (0..<4).map { disk in
      StorageDevice(
        type: disk == 0 ? "SSD" : "NVMe", size: 1_920_383_410_176, productName: "SAMSUNG MZQLB1T9HAJR",
        serialNumber: "S\(index)-\(disk)", name: "nvme\(disk)n1", deviceName: "/dev/nvme\(disk)n1",
        wwid: "eui.3634\(index)\(disk)")
    }
    let interfaces = (0..<4).map { port in
      NetworkInterfaceInformation(
        index: UInt32(port + 1), name: "eno\(port)", flags: "up|broadcast|multicast", mtu: 1500,
        mac: "0c:c4:7a:00:00:0\(port)", addresses: ["10.1.2.3/24", "fe80::1/64"])
    }
    var server = Server(
      metadata: ObjectMeta(name: name, labels: ["rack": "\(index / 40)", "group": "\(index % 50)"]),
      spec: ServerSpec(
        hardware: HardwareInformation(
          system: SystemInformation(
            uuid: name, manufacturer: index % 2 == 0 ? "Dell Inc." : "Supermicro", productName: "R640",
            serialNumber: "SN\(index)"),
          compute: ComputeInformation(processors: [processor, processor]),
          memory: MemoryInformation(modules: Array(repeating: module, count: 12)),
          storage: StorageInformation(devices: disks), network: NetworkInformation(interfaces: interfaces)),
        hostname: "node-\(index)", accepted: true),
      status: ServerStatus(ready: true, inUse: false, isClean: true))
    server.status.power = .off
    return server
  }

  /// A tenth take all of one make with much memory, the others a group.
  private static func serverClass(_ index: Int) -> ServerClass {
    var spec = ServerClassSpec()
    if index % 10 == 0 {
      spec.qualifiers = Qualifiers(hardware: [
        HardwareQualifier(
          system: SystemInformation(manufacturer: index % 20 == 0 ? "Dell Inc." : "Supermicro"),
          compute: ComputeQualifier(processors: [ProcessorQualifier(coreCount: ">= 16")]),
          memory: MemoryQualifier(totalSize: ">= 256 GiB"))
      ])
    } else {
      spec.selector = LabelSelectorSpec(matchLabels: ["group": "\(index % 50)"])
    }
    return ServerClass(metadata: ObjectMeta(name: "class-\(index)"), spec: spec)
  }

  private static func classNames(of server: Server, _ count: Int) throws -> [String] {
    var server = server
    server.spec.cordoned = nil
    let names = (0..<count).map { serverClass($0) }.filter { ServerClassMatcher($0.spec).includes(server) }
    return names.map(\.metadata.name) + [ServerClassController.any]
  }

  private func show(_ name: String, _ start: Start, _ more: String = "") {
    print("\(name): \(ms(.now - start.time)), \(ms(Start.processorTime() - start.processor)) of processors  \(more)")
  }

  /// When something began; the processors' time says what it costs where others keep them busy.
  private struct Start {
    var time = ContinuousClock.now
    var processor = Self.processorTime()

    static func processorTime() -> Duration {
      var time = timespec()
      clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
      return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
  }

  private func ms(_ duration: Duration) -> String {
    let (seconds, attoseconds) = duration.components
    return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000) ms"
  }
}
