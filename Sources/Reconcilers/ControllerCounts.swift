import CoreMetrics

/// What a controller counts; every series exists from the start.
struct ControllerCounts: Sendable {
  let succeeded: Counter
  /// Lost a race for an object.
  let conflicted: Counter
  let failed: Counter
  let time: Timer
  /// Objects that wait for a hand.
  let depth: Gauge

  init(controller: String) {
    func counter(_ result: String) -> Counter {
      Counter(label: "siderite_reconciles_total", dimensions: [("controller", controller), ("result", result)])
    }
    succeeded = counter("succeeded")
    conflicted = counter("conflicted")
    failed = counter("failed")
    time = Timer(label: "siderite_reconcile", dimensions: [("controller", controller)])
    depth = Gauge(label: "siderite_reconcile_queue", dimensions: [("controller", controller)])
  }
}
