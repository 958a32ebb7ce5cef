import CoreMetrics
import HTTPTypes
import Testing
import Wire

@testable import HTTPServices

@Suite("Health and metrics")
struct HealthTests {
  func health(_ checks: [ReadinessCheck], _ metrics: PrometheusRegistry = PrometheusRegistry()) -> HealthServer {
    HealthServer(addresses: [.loopback], port: 0, checks: checks, metrics: metrics, logger: quiet)
  }

  @Test("Alive whatever the checks say; ready when all pass, else each that does not is named")
  func readiness() async throws {
    let good = ReadinessCheck("TFTP") { nil }
    let bad = ReadinessCheck("DHCP on eth0") { "not listening" }
    let worse = ReadinessCheck("TCP 10.0.0.1:8081") { "nothing answers" }
    let failing = health([good, bad, worse]).responder()
    #expect(try await send(failing, .get, "/healthz").status == 200)
    let answer = try await send(failing, .get, "/readyz")
    #expect(answer.status == 503)
    #expect(
      answer.text == "not ready: DHCP on eth0: not listening\nnot ready: TCP 10.0.0.1:8081: nothing answers\n")
    #expect(try await send(health([good]).responder(), .get, "/readyz").text == "ok\n")
    #expect(try await send(health([]).responder(), .get, "/readyz").status == 200)
    #expect(try await send(health([]).responder(), .get, "/").status == 404)
  }

  @Test("Metrics as Prometheus reads them")
  func metrics() async throws {
    let metrics = PrometheusRegistry()
    let counter = metrics.makeCounter(label: "dhcp.dropped_total", dimensions: [("reason", "a \"b\"\n\\c")])
    counter.increment(by: Int64(2))
    metrics.makeCounter(label: "dhcp.dropped_total", dimensions: [("reason", "a \"b\"\n\\c")]).increment(by: Int64(1))
    metrics.makeMeter(label: "leases", dimensions: []).set(Int64(7))
    metrics.makeRecorder(label: "level", dimensions: [], aggregate: false).record(1.5)
    let timer = metrics.makeTimer(label: "http.duration", dimensions: [("z", "1"), ("a", "2")])
    timer.recordNanoseconds(1_500_000_000)
    timer.recordNanoseconds(500_000_000)
    let answer = try await send(health([], metrics).responder(), .get, "/metrics")
    #expect(answer.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
    #expect(
      answer.text == """
        # TYPE dhcp_dropped_total counter
        dhcp_dropped_total{reason="a \\"b\\"\\n\\\\c"} 3
        # TYPE http_duration_seconds summary
        http_duration_seconds_sum{a="2",z="1"} 2
        http_duration_seconds_count{a="2",z="1"} 2
        # TYPE leases gauge
        leases 7
        # TYPE level gauge
        level 1.5
        # TYPE siderite_metrics_dropped_series_total counter
        siderite_metrics_dropped_series_total 0

        """)
  }

  @Test(
    "Names are made ones that Prometheus takes",
    arguments: [("http.server", "http_server"), ("a-b c", "a_b_c"), ("9lives", "_9lives"), ("", "_"), ("é", "__")])
  func names(_ label: String, _ name: String) {
    #expect(PrometheusRegistry.name(label) == name)
  }

  @Test("Series beyond the limits are not kept, and counted; a name keeps its kind")
  func bounds() {
    let metrics = PrometheusRegistry()
    for index in 0..<(PrometheusRegistry.Limits.seriesPerName + 5) {
      metrics.makeCounter(label: "flood", dimensions: [("mac", "\(index)")]).increment(by: Int64(1))
    }
    metrics.makeMeter(label: "flood", dimensions: []).set(Int64(1))
    let lines = metrics.text.split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("flood{") }.count == PrometheusRegistry.Limits.seriesPerName)
    #expect(lines.last == "siderite_metrics_dropped_series_total 6")
    let long = PrometheusRegistry.labels([("a", String(repeating: "x", count: 1000))])
    #expect(long.utf8.count < 2 * PrometheusRegistry.Limits.labelBytes)
  }
}
