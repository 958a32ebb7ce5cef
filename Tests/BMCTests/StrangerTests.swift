import BMC
import BareMetal
import CoreMetrics
import IPMI
import Synchronization
import Testing

@Suite("Fleet: strangers", .timeLimit(.minutes(1)))
struct StrangerTests {
  @Test("what comes from an address that nothing was asked of is counted, and changes nothing")
  func strangers() async throws {
    let bmc = try await TestBMC.start()
    let stranger = try await TestBMC.start()
    let counts = CountingMetrics()
    try await withFleet(metrics: counts) { fleet in
      let controller = fleet.controller(of: bmc)
      try await expect(.off, of: controller)
      #expect(counts.value("siderite_ipmi_ignored_total", "stranger") == 0)
      let port = bmc.read { $0.peerPort }
      for length in [0, 1, 16, 64, 1400] {
        try await stranger.send([UInt8](repeating: 6, count: length), to: port)
      }
      while counts.value("siderite_ipmi_ignored_total", "stranger") < 5 { await Task.yield() }
      // The BMC's own address without a session's signature.
      try await bmc.send([6, 0, 0xff, 7, 6, 0], to: port)
      while counts.value("siderite_ipmi_ignored_total", "malformed") < 1 { await Task.yield() }
      try await expect(.off, of: controller)
      #expect(bmc.openSessions == 1)
      #expect(counts.value("siderite_ipmi_requests_total", "done") == 2)
    }
    await bmc.stop()
    await stranger.stop()
  }
}

/// Keeps what counters count, by name and the first dimension's value.
private final class CountingMetrics: MetricsFactory {
  private let values = Mutex<[String: Int64]>([:])

  func value(_ name: String, _ dimension: String) -> Int64 { values.withLock { $0["\(name) \(dimension)"] ?? 0 } }

  fileprivate func add(_ amount: Int64, to key: String) { values.withLock { $0[key, default: 0] += amount } }

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    Handler(key: "\(label) \(dimensions.first?.1 ?? "")", metrics: self)
  }

  func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    NOOPMetricsHandler.instance
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { NOOPMetricsHandler.instance }
  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}

  private final class Handler: CounterHandler {
    private let key: String
    private let metrics: CountingMetrics

    init(key: String, metrics: CountingMetrics) {
      self.key = key
      self.metrics = metrics
    }

    func increment(by amount: Int64) { metrics.add(amount, to: key) }
    func reset() {}
  }
}
