public import CoreMetrics
import Synchronization

/// Keeps what `swift-metrics` counts, and writes it as Prometheus reads it.
///
/// Counters stay counters, meters and gauges are gauges, timers (in seconds) and recorders that aggregate are summaries
/// without quantiles: their count and their sum.
public final class PrometheusRegistry: MetricsFactory {
  /// Bounds: what exceeds them is not kept, and counted in `siderite_metrics_dropped_series_total`.
  public enum Limits {
    /// Series (a name with its labels' values) of one name. Labels are reasons, routes and interfaces: some dozens.
    public static let seriesPerName = 128
    /// Series of all names.
    public static let series = 2048
    /// Bytes of a label's value.
    public static let labelBytes = 128
  }

  enum Kind: String {
    case counter, gauge, summary
  }

  private struct Family {
    var kind: Kind
    /// By the labels as they are written: `{reason="stall"}`.
    var series: [String: Series] = [:]
  }

  private struct State {
    var families: [String: Family] = [:]
    var series = 0
    var dropped: Int64 = 0
  }

  private let state = Mutex(State())

  private let collectors = Mutex<[@Sendable () -> Void]>([])

  public init() {}

  /// Runs `collect` before every scrape: for counts that a service keeps itself.
  public func onScrape(_ collect: @escaping @Sendable () -> Void) { collectors.withLock { $0.append(collect) } }

  /// Prometheus text format 0.0.4, sorted.
  public var text: String {
    for collect in collectors.withLock({ $0 }) { collect() }
    let (families, dropped) = state.withLock { ($0.families, $0.dropped) }
    var text = ""
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      text += "# TYPE \(name) \(family.kind.rawValue)\n"
      for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
        let (sum, count) = series.value
        if family.kind == .summary {
          text += "\(name)_sum\(labels) \(Self.number(sum))\n\(name)_count\(labels) \(count)\n"
        } else {
          text += "\(name)\(labels) \(Self.number(sum))\n"
        }
      }
    }
    return text
      + "# TYPE siderite_metrics_dropped_series_total counter\nsiderite_metrics_dropped_series_total \(dropped)\n"
  }

  private func series(_ label: String, _ dimensions: [(String, String)], _ kind: Kind) -> Series {
    let name = Self.name(label)
    let labels = Self.labels(dimensions)
    return state.withLock { state in
      var family = state.families[name] ?? Family(kind: kind)
      if family.kind == kind, let series = family.series[labels] { return series }
      let series = Series(kind: kind)
      guard family.kind == kind, family.series.count < Limits.seriesPerName, state.series < Limits.series else {
        state.dropped += 1
        return series
      }
      family.series[labels] = series
      state.families[name] = family
      state.series += 1
      return series
    }
  }

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, .counter)
  }

  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    series(label, dimensions, .counter)
  }

  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, .gauge)
  }

  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    series(label, dimensions, aggregate ? .summary : .gauge)
  }

  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label.hasSuffix("_seconds") ? label : label + "_seconds", dimensions, .summary)
  }

  // A counter that went away would look like one that was reset: all are kept, within the limits.
  public func destroyCounter(_ handler: any CounterHandler) {}
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  public func destroyMeter(_ handler: any MeterHandler) {}
  public func destroyRecorder(_ handler: any RecorderHandler) {}
  public func destroyTimer(_ handler: any TimerHandler) {}
}

extension PrometheusRegistry {
  /// One number, or a sum and a count.
  private final class Series: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    private let kind: Kind
    private let state = Mutex<(sum: Double, count: UInt64)>((0, 0))

    init(kind: Kind) { self.kind = kind }

    var value: (sum: Double, count: UInt64) { state.withLock { $0 } }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { state.withLock { $0.sum += amount } }
    func decrement(by amount: Double) { state.withLock { $0.sum -= amount } }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0.sum = value } }
    func reset() { state.withLock { $0 = (0, 0) } }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) {
      state.withLock { $0 = kind == .gauge ? (value, 0) : ($0.sum + value, $0.count &+ 1) }
    }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
  }

  /// `[a-zA-Z_:][a-zA-Z0-9_:]*`; every other character becomes `_`.
  static func name(_ label: String) -> String {
    // Nearly every name is one already, and every request has some.
    let name = label.utf8.allSatisfy(isNamed) ? label : String(decoding: label.utf8.map(named), as: UTF8.self)
    return name.utf8.first.map { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false ? name : "_" + name
  }

  private static func named(_ byte: UInt8) -> UInt8 { isNamed(byte) ? byte : UInt8(ascii: "_") }

  private static func isNamed(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: ":"):
      true
    default: false
    }
  }

  /// `{route="/ipxe",status="200"}`, by name; nothing when there are none.
  static func labels(_ dimensions: [(String, String)]) -> String {
    guard !dimensions.isEmpty else { return "" }
    let pairs = dimensions.map { (labelName($0.0), escaped($0.1)) }.sorted { $0.0 < $1.0 }
    return "{" + pairs.map { "\($0.0)=\"\($0.1)\"" }.joined(separator: ",") + "}"
  }

  private static func labelName(_ label: String) -> String {
    let name = name(label)
    return name.utf8.contains(UInt8(ascii: ":")) ? name.replacing(":", with: "_") : name
  }

  private static func escaped(_ value: String) -> String {
    let text =
      value.utf8.count <= Limits.labelBytes
      ? value : String(decoding: value.utf8.prefix(Limits.labelBytes), as: UTF8.self)
    guard text.utf8.contains(where: { "\\\"\n".utf8.contains($0) }) else { return text }
    return text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  private static func number(_ value: Double) -> String {
    Int64(exactly: value).map { "\($0)" } ?? "\(value)"
  }
}
