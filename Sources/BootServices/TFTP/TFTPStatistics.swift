import Synchronization

/// Counts since the service started. Each reason for not answering is one of them.
public struct TFTPStatistics: Sendable, Equatable {
  /// Transfers begun, and how they ended.
  public var started = 0
  public var finished = 0
  public var declined = 0
  public var failed = 0

  /// Requests answered with an error.
  public var refused = 0

  /// Bytes of content acknowledged, and blocks sent more than once.
  public var bytes = 0
  public var resentBlocks = 0

  /// Datagrams that are no TFTP packets.
  public var malformed = 0

  /// Packets that belong to no transfer, or have no place in one.
  public var unexpected = 0

  /// Requests sent to a broadcast or multicast address, which RFC 1123 §4.2.3.5 tells to ignore.
  public var broadcast = 0

  /// Requests dropped as the queue was full, as their client had too many transfers, as they waited too long.
  public var droppedQueueFull = 0
  public var droppedPerClient = 0
  public var droppedTooLate = 0

  /// Requests dropped during shutdown.
  public var droppedShutdown = 0

  /// Sockets that could not be opened.
  public var socketFailures = 0

  /// Packets that the kernel did not take: its buffer was full, or there is no way to the client.
  public var droppedSends = 0

  /// Transfers whose way does not take windows that the kernel cuts into packets.
  public var segmentationRefusals = 0

  public init() {}
}

/// The counts, shared by the listeners.
final class TFTPCounters: Sendable {
  private let counts = Mutex(TFTPStatistics())

  func add(_ number: Int = 1, to count: WritableKeyPath<TFTPStatistics, Int>) {
    counts.withLock { $0[keyPath: count] += number }
  }

  var values: TFTPStatistics { counts.withLock { $0 } }
}
