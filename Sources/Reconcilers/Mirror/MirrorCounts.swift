import CoreMetrics

/// What a mirror counts; every series exists from the start.
struct MirrorCounts: Sendable {
  /// Writes that went to the cluster at once.
  let remoteWrites = Counter(label: "siderite_mirror_writes_total", dimensions: [("to", "cluster")])
  /// Writes that wait to be told.
  let queued = Counter(label: "siderite_mirror_writes_total", dimensions: [("to", "queue")])
  /// Those that may not wait.
  let refused = Counter(label: "siderite_mirror_writes_total", dimensions: [("to", "nowhere")])
  /// Lost races for an object.
  let conflicts = Counter(label: "siderite_mirror_conflicts_total")
  /// Waiting writes that were told, and those that were not, by the rule.
  let told = Counter(label: "siderite_mirror_replayed_total", dimensions: [("result", "told")])
  let dropped = Counter(label: "siderite_mirror_replayed_total", dimensions: [("result", "dropped")])
  let rejected = Counter(label: "siderite_mirror_replayed_total", dimensions: [("result", "rejected")])
  let isUp = Gauge(label: "siderite_mirror_cluster_reachable")
  let isSynced = Gauge(label: "siderite_mirror_synced")
  /// Seconds since the cluster was last heard.
  let lag = Gauge(label: "siderite_mirror_lag_seconds")
  /// Objects and Secrets that wait to be told.
  let depth = Gauge(label: "siderite_mirror_queue")
}
