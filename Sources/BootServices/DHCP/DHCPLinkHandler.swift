import BareMetal
import DHCP
import Logging
import RawLink
import Wire

/// A DHCP endpoint on its link.
struct DHCPLinkHandler: RawLinkHandler {
  private var endpoint: DHCPEndpoint
  private let committer: LeaseCommitter
  private let intake: LeaseIntake?
  /// Held open for as long as the endpoint answers.
  private let ports: [PortKeeper]
  private let counters: DHCPCounters
  private let logger: Logger
  private let now: @Sendable () -> Timestamp

  /// On their way to the store.
  private var committing: [DHCPEndpoint.Waiting] = []
  private var ringDrops: UInt32 = 0

  init(
    _ endpoint: DHCPEndpoint, committer: LeaseCommitter, intake: LeaseIntake?, ports: [PortKeeper],
    counters: DHCPCounters,
    logger: Logger, now: @escaping @Sendable () -> Timestamp
  ) {
    self.endpoint = endpoint
    self.committer = committer
    self.intake = intake
    self.ports = ports
    self.counters = counters
    self.logger = logger
    self.now = now
  }

  mutating func receive(_ frame: Span<UInt8>, on link: borrowing RawLink) {
    let sender = sender
    endpoint.receive(frame, now: now()) { sender.send($0, on: link) }
  }

  mutating func turn(on link: borrowing RawLink) {
    if let result = committer.takeResult() { finish(result, on: link) }
    let sender = sender
    endpoint.turn(now: now()) { sender.send($0, on: link) }
    for order in intake?.takeOrders() ?? [] { endpoint.adopt(order, now: now()) }
    if committing.isEmpty, !endpoint.waiting.isEmpty {
      committing = endpoint.takeWaiting()
      committer.submit(committing.flatMap(\.change.records))
    }
    countRingDrops(link.statistics().dropped)
  }

  var millisecondsUntilTurn: Int32 { endpoint.patience(now: now()).map { Int32(clamping: $0) } ?? 1000 }

  private mutating func finish(_ result: Result<Void, StoreError>, on link: borrowing RawLink) {
    let batch = committing
    committing = []
    switch result {
    case .success:
      counters.committed(batch.count)
      let sender = sender
      endpoint.committed(batch) { sender.send($0, on: link) }
    case .failure(let error):
      counters.commitFailed()
      endpoint.failed(batch)
      logger.error(
        "leases could not be stored: no client is told", metadata: ["changes": "\(batch.count)", "error": "\(error)"])
    }
  }

  private mutating func countRingDrops(_ total: UInt32) {
    guard total != ringDrops else { return }
    counters.dropped(.ringFull, count: Int(total &- ringDrops))
    ringDrops = total
  }
}

extension DHCPLinkHandler {
  /// Sends replies, or counts that they are lost: the client asks again.
  private struct Sender {
    let counters: DHCPCounters
    let logger: Logger

    func send(_ frame: Span<UInt8>, on link: borrowing RawLink) {
      do {
        try link.send(frame)
      } catch {
        counters.sendFailed()
        logger.debug("reply not sent", metadata: ["error": "\(error)"])
      }
    }
  }

  private var sender: Sender { Sender(counters: counters, logger: logger) }
}
