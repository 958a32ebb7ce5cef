import BootServices
import CoreMetrics

/// The TFTP service's counts as metrics.
struct TFTPMetrics {
  private static let counts: [(name: String, value: @Sendable (TFTPStatistics) -> Int)] = [
    ("started", { $0.started }), ("finished", { $0.finished }), ("declined", { $0.declined }),
    ("failed", { $0.failed }),
    ("refused", { $0.refused }), ("bytes", { $0.bytes }), ("resent_blocks", { $0.resentBlocks }),
    ("malformed", { $0.malformed }),
    ("unexpected", { $0.unexpected }), ("broadcast", { $0.broadcast }), ("dropped_queue_full", { $0.droppedQueueFull }),
    ("dropped_per_client", { $0.droppedPerClient }), ("dropped_too_late", { $0.droppedTooLate }),
    ("dropped_shutdown", { $0.droppedShutdown }), ("socket_failures", { $0.socketFailures }),
    ("dropped_sends", { $0.droppedSends }), ("segmentation_refusals", { $0.segmentationRefusals }),
  ]

  private let gauges = Self.counts.map { Gauge(label: "siderite_tftp_\($0.name)") }

  func record(_ statistics: TFTPStatistics) {
    for (gauge, count) in zip(gauges, Self.counts) { gauge.record(count.value(statistics)) }
  }
}
