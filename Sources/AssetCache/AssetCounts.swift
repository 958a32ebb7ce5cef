import BareMetal
import CoreMetrics

/// What the cache counts; every series exists from the start.
struct AssetCounts: Sendable {
  let fetched = Self.counter("fetched")
  let unchanged = Self.counter("unchanged")
  private let failures = Dictionary(
    uniqueKeysWithValues: AssetFailure.Reason.allCases.map { ($0, Self.counter($0.rawValue)) })
  let evicted = Counter(label: "siderite_assets_evicted_total")
  /// Of whole files.
  let bytes = Gauge(label: "siderite_asset_cache_bytes")

  func failed(_ reason: AssetFailure.Reason) -> Counter { failures[reason] ?? Self.counter(reason.rawValue) }

  private static func counter(_ result: String) -> Counter {
    Counter(label: "siderite_asset_fetches_total", dimensions: [("result", result)])
  }
}
